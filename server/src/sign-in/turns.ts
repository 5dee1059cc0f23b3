import { Refused } from '../errors.ts'
import { Semaphore } from '../semaphore.ts'

/** Lets few do something at a time. */
export interface Turns {
  /** Does the work when its turn comes. @throws Refused `rate_limited` when too many wait already. */
  take<T>(work: () => Promise<T>): Promise<T>
}

/** A password takes 32 MiB and a tenth of a second of a core, whoever asks: calls of models must not wait for that. */
const AT_ONCE = 2
const MOST_WAITING = 50

export function createTurns(): Turns {
  const semaphore = new Semaphore(AT_ONCE)
  return {
    async take(work) {
      if (semaphore.waiting >= MOST_WAITING) throw tooMany()
      return semaphore.take(work)
    },
  }
}

const tooMany = () =>
  new Refused('rate_limited', 'too many people sign in at this moment', { retryAfter: 5 })
