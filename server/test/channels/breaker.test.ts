import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Breaker, type OpenReason } from '../../src/channels/health/breaker.ts'
import { parseRetryAfter } from '../../src/channels/health/retry-after.ts'

const WALL = 1_700_000_000_000
const newBreaker = (random = () => 0) => new Breaker({ random, wall: () => WALL })
const open = (breaker: Breaker, now: number, reason: OpenReason = 'consecutive_failures') =>
  breaker.open(breaker.epoch, now, { reason })

describe('a breaker', () => {
  it('lets nothing through until its time is over, then one probe, and closes when that works', () => {
    const breaker = newBreaker()
    expect(open(breaker, 1_000)).toBe(5_000)
    expect(breaker.standing(1_000)).toEqual({
      state: 'open',
      since: WALL / 1000,
      openUntil: WALL / 1000 + 5,
      reason: 'consecutive_failures',
    })
    expect([5_999, 6_000].map((now) => breaker.mayTry(now))).toEqual([false, true])
    expect(breaker.triableAt(2_000)).toBe(6_000)
    expect(breaker.standing(6_000).state).toBe('half_open')
    expect(breaker.begin()).toBe(true)
    expect(breaker.mayTry(6_000)).toBe(false)
    expect(breaker.triableAt(6_000)).toBe(7_000)
    expect(breaker.worked(breaker.epoch, 6_500)).toBe(true)
    expect(breaker.standing(6_500)).toEqual({ state: 'closed', since: WALL / 1000 })
    expect(breaker.begin()).toBe(false)
  })

  it('stays open twice as long each time it opens again, up to a bound, and forgets that when it was well for a while', () => {
    const breaker = newBreaker()
    let now = 0
    const rests = Array.from({ length: 8 }, () => {
      const rest = open(breaker, now, 'probe_failed')
      now += rest
      breaker.begin()
      return rest / 1000
    })
    expect(rests).toEqual([5, 10, 20, 40, 80, 120, 120, 120])
    breaker.worked(breaker.epoch, now)
    expect(open(breaker, now + 1_000)).toBe(120_000)
    breaker.worked(breaker.epoch, now + 200_000)
    expect(open(breaker, now + 261_000)).toBe(5_000)
  })

  it.each([
    ['rate_limited', undefined, 1_000],
    ['rate_limited', 17_000, 17_000],
    ['rate_limited', 0, 1_000],
    ['overloaded', 86_400_000, 3_600_000],
    ['denied', undefined, 60_000],
  ] as const)('opened for %s, asked to wait for %s ms, stays open %i ms', (reason, askedMs, ms) => {
    const breaker = newBreaker()
    expect(breaker.open(breaker.epoch, 0, { reason, askedMs })).toBe(ms)
  })

  it('is opened once by calls that fail together, and a late one of them does not close it', () => {
    const breaker = newBreaker()
    const { epoch } = breaker
    expect(breaker.open(epoch, 0, { reason: 'denied' })).toBe(60_000)
    expect(breaker.open(epoch, 50_000, { reason: 'denied' })).toBe(0)
    expect(breaker.worked(epoch, 50_000)).toBe(false)
    expect(breaker.triableAt(50_000)).toBe(60_000)
  })

  it('that was reset hears nothing of the calls before', () => {
    const breaker = newBreaker()
    const { epoch } = breaker
    breaker.reset()
    expect(breaker.open(epoch, 0, { reason: 'denied' })).toBe(0)
    open(breaker, 0, 'denied')
    breaker.reset()
    expect(breaker.mayTry(1)).toBe(true)
  })

  it('probes at another moment than that of any other node, never before its time', () => {
    const nodes = Array.from({ length: 20 }, () => newBreaker(Math.random))
    const times = nodes.map((breaker) => {
      open(breaker, 0)
      return breaker.triableAt(0)
    })
    expect(new Set(times).size).toBe(20)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(5_000)
    expect(Math.max(...times)).toBeLessThanOrEqual(6_250)
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(250)
  })

  it('whatever happens: passes nothing while open, at most one unanswered probe, and can always be tried in the end', () => {
    const step = fc.record({
      afterMs: fc.nat(40_000),
      what: fc.constantFrom('begin', 'work', 'fail', 'answer', 'leave', 'reset'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const breaker = newBreaker()
        let now = 0
        let openUntil = 0
        let unanswered = 0
        for (const { afterMs, what } of steps) {
          now += afterMs
          const { epoch } = breaker
          if (what === 'begin' && breaker.mayTry(now)) {
            expect(now).toBeGreaterThanOrEqual(openUntil)
            if (breaker.begin()) unanswered++
            expect(unanswered).toBeLessThanOrEqual(1)
          } else if (what === 'fail') {
            openUntil = now + breaker.open(epoch, now, { reason: 'probe_failed' })
            unanswered = 0
          } else if (what === 'work' || what === 'reset') {
            // Calls work only after they began.
            if (what === 'work' && unanswered === 0 && !breaker.isClosed) continue
            if (what === 'work') breaker.worked(epoch, now)
            else breaker.reset()
            openUntil = 0
            unanswered = 0
          } else if (what !== 'begin') {
            breaker.letGo(epoch)
            unanswered = 0
          }
          if (unanswered === 0) expect(breaker.mayTry(breaker.triableAt(now))).toBe(true)
          expect(breaker.triableAt(now)).toBeGreaterThanOrEqual(now)
        }
      }),
    )
  })
})

describe('Retry-After', () => {
  it.each([
    ['17', 17_000],
    [' 2 ', 2_000],
    ['0.5', 500],
    ['0', 0],
    [new Date(WALL + 90_000).toUTCString(), 90_000],
    [new Date(WALL - 90_000).toUTCString(), 0],
    ['', undefined],
    [undefined, undefined],
    ['-5', undefined],
    ['soon', undefined],
    ['1e9', undefined],
    ['Infinity', undefined],
    ['99999999999999999999', undefined],
    ['2026', 2_026_000],
    ['Mon, 99 Foo 2026 00:00:00 GMT', undefined],
  ])('%j is %s ms', (text, ms) => {
    expect(parseRetryAfter(text, WALL)).toBe(ms)
  })
})
