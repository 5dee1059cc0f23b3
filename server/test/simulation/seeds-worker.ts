/** One core's share of many seeds. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Share } from './seeds.ts'
import { runSeed } from './simulation.ts'

const { from, count, step, weakness } = workerData as Share
for (let n = 0; n < count; n++) {
  parentPort?.postMessage(await runSeed(from + n * step, { weakness }))
}
