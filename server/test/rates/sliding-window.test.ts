import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SlidingWindow, WINDOW_MS } from '../../src/rates/sliding-window.ts'

const SLICE = 60

/** Waits between calls: none, bursts, fractions of milliseconds, whole windows. */
const wait = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 70 }) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 4_000_000 }).map((n) => n / 256) },
  { weight: 1, arbitrary: fc.constantFrom(WINDOW_MS, WINDOW_MS - 1, WINDOW_MS + 1) },
)
const many = { maxLength: 200, size: 'max' } as const
const waits = fc.array(wait, many)

/** Asks at every time for one more and takes it when it fits; answers the times of those that fitted. */
function admitted(most: number, slices: readonly number[], times: readonly number[]) {
  const window = new SlidingWindow()
  return times.filter((now, at) => {
    const fits = window.waitFor(now, 1, most) === 0
    if (fits) window.add(now, 1, slices[at % slices.length] ?? 0)
    return fits
  })
}

function timesOf(gaps: readonly number[]): readonly number[] {
  let now = 12_345.5
  return gaps.map((gap) => {
    now += gap
    return now
  })
}

const within = (times: readonly number[], now: number, spanMs: number) =>
  times.filter((time) => time <= now && time + spanMs > now).length

it('without slices admits exactly what a list of all times would', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), waits, (most, gaps) => {
      const times = timesOf(gaps)
      const naive: number[] = []
      for (const now of times) if (within(naive, now, WINDOW_MS) < most) naive.push(now)
      expect(admitted(most, [0], times)).toEqual(naive)
    }),
  )
})

it('with slices never admits more, and refuses only what is too much for one slice longer', () => {
  // Also when a limit is raised to where slices begin, and lowered again.
  const slices = fc.constantFrom([SLICE], [0, SLICE], [SLICE, SLICE, 0, 0, 0])
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), slices, waits, (most, sliced, gaps) => {
      const times = timesOf(gaps)
      const taken = admitted(most, sliced, times)
      for (const now of times) expect(within(taken, now, WINDOW_MS)).toBeLessThanOrEqual(most)
      const refused = times.filter((now) => !taken.includes(now))
      for (const now of refused) {
        expect(within(taken, now, WINDOW_MS + SLICE)).toBeGreaterThanOrEqual(most)
      }
    }),
  )
})

it('says when the next one fits: not a moment before, and then it does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), waits, (most, gaps) => {
      const times = timesOf(gaps)
      const now = times.at(-1) ?? 0
      const window = new SlidingWindow()
      for (const time of admitted(most, [0], times)) window.add(time, 1, 0)
      const ms = window.waitFor(now, 1, most)
      expect(ms).toBeLessThanOrEqual(WINDOW_MS)
      if (ms > 0) expect(window.waitFor(now + ms * 0.999, 1, most)).toBeGreaterThan(0)
      expect(window.waitFor(now + ms + 1e-6, 1, most)).toBe(0)
    }),
  )
})

type Step =
  | { readonly kind: 'add'; readonly gap: number; readonly amount: number }
  | { readonly kind: 'back'; readonly gap: number; readonly which: number; readonly part: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), gap: wait, amount: fc.nat(5_000) }),
  fc.record({
    kind: fc.constant('back' as const),
    gap: wait,
    which: fc.nat(50),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
)

it('keeps the sum of a list with everything in it, also when some is given back', () => {
  fc.assert(
    fc.property(fc.array(step, many), (steps) => {
      const window = new SlidingWindow()
      const naive: { readonly time: number; left: number }[] = []
      let now = 5
      for (const one of steps) {
        now += one.gap
        const chosen = one.kind === 'back' ? naive[one.which] : undefined
        if (one.kind === 'add') {
          naive.push({ time: window.add(now, one.amount, SLICE), left: one.amount })
        } else if (chosen !== undefined) {
          const amount = Math.floor(chosen.left * one.part)
          window.giveBack(now, chosen.time, amount)
          // Nobody has anything of what has left the window.
          chosen.left -= chosen.time + WINDOW_MS > now ? amount : 0
        }
        const alive = naive.filter(({ time }) => time + WINDOW_MS > now)
        expect(window.sum(now)).toBe(alive.reduce((sum, { left }) => sum + left, 0))
      }
    }),
  )
})

it('with slices remembers at most 1 001 entries of however many requests', () => {
  const window = new SlidingWindow()
  let most = 0
  for (let now = 0; now < 3 * WINDOW_MS; now += 0.5) {
    window.add(now, 1, SLICE)
    most = Math.max(most, window.entries)
  }
  expect(most).toBeLessThanOrEqual(1_001)
  expect(window.sum(4 * WINDOW_MS + SLICE)).toBe(0)
})
