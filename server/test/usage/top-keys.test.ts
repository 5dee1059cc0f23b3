import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Store } from '../../src/storage/store.ts'
import { createRollUp, type RollUp } from '../../src/usage/roll-up.ts'
import { topSeries } from '../../src/usage/top-keys.ts'
import { newDatabase, type TestDatabase } from '../tools/database.ts'
import { BEGIN, HOUR_MS, madeRecords, meant, sums } from './made-records.ts'

let database: TestDatabase
let store: Store
let rollUp: RollUp
const rows = madeRecords(2_000).map((row) => ({ ...row, key_id: 1 + (row.id % 9) ** 2 }))

beforeAll(async () => {
  database = await newDatabase()
  store = await database.open()
  rollUp = createRollUp({
    store,
    failed: (error) => {
      throw error
    },
  })
  const write = (some: typeof rows) =>
    store.write(some.map((row) => store.db.insertInto('usage').values(row)))
  await write(rows.slice(0, 1_500))
  await rollUp.run()
  // These stay unsummed: what has just happened counts as well.
  await write(rows.slice(1_500))
})
afterAll(async () => {
  await rollUp.close()
  await store.close()
  await database.remove()
})

const filters = fc.record({
  accounts: fc.subarray([1, 2, 3], { minLength: 1 }),
  hours: fc.tuple(fc.integer({ min: -2, max: 40 }), fc.integer({ min: 1, max: 40 })),
  model: fc.constantFrom('o3', undefined),
})

test('the keys that spent most are told apart, and the others are what is left of each step', async () => {
  const steps = fc.constantFrom(1, 24)
  const tops = fc.integer({ min: 1, max: 10 })
  await fc.assert(
    fc.asyncProperty(filters, steps, tops, async ({ accounts, hours, model }, step, top) => {
      const whole = (hour: number) => BEGIN + Math.floor(hour / step) * step * HOUR_MS
      const filter = {
        accounts,
        from: whole(hours[0]),
        until: whole(hours[0] + hours[1]) + step * HOUR_MS,
        ...(model !== undefined && { model }),
      }
      const wanted = { stepSeconds: step * 3_600, top }
      const found = await topSeries(store.db, filter, wanted)
      expect(found).toEqual(expected(meant(rows, filter), wanted))
    }),
    { numRuns: 100 },
  )
})

function expected(some: typeof rows, { stepSeconds, top }: { stepSeconds: number; top: number }) {
  const keys = [...Map.groupBy(some, (row) => row.key_id)]
    .map(([key, own]) => ({ key, ...sums(own) }))
    .toSorted((a, b) => b.quota - a.quota || a.key - b.key)
    .slice(0, top)
    .map(({ key }) => key)
  const steps = Map.groupBy(some, (row) => Math.floor(row.created_at_ms / 1000 / stepSeconds))
  return [...steps]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([step, own]) => {
      const at = step * stepSeconds
      const told = keys.toSorted((a, b) => a - b).map((key) => [key, byKey(own, key)] as const)
      const others = own.filter((row) => !keys.includes(row.key_id))
      return [
        ...told.filter(([, of]) => of.length > 0).map(([key, of]) => ({ at, key, ...sums(of) })),
        ...(others.length > 0 ? [{ at, ...sums(others) }] : []),
      ]
    })
}

const byKey = (some: typeof rows, key: number) => some.filter((row) => row.key_id === key)
