import { setTimeout as pause } from 'node:timers/promises'
import type { Job } from '../../jobs/job.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import { createRounds } from '../../usage/rounds.ts'
import { type LookParts, look } from './look.ts'

export interface WatchParts extends LookParts {
  readonly jobs: Jobs
}

/** Looks after jobs until they have ended, in rounds of its own. */
export interface Watch {
  /** Ends what is under way as far as it is quick; the rest is left to whoever looks next. */
  close(): Promise<void>
}

const EVERY_MS = 1_000
const AT_ONCE = 8
const CLOSING_MS = 2_000

/**
 * Starts the watch. Rows are what it knows, so it goes on where any process left off; of several nodes the one that moves a
 * row's time ahead looks after it.
 */
export function createWatch(parts: WatchParts): Watch {
  const { jobs, log } = parts
  const underway = new Set<Promise<void>>()
  const failed = (error: unknown) =>
    log.warn({ reason: String(error) }, 'a job was not looked after; the next round tries again')

  async function round(over: () => boolean): Promise<void> {
    const free = AT_ONCE - underway.size
    if (free <= 0) return
    for (const job of await jobs.due(free)) {
      if (over()) return
      if (await jobs.claim(job)) start(job)
    }
  }

  function start(job: Job): void {
    const looking = look(parts, job)
      .catch(failed)
      .finally(() => underway.delete(looking))
    underway.add(looking)
  }

  const rounds = createRounds({ everyMs: EVERY_MS, round, failed })
  return {
    async close() {
      await rounds.close()
      await Promise.race([Promise.all(underway), pause(CLOSING_MS, undefined, { ref: false })])
    },
  }
}
