import fc from 'fast-check'
import { expect, it } from 'vitest'
import { keyEntity } from '../../src/ledger/entity.ts'
import { judgeSlack, type Loan, newLoan } from '../../src/ledger/shared/loan.ts'

/** Needed again within this time, an entity is hot. */
const HOT_MS = 1_000
const PLENTY = 1e9

/** A loan of an entity that has so much, most of which may be at other nodes. */
const loanOf = ({ unlent = PLENTY, elsewhere = 0 } = {}): Loan => ({
  ...newLoan(keyEntity(1), unlent, 0),
  elsewhere,
})

/** What is borrowed beyond the need each time, where needs come after so many milliseconds each. */
function slacks(loan: Loan, pauses: readonly number[], { nodes = 1, from = 50_000 } = {}) {
  let at = from
  return pauses.map((pause) => {
    at += pause
    return judgeSlack(loan, at, nodes)
  })
}

it('who needs units for the first time borrows no more than that, however much its calls hold', () => {
  const loan = loanOf()
  Object.assign(loan, { reserved: 700, peak: 900 })
  expect(slacks(loan, [0])).toEqual([0])
})

it('an entity that is hot borrows for as much as its calls held at once, and twice as much each time', () => {
  const loan = loanOf()
  expect(slacks(loan, [0])).toEqual([0])
  Object.assign(loan, { reserved: 10, peak: 30 })
  expect(judgeSlack(loan, 50_000 + HOT_MS - 1, 1)).toBe(30)
  // The peak is that of the time since: what calls hold now, at least.
  expect(loan.peak).toBe(10)
  expect(judgeSlack(loan, 50_000 + HOT_MS, 1)).toBe(60)
  expect(judgeSlack(loan, 50_000 + HOT_MS, 1)).toBe(120)
  loan.peak = 5_000
  expect(judgeSlack(loan, 50_000 + HOT_MS, 1)).toBe(5_000)
})

it('an entity without calls behind it stays at nothing, however often it is needed', () => {
  expect(slacks(loanOf(), [0, 1, 1, 1])).toEqual([0, 0, 0, 0])
})

it('who was not needed for a second borrows half as much beyond it, and in the end nothing', () => {
  const loan = loanOf()
  Object.assign(loan, { slack: 101, broughtAt: 50_000, peak: 9_999 })
  const cold = Array.from({ length: 8 }, () => HOT_MS)
  expect(slacks(loan, cold)).toEqual([50, 25, 12, 6, 3, 1, 0, 0])
})

it('what is borrowed beyond the need is at most a fourth of each node’s share of what is free', () => {
  for (const [nodes, most] of [
    [1, 250],
    [3, 83],
    [10, 25],
    [1_000, 0],
  ] as const) {
    const loan = loanOf({ unlent: 600, elsewhere: 400 })
    Object.assign(loan, { slack: 900, broughtAt: 50_000, peak: 900 })
    expect(slacks(loan, [10, 10, HOT_MS], { nodes })).toEqual([most, most, most >> 1])
  }
})

it('shrinks as the balance does', () => {
  const loan = loanOf({ unlent: 4_000 })
  Object.assign(loan, { slack: 700, broughtAt: 50_000, peak: 700 })
  const seen = [4_000, 2_000, 400, 3, 0].map((unlent) => {
    loan.unlent = unlent
    return judgeSlack(loan, 50_000, 1)
  })
  expect(seen).toEqual([1_000, 500, 100, 0, 0])
})

it('whatever comes: a whole number, never beyond the share, and no more than before for one that is not hot', () => {
  const amount = fc.nat(1_000_000)
  const need = fc.record({
    ...{ unlent: amount, elsewhere: amount, reserved: amount, peak: amount },
    ...{ pause: fc.nat(3_000), nodes: fc.integer({ min: 1, max: 50 }) },
  })
  fc.assert(
    fc.property(fc.array(need, { maxLength: 20 }), (needs) => {
      const loan = loanOf()
      let at = 0
      for (const [nth, { pause, nodes, unlent, elsewhere, reserved, peak }] of needs.entries()) {
        at += pause
        Object.assign(loan, { unlent, elsewhere, reserved, peak })
        const before = loan.slack
        const slack = judgeSlack(loan, at, nodes)
        expect(Number.isInteger(slack)).toBe(true)
        expect(slack).toBeGreaterThanOrEqual(0)
        expect(slack * 4 * nodes).toBeLessThanOrEqual(unlent + elsewhere)
        if (nth === 0 || pause >= HOT_MS) expect(slack).toBeLessThanOrEqual(before / 2)
      }
    }),
  )
})
