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
 * what dies, and passes on what it is told. Resolves with the exit code when all have ended. The others are started when
 * the first one is ready: what keeps all of them from it is waited for once, and said once.
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
    if (signals === 1 && ready.length > 0)
      terminal.say(
        `Stopping ${running.size} workers: running calls may end first. Once more ends them at once.`,
      )
    for (const worker of running) worker.process.kill(signals === 1 ? 'SIGTERM' : 'SIGKILL')
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
      if (ready.length === 1) for (let n = 1; n < config.workers; n++) launch(SHORTEST_PAUSE_MS)
      if (ready.length === config.workers) sayReady(terminal, config, firstOf(ready))
    })
    worker.once('exit', (status: number | null, signal: string | null) => {
      running.delete(worker)
      if (signals > 0) {
        // One that the signal met before it listened for signals had no calls.
        if (status !== DONE && signal !== 'SIGTERM') code = FAILED
      } else if (!came && ready.length < config.workers) {
        // It said why. The others would fail for the same reason, now or when they are needed.
        code = FAILED
        stop()
      } else {
        const soon = performance.now() - startedAt < SOON_MS
        const next = soon ? Math.min(pause * 2, LONGEST_PAUSE_MS) : SHORTEST_PAUSE_MS
        terminal.complain(
          `A worker has ended (${signal ?? status}): another one is started in ${next} ms.`,
        )
        setTimeout(() => launch(next), next)
      }
      endWhenAllHave()
    })
  }

  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  launch(SHORTEST_PAUSE_MS)
  return promise
}

/** One of them made the administrator: it knows what is to be said once. */
const firstOf = (ready: readonly Ready[]): Ready =>
  ready.find(({ first }) => first !== undefined) ?? (ready[0] as Ready)
