import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Admission } from '../../src/rates/admission.ts'
import { compileLimits, type Limited, type Limits } from '../../src/rates/limits.ts'
import { type Counts, createRates } from '../../src/rates/rates.ts'

const KEY = 4
const ACCOUNT = 5
const MINUTE = 60_000

function start() {
  const clock = { now: 1_000 }
  return { clock, rates: createRates({ now: () => clock.now }) }
}

function limitsOf(key: Limits, account: Limits = {}): readonly Limited[] {
  const compiled = compileLimits({ entity: KEY, limits: key }, { entity: ACCOUNT, limits: account })
  if (compiled === undefined) throw new Error('nothing is limited')
  return compiled
}

function admission(rates: Counts, limits: readonly Limited[], tokens = 0): Admission {
  const admitted = rates.admit(limits, tokens)
  if ('leave' in admitted) return admitted
  throw new Error(`refused: ${JSON.stringify(admitted)}`)
}

const isRefused = (rates: Counts, limits: readonly Limited[], tokens = 0) =>
  'waitMs' in rates.admit(limits, tokens)

describe('a call', () => {
  it('that the account refuses takes nothing of the key', () => {
    const { rates } = start()
    const limits = limitsOf({ rpm_limit: 5, tpm_limit: 100, max_concurrent: 5 }, { rpm_limit: 1 })
    admission(rates, limits, 10)
    const before = rates.standings(limitsOf({ rpm_limit: 5, tpm_limit: 100 }))
    expect(rates.admit(limits, 10)).toMatchObject({ of: 'requests', limited: { whose: 'account' } })
    expect(rates.standings(limitsOf({ rpm_limit: 5, tpm_limit: 100 }))).toEqual(before)
  })

  it('is told of the limit that makes it wait longest', () => {
    const { clock, rates } = start()
    const limits = limitsOf({ rpm_limit: 1, max_concurrent: 1 }, { tpm_limit: 100 })
    admission(rates, limitsOf({ rpm_limit: 1 }))
    clock.now += 10_000
    admission(rates, limitsOf({ max_concurrent: 9 }, { tpm_limit: 100 }), 90)
    // The request leaves after 50 s, the tokens after 60 s and the rest of their slice.
    const denial = rates.admit(limits, 20)
    expect(denial).toMatchObject({ of: 'tokens', most: 100, left: 10 })
    expect('waitMs' in denial && denial.waitMs).toBeGreaterThanOrEqual(MINUTE)
    expect('waitMs' in denial && denial.waitMs).toBeLessThan(MINUTE + 60)
    clock.now += 'waitMs' in denial ? denial.waitMs : 0
    expect(rates.judge(limitsOf({ rpm_limit: 1 }, { tpm_limit: 100 }), 20)).toBeUndefined()
  })

  it('that would need more than a whole minute of tokens has a free minute for itself', () => {
    const { clock, rates } = start()
    const limits = limitsOf({ tpm_limit: 100 })
    admission(rates, limits, 5_000).used(300)
    expect(rates.standings(limits).tokens).toMatchObject({ most: 100, left: 0 })
    expect(isRefused(rates, limits, 1)).toBe(true)
    clock.now += MINUTE + 60
    expect(isRefused(rates, limits, 5_000)).toBe(false)
  })
})

describe('tokens', () => {
  it('that were not needed are free again, and those beyond the expectation count', () => {
    const { rates } = start()
    const limits = limitsOf({ tpm_limit: 1_000 })
    const left = () => rates.standings(limits).tokens?.left
    admission(rates, limits, 600).used(100)
    expect(left()).toBe(900)
    admission(rates, limits, 100).used(400)
    expect(left()).toBe(500)
    admission(rates, limits, 500).leave()
    expect(left()).toBe(500)
  })

  it('beyond the expectation count from when they are known', () => {
    const { clock, rates } = start()
    const limits = limitsOf({ tpm_limit: 1_000 })
    const call = admission(rates, limits, 200)
    clock.now += 50_000
    call.used(700)
    clock.now += 20_000
    expect(rates.standings(limits).tokens?.left).toBe(500)
  })

  it('are corrected once, however often a call ends', () => {
    const { rates } = start()
    const limits = limitsOf({ tpm_limit: 1_000, max_concurrent: 1 })
    const call = admission(rates, limits, 200)
    call.used(300)
    call.used(0)
    call.leave()
    call.leave()
    expect(rates.standings(limits).tokens?.left).toBe(700)
    admission(rates, limits, 100)
    expect(isRefused(rates, limits, 100)).toBe(true)
  })
})

