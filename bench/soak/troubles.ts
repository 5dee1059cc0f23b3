import { createRandom } from '../../server/test/simulation/random.ts'

/** How a provider fails. All of it happens before the first byte of an answer's body. */
export type Trouble =
  /** Nobody listens at its port. */
  | 'refuses'
  | 'resets'
  /** The head of a good answer, then nothing but the end of the connection. */
  | 'breaks'
  /** Takes the request and never answers. */
  | 'stalls'
  | 'says_500'
  | 'says_502'
  /** 429, with `Retry-After`. */
  | 'says_429'

/** One channel each: what it does while it is wholly down. */
const OUTAGES: readonly Trouble[] = [
  ...(['refuses', 'resets', 'breaks', 'says_500', 'says_502', 'says_429'] as const),
  ...(['refuses', 'resets', 'stalls', 'says_429'] as const),
]
/** A port that is open can't refuse one call of twenty. */
const NOW_AND_THEN: readonly Trouble[] = ['resets', 'breaks', 'says_500', 'says_502', 'says_429']
/** One call of twenty fails by chance, and a tenth of the time all do. */
const FAILING = 0.05
const DOWN = 0.1

/** One provider's fate, which the seed decides. Times in milliseconds since the beginning. */
export interface Fate {
  readonly outage: Trouble
  isDown(at: number): boolean
  /** What the next call gets; `undefined`: an answer. */
  next(at: number): Trouble | undefined
}

/** Each is down once a period. Their outages are spread over it: chance lets some overlap, and never all. */
export function createFates(seed: number, periodMs: number): readonly Fate[] {
  const random = createRandom(seed)
  const places = OUTAGES.map((_, at) => at)
  return OUTAGES.map((outage, at) => {
    const [place = 0] = places.splice(random.whole(0, places.length - 1), 1)
    const beginsAt = ((place + random.next()) / OUTAGES.length) * periodMs
    const chance = createRandom(seed + 1 + at)
    const isDown = (now: number) => (now - beginsAt + periodMs) % periodMs < DOWN * periodMs
    return {
      outage,
      isDown,
      next(now) {
        if (isDown(now)) return outage
        return chance.chance(FAILING) ? chance.pick(NOW_AND_THEN) : undefined
      },
    }
  })
}
