import cluster from 'node:cluster'
import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { compose } from '../compose.ts'
import { readConfig } from '../config.ts'
import { parseAddresses } from '../keys/address.ts'
import { AddressError } from '../keys/address-list.ts'
import { openLog } from '../log.ts'
import { tuneCollector } from './collector.ts'
import { type Ready, sayReady } from './ready.ts'
import { DONE, FAILED, type Terminal } from './terminal.ts'
import { runWorkers } from './workers.ts'

/** Runs a gateway until it is told to stop. Resolves with the exit code when all is drained, written and closed. */
export async function start(terminal: Terminal): Promise<number> {
  tuneCollector()
  const config = readConfig(terminal.environment, { folder: terminal.folder, isAddress })
  const lines = pino.destination({ dest: 1, sync: false })
  const log = openLog(config.logLevel, lines)
  if (config.workers > 1 && cluster.isPrimary) return runWorkers(terminal, config)
  // From the beginning on: whoever sees the first line printed may stop us at once.
  const signals = listenForSignals()
  const { stopping } = signals
  const composing = compose(config, { now: Date.now, random: randomBytes, log, stopping })
  // No call has begun that could end first.
  const gateway = await Promise.race([composing, signals.second, signals.orphaned])
  if (typeof gateway === 'number') return gateway
  // A provider may take its time to name its models; whoever stops us meanwhile does not wait for it.
  const stopped = signals.first.then(() => undefined)
  const { url, first } = gateway
  const model = first && (await Promise.race([gateway.modelToTry(), stopped]))
  if (cluster.isPrimary) sayReady(terminal, config, { url, first, model })
  else if (process.connected) process.send?.({ url, first, model } satisfies Ready)
  await signals.first
  if (cluster.isPrimary)
    terminal.say('Stopping: running calls may end first. Once more ends them at once.')
  const code = await Promise.race([gateway.close().then(() => DONE), signals.second])
  lines.flushSync()
  return code
}

/** Whether a text is one address or CIDR. */
export function isAddress(text: string): boolean {
  try {
    return parseAddresses(text).count === 1
  } catch (error) {
    if (error instanceof AddressError) return false
    throw error
  }
}

interface Signals {
  readonly first: Promise<void>
  /** Aborted by the first one. */
  readonly stopping: AbortSignal
  readonly second: Promise<number>
  /** A worker that has lost its parent: the port went with it, and one that did not listen yet never will. */
  readonly orphaned: Promise<number>
}

/** The first signal drains, a second one ends at once: whoever presses twice does not want to wait. */
function listenForSignals(): Signals {
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<number>()
  const orphaned = Promise.withResolvers<number>()
  const stopping = new AbortController()
  const tell = () => {
    // A worker hears of one signal twice where all processes get it, as from systemd. What is to end at once, its parent kills.
    if (stopping.signal.aborted && cluster.isPrimary) second.resolve(FAILED)
    stopping.abort()
    first.resolve()
  }
  process.on('SIGTERM', tell)
  if (cluster.isPrimary) process.on('SIGINT', tell)
  else {
    // A terminal's Ctrl-C reaches all processes at once; the one that started us passes it on, once.
    process.on('SIGINT', () => undefined)
    // Without its parent a worker ends, too, but in order; left to itself it would end at once.
    if (cluster.worker) cluster.worker.exitedAfterDisconnect = true
    process.on('disconnect', () => {
      orphaned.resolve(FAILED)
      tell()
    })
  }
  return {
    ...{ first: first.promise, second: second.promise },
    ...{ stopping: stopping.signal, orphaned: orphaned.promise },
  }
}
