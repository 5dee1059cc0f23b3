import { Refused } from '../errors.ts'

/** Lets few do something at a time. */
export interface Turns {
  /** Does the work when its turn comes. @throws Refused `rate_limited` when too many wait already. */
  take<T>(work: () => Promise<T>): Promise<T>
}

/** A password takes 32 MiB and a tenth of a second of a core, whoever asks: calls of models must not wait for that. */
const AT_ONCE = 2
const MOST_WAITING = 50

export function createTurns(): Turns {
  const waiting: (() => void)[] = []
  let running = 0
  return {
    async take(work) {
      if (running >= AT_ONCE) {
        if (waiting.length >= MOST_WAITING) throw tooMany()
        await new Promise<void>((resolve) => waiting.push(resolve))
      } else running++
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next === undefined) running--
        else next()
      }
    },
  }
}

const tooMany = () =>
  new Refused('rate_limited', 'too many people sign in at this moment', { retryAfter: 5 })
