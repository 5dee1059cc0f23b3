/** One core's share of many seeds. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Share } from './seeds.ts'
import { runSeed } from './simulation.ts'

// Worlds are full of errors that are expected, and where they came from costs a sixth of all time: a seed that fails is
// run again by itself, and says it then.
Error.stackTraceLimit = 0

const { from, count, step, weakness, mode } = workerData as Share
for (let n = 0; n < count; n++) {
  parentPort?.postMessage(await runSeed(from + n * step, { weakness, mode }))
}