it('never has more calls running than it may, and every place that is left is had again', () => {
  const { rates } = start()
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.tuple(fc.boolean(), fc.nat(9)), { maxLength: 100, size: 'max' }),
      (most, steps) => {
        const limits = limitsOf({ max_concurrent: most })
        const running: Admission[] = []
        for (const [comes, which] of steps) {
          if (comes) {
            const admitted = rates.admit(limits, 0)
            expect('leave' in admitted).toBe(running.length < most)
            if ('leave' in admitted) running.push(admitted)
          } else {
            for (const one of running.splice(which, 1)) one.leave()
          }
        }
        for (const one of running) one.leave()
      },
    ),
  )
})

it('forgets who has been idle for a minute, and nobody else', () => {
  const { clock, rates } = start()
  for (let id = 1; id <= 1_000; id++) {
    admission(rates, [{ ...(limitsOf({ rpm_limit: 5 })[0] as Limited), entity: id * 4 }]).leave()
  }
  const running = admission(rates, limitsOf({ max_concurrent: 1 }))
  expect(rates.size).toBe(1_000)
  clock.now += 2 * MINUTE
  const other = [{ ...(limitsOf({ rpm_limit: 5 })[0] as Limited), entity: 9_999 }]
  admission(rates, other)
  expect(rates.size).toBe(2)
  expect(isRefused(rates, limitsOf({ max_concurrent: 1 }))).toBe(true)
  running.leave()
})

describe('two nodes that tell each other what they admitted', () => {
  function startTwo() {
    const clock = { now: 1_000 }
    const nodes = [0, 1].map(() => createRates({ now: () => clock.now, isShared: true })) as [
      Counts,
      Counts,
    ]
    const [here, there] = nodes
    const exchange = () => {
      const [mine, theirs] = [here.news.tell(false), there.news.tell(false)]
      here.news.hear(theirs, 0)
      there.news.hear(mine, 0)
    }
    return { clock, nodes, here, there, exchange }
  }

  it('count it once, and each other’s corrections too', () => {
    const { nodes, here, there, exchange } = startTwo()
    const limits = limitsOf({ rpm_limit: 4, tpm_limit: 1_000 })
    const call = admission(here, limits, 300)
    admission(there, limits, 200).used(250)
    exchange()
    exchange()
    for (const node of nodes) {
      expect(node.standings(limits)).toMatchObject({ requests: { left: 2 }, tokens: { left: 450 } })
    }
    call.used(100)
    exchange()
    for (const node of nodes)
      expect(node.standings(limits)).toMatchObject({ tokens: { left: 650 } })
    admission(here, limits)
    admission(here, limits)
    exchange()
    expect(isRefused(there, limits)).toBe(true)
  })

  it('count it from when it was admitted', () => {
    const { clock, here, there } = startTwo()
    const limits = limitsOf({ rpm_limit: 1 })
    admission(here, limits)
    there.news.hear(here.news.tell(false), 50_000)
    expect(isRefused(there, limits)).toBe(true)
    clock.now += 10_060
    expect(isRefused(there, limits)).toBe(false)
  })

  it('forget no call that ended before they have told so', () => {
    const { clock, here } = startTwo()
    const call = admission(here, limitsOf({ max_concurrent: 1 }))
    expect(here.news.tell(false)).toMatchObject([{ running: 1 }])
    call.leave()
    clock.now += 2 * MINUTE
    here.sweep()
    expect(here.news.tell(false)).toMatchObject([{ running: 0 }])
    clock.now += 2 * MINUTE
    here.sweep()
    expect(here.size).toBe(0)
  })

  it('remember nobody for it who has been idle for a minute', () => {
    const { clock, here, there, exchange } = startTwo()
    const limits = limitsOf({ rpm_limit: 1, max_concurrent: 1 })
    admission(here, limits).leave()
    exchange()
    there.news.setElsewhere(new Map([[KEY, 1]]))
    clock.now += 2 * MINUTE
    for (const node of [here, there]) node.sweep()
    expect([here.size, there.size]).toEqual([0, 1])
    there.news.setElsewhere(new Map())
    clock.now += 2 * MINUTE
    there.sweep()
    expect(there.size).toBe(0)
  })
})
