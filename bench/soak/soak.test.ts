import { describe, expect, it } from 'vitest'
import { createFates } from './troubles.ts'
import { type Figures, judge } from './verdict.ts'

const PERIOD_MS = 300_000

describe('the fates of the providers', () => {
  const times = Array.from({ length: 3_000 }, (_, at) => at * 200)

  it.each([1, 2, 3, 4, 5])(
    'of seed %i are down for a tenth of the time, and never all of them',
    (seed) => {
      const fates = createFates(seed, PERIOD_MS)
      for (const { isDown } of fates) {
        const down = times.filter((at) => isDown(at)).length
        expect(down / times.length).toBeCloseTo(0.1, 2)
      }
      for (const at of times)
        expect(fates.filter(({ isDown }) => isDown(at)).length).toBeLessThan(4)
    },
  )

  it('are the same for the same seed', () => {
    const told = (seed: number) => createFates(seed, PERIOD_MS).map(({ next }) => times.map(next))
    expect(told(7)).toEqual(told(7))
    expect(told(7)).not.toEqual(told(8))
  })

  it('fail one call of twenty while they are up', () => {
    const [fate] = createFates(1, PERIOD_MS)
    const up = times.filter((at) => !fate?.isDown(at))
    const failing = up.filter((at) => fate?.next(at) !== undefined).length
    expect(failing / up.length).toBeGreaterThan(0.03)
    expect(failing / up.length).toBeLessThan(0.07)
  })
})

describe('a soak', () => {
  const good: Figures = {
    ...{ calls: 10_000, errors: new Map([['504', 9]]), withoutChannel: 0 },
    ...{ attempts: 10_700, held: Array(60).fill(2e8), charged: { answers: 5, records: 5 } },
    findings: [],
  }

  it('passes when all bounds are met', () => {
    expect(judge(good)).toMatchObject({ met: true })
  })

  it.each<readonly [string, Partial<Figures>]>([
    ['clients saw errors', { errors: new Map([['502', 10]]) }],
    ['providers got a fifth more', { attempts: 12_001 }],
    ['the providers did not fail', { attempts: 10_001 }],
    ['memory grew', { held: Array.from({ length: 60 }, (_, at) => 2e8 + at * 1e6) }],
    ['two books differ', { charged: { answers: 5, records: 6 } }],
    ['the doctor found something', { findings: [{}] }],
  ])('fails when %s', (_what, figures) => {
    const { met, lines } = judge({ ...good, ...figures })
    expect(met).toBe(false)
    expect(lines.filter((line) => line.endsWith('| missed |'))).toHaveLength(1)
  })
})
