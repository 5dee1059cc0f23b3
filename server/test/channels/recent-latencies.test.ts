import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RecentLatencies } from '../../src/channels/health/recent-latencies.ts'

it('says nothing before there are twenty', () => {
  const recent = new RecentLatencies()
  for (let at = 0; at < 19; at++) recent.add(5)
  expect(recent.p95).toBeUndefined()
  recent.add(5)
  expect(recent.p95).toBe(5)
})

it('is what nineteen of twenty of the last hundred do not exceed', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { minLength: 20, maxLength: 350 }), (all) => {
      const recent = new RecentLatencies()
      for (const ms of all) recent.add(ms)
      const last = all.slice(-100).toSorted((a, b) => a - b)
      expect(recent.p95).toBe(last[Math.ceil(last.length * 0.95) - 1])
    }),
  )
})

it('takes a clock that went back for no time at all', () => {
  const recent = new RecentLatencies()
  for (let at = 0; at < 20; at++) recent.add(-3)
  expect(recent.p95).toBe(0)
})
