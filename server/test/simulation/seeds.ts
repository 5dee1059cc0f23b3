import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Mode } from './profile.ts'
import type { SeedResult } from './simulation.ts'
import type { Weakness } from './weaknesses.ts'

export interface SeedsWish {
  readonly from: number
  readonly count: number
  readonly weakness?: Weakness | undefined
  readonly mode?: Mode | undefined
  /** Cores to use; all, unless said. */
  readonly jobs?: number | undefined
  /** Stops early when it answers true. */
  readonly onResult?: (result: SeedResult) => boolean | undefined
}

/** What a worker is told: the seeds from here on, so many, in steps. */
export interface Share {
  readonly from: number
  readonly count: number
  readonly step: number
  readonly weakness: Weakness | undefined
  readonly mode: Mode | undefined
}

const YOUNG_MB = 192

/** Runs many seeds, on several cores. Answers the first that failed, if any did. */
export async function runSeeds(wish: SeedsWish): Promise<SeedResult | undefined> {
  const { from, count, weakness, mode, jobs = availableParallelism(), onResult } = wish
  const cores = Math.max(1, Math.min(jobs, count))
  let failed: SeedResult | undefined
  const workers: Worker[] = []
  const stopAll = () => Promise.all(workers.map((worker) => worker.terminate()))
  const ends = Array.from({ length: cores }, (_, core) => {
    const share: Share = {
      ...{ from: from + core, step: cores, weakness, mode },
      count: Math.ceil((count - core) / cores),
    }
    const worker = new Worker(new URL('./seeds-worker.ts', import.meta.url), {
      workerData: share,
      // What a world leaves behind is short-lived and much: fewer, larger collections.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
    workers.push(worker)
    return new Promise<void>((resolve, reject) => {
      worker.on('message', (result: SeedResult) => {
        if (result.failure !== undefined) failed ??= result
        if (onResult?.(result) === true || failed !== undefined) void stopAll()
      })
      worker.once('error', reject)
      worker.once('exit', () => resolve())
    })
  })
  try {
    await Promise.all(ends)
  } finally {
    await stopAll()
  }
  return failed
}
