import cluster, { type Worker } from 'node:cluster'
import type { Config } from '../config.ts'
import { type Ready, sayReady } from './ready.ts'
import { DONE, FAILED, type Terminal } from './terminal.ts'

/** A worker that dies is started again after so long; one that dies again soon waits longer. */
const SHORTEST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
const SOON_MS = 10_000

/**
 * Runs as many processes as are asked for, which share the port. This one makes no calls: it starts them, starts again
 * what dies, and passes on what it is told. Resolves with the exit code when all have ended.
 */
export function runWorkers(terminal: Terminal, config: Config): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const running = new Set<Worker>()
  const ready: Ready[] = []
  let code: number = DONE
  let signals = 0

  const endWhenAllHave = () => {
    if (running.size === 0 && signals > 0) resolve(code)
  }
  const stop = () => {
    signals += 1
    if (signals === 1)
      terminal.say(`Stopping ${running.size} workers: running calls may end first.`)
    for (const worker of running) worker.process.kill('SIGTERM')
    endWhenAllHave()
  }

  function launch(pause: number): void {
    if (signals > 0) return
    const worker = cluster.fork()
    const startedAt = performance.now()
    let came = false
    running.add(worker)
    worker.on('message', (message: Ready) => {
      came = true
      ready.push(message)
      if (ready.length === config.workers) sayReady(terminal, config, firstOf(ready))
    })
    worker.once('exit', (status) => {
      running.delete(worker)
      if (signals > 0) {
        if (status !== DONE) code = FAILED
      } else if (!came && ready.length < config.workers) {
        // It said why. The others would fail for the same reason, now or when they are needed.
        code = FAILED
        stop()
      } else {
        const soon = performance.now() - startedAt < SOON_MS
        const next = soon ? Math.min(pause * 2, LONGEST_PAUSE_MS) : SHORTEST_PAUSE_MS
        terminal.complain(`A worker has ended (${status}): another one is started in ${next} ms.`)
        setTimeout(() => launch(next), next)
      }
      endWhenAllHave()
    })
  }

  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  for (let n = 0; n < config.workers; n++) launch(SHORTEST_PAUSE_MS)
  return promise
}

/** One of them made the administrator: it knows what is to be said once. */
const firstOf = (ready: readonly Ready[]): Ready =>
  ready.find(({ first }) => first !== undefined) ?? (ready[0] as Ready)
