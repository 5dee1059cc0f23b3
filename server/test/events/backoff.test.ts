import { expect, it } from 'vitest'
import { pauseAfter } from '../../src/events/backoff.ts'

const HOUR = 3_600_000

function pauses(chance: number): number[] {
  const found: number[] = []
  for (let n = 1; ; n++) {
    const pause = pauseAfter(n, chance)
    if (pause === undefined) return found
    found.push(pause)
  }
}

it('pauses grow, and take about a day in all before it is given up', () => {
  for (const chance of [0, 0.5, 0.999]) {
    const all = pauses(chance)
    expect(all).toEqual([...all].sort((a, b) => a - b))
    const whole = all.reduce((sum, pause) => sum + pause, 0)
    expect(whole).toBeGreaterThan(23 * HOUR)
    expect(whole).toBeLessThan(30 * HOUR)
  }
  expect(pauses(0)[0]).toBe(5_000)
  expect(pauses(0.5)[0]).toBe(5_500)
})
