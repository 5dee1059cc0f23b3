import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRetryBudgets, RetryBudget } from '../../src/channels/health/retry-budget.ts'

describe('the retry budget', () => {
  it('lets a quiet gateway try again, though not without end', () => {
    const budget = new RetryBudget()
    const takes = Array.from({ length: 12 }, () => budget.take(0, 20))
    expect(takes.filter(Boolean)).toHaveLength(10)
    expect(budget.take(10_001, 20)).toBe(true)
  })

  it('of nothing is nothing', () => {
    const budget = new RetryBudget()
    budget.called(0)
    expect(budget.take(0, 0)).toBe(false)
  })

  it('is a fifth of the calls, and no more, when every one of them fails', () => {
    const budget = new RetryBudget()
    let again = 0
    for (let call = 0; call < 10_000; call++) {
      budget.called(call)
      if (budget.take(call, 20)) again++
    }
    expect(again).toBe(2_000)
  })

  it('whatever the load: in nine seconds no more further attempts than a fifth of ten seconds’ calls, or ten', () => {
    const event = fc.record({ afterMs: fc.nat(400), isCall: fc.boolean() })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 300 }), (events) => {
        const budget = new RetryBudget()
        const calls: number[] = []
        const again: number[] = []
        let now = 0
        for (const { afterMs, isCall } of events) {
          now += afterMs
          if (isCall) {
            budget.called(now)
            calls.push(now)
          } else if (budget.take(now, 20)) again.push(now)
          const called = calls.filter((at) => at > now - 10_000).length
          const tried = again.filter((at) => at > now - 9_000).length
          expect(tried).toBeLessThanOrEqual(Math.max(10, called * 0.2))
        }
      }),
    )
  })

  it('is each group’s own, and groups that come and go are not kept for ever', () => {
    const budgets = createRetryBudgets()
    const first = budgets('a')
    while (first.take(0, 20));
    expect(budgets('a').take(0, 20)).toBe(false)
    expect(budgets('b').take(0, 20)).toBe(true)
    for (let group = 0; group < 1_000; group++) budgets(`g${group}`)
    expect(budgets('a')).not.toBe(first)
  })
})
