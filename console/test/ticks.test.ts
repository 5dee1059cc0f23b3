import { expect, it } from 'vitest'
import { ticksUpTo } from '../src/format/ticks.ts'

it.each([
  { most: 7, axis: { unit: 1, parts: false }, ticks: [0, 2, 4, 6, 8] },
  { most: 1, axis: { unit: 1, parts: false }, ticks: [0, 1] },
  { most: 0, axis: { unit: 1, parts: false }, ticks: [0, 1] },
  { most: 0, axis: { unit: 500_000, parts: true }, ticks: [0, 125_000] },
  { most: 9, axis: { unit: 1, parts: false }, ticks: [0, 3, 6, 9] },
  { most: 287_000, axis: { unit: 500_000, parts: true }, ticks: [0, 100_000, 200_000, 300_000] },
  {
    most: 4_000_000,
    axis: { unit: 500_000, parts: true },
    ticks: [0, 1, 2, 3, 4].map((n) => n * 1e6),
  },
])('an axis up to $most has round steps', ({ most, axis, ticks }) => {
  expect(ticksUpTo(most, { ...axis, count: 4 })).toEqual(ticks)
})

it.each([3e-9, 0.4, 12, 999, 1e15])('an axis holds %d, with few steps', (most) => {
  const ticks = ticksUpTo(most, { unit: 1, parts: true, count: 4 })
  expect(ticks.at(-1)).toBeGreaterThanOrEqual(most)
  expect(ticks.length).toBeLessThanOrEqual(6)
  expect(new Set(ticks).size).toBe(ticks.length)
})
