import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Store } from '../../src/storage/store.ts'
import { createBlocks } from '../../src/usage/blocks.ts'
import { type Charts, createCharts } from '../../src/usage/charts.ts'
import type { UsageFilter } from '../../src/usage/filter.ts'
import type { UsageRow } from '../../src/usage/logs.ts'
import { createNarrowSums } from '../../src/usage/narrow-sums.ts'
import { createRollUp, type RollUp } from '../../src/usage/roll-up.ts'
import type { Rounds } from '../../src/usage/rounds.ts'
import { newDatabase, type TestDatabase } from '../tools/database.ts'
import { BEGIN, correct, filters, HOUR_MS, madeRecords, meant, sums } from './made-records.ts'

const COLUMN = { model: 'model', key: 'key_id', group: 'group_name' } as const
const MOST = 100_000

let database: TestDatabase
let store: Store
let rollUp: RollUp
let narrowSums: Rounds
/** One for all tests, so that most charts are drawn from what it kept. */
let charts: Charts
/** In the database already. */
const written: UsageRow[] = []
const coming = madeRecords(3_000)

beforeAll(async () => {
  database = await newDatabase()
  store = await database.open()
  const failed = (error: unknown) => {
    throw error
  }
  rollUp = createRollUp({ store, failed })
  narrowSums = createNarrowSums({ store, failed })
  charts = createCharts(store)
})
afterAll(async () => {
  await rollUp.close()
  await narrowSums.close()
  await store.close()
  await database.remove()
})

/** Writes the next records, as calls do in the order of their ids, whatever hours they are of. */
async function write(count: number): Promise<void> {
  const some = coming.splice(0, count)
  await store.write(some.map((row) => store.db.insertInto('usage').values(row)))
  written.push(...some)
}

/** One call in a hundred, by another amount each time. */
async function correctSome(): Promise<void> {
  made += 1
  const some = written.filter((_, at) => at % 100 === 0)
  for (const row of await correct(store, some, made * -10)) {
    written[written.findIndex(({ id }) => id === row.id)] = row
  }
}
let made = 0

const stepMs = (interval: 'hour' | 'day') => (interval === 'hour' ? 1 : 24) * HOUR_MS

/** A filter that sums know, of a time in whole steps. */
const whole = ({ keyName: _, status: __, ...filter }: UsageFilter, interval: 'hour' | 'day') => ({
  ...filter,
  from: Math.floor((filter.from ?? BEGIN) / stepMs(interval)) * stepMs(interval),
  until: Math.ceil((filter.until ?? BEGIN + 72 * HOUR_MS) / stepMs(interval)) * stepMs(interval),
})

async function check(
  filter: UsageFilter,
  by: keyof typeof COLUMN,
  interval: 'hour' | 'day',
  most = MOST,
) {
  const asked = whole(filter, interval)
  const stepSeconds = stepMs(interval) / 1000
  const drawn = await charts.draw(asked, { by, stepSeconds, names: ['name'], most })
  const expected = Map.groupBy(meant(written, asked), (row) => {
    const at = Math.floor(row.created_at_ms / stepMs(interval)) * stepSeconds
    return JSON.stringify([at, row[COLUMN[by]]])
  })
  const points = [...expected]
    .map(([place, rows]) => {
      const [at, name]: [number, string | number] = JSON.parse(place)
      return { created_at: at, name, ...sums(rows) }
    })
    .toSorted((a, b) => a.created_at - b.created_at || (a.name < b.name ? -1 : 1))
  expect(drawn && JSON.parse(drawn)).toEqual(points.length > most ? undefined : points)
}

const intervals = fc.constantFrom('hour' as const, 'day' as const)
const columns = fc.constantFrom('model' as const, 'key' as const, 'group' as const)

test('charts are sums of the records, whatever was drawn before and written, summed or corrected since', async () => {
  const steps = [
    700,
    'sum',
    'correct',
    700,
    'narrow',
    'sum',
    700,
    'correct',
    'sum',
    'sum',
    900,
  ] as const
  for (const next of [...steps, 'correct' as const, 'correct' as const]) {
    if (next === 'sum') await rollUp.run()
    else if (next === 'narrow') await narrowSums.run()
    else if (next === 'correct') await correctSome()
    else await write(next)
    await fc.assert(
      fc.asyncProperty(filters, columns, intervals, (filter, by, interval) =>
        check(filter, by, interval),
      ),
      { numRuns: 60 },
    )
  }
})

test('what is too much for a chart is known, and what is just enough is shown', async () => {
  const few = fc.integer({ min: 0, max: 400 })
  await fc.assert(fc.asyncProperty(filters, columns, intervals, few, check), { numRuns: 150 })
})

test('a record in an hour that was drawn is shown at once', async () => {
  const late = { ...(written[1] as UsageRow), id: 9_001, request_id: 'req_late', quota: 123 }
  await check({}, 'key', 'hour')
  await store.write([store.db.insertInto('usage').values(late)])
  written.push(late)
  await check({}, 'key', 'hour')
  await rollUp.run()
  await check({}, 'key', 'hour')
})

test('a call that is corrected in an hour that was drawn is shown so at once', async () => {
  await rollUp.run()
  const own = { accounts: [1] }
  for (const filter of [{}, own, {}, own]) {
    await check(filter, 'model', 'hour')
    await correctSome()
    await check(filter, 'model', 'hour')
  }
})

test('names are written as JSON wants them', async () => {
  const odd = 'a "quoted"\\ name\n of ü 東京 \u2028'
  const row = { ...(written[1] as UsageRow), id: 9_002, request_id: 'req_odd', model: odd }
  await store.write([store.db.insertInto('usage').values(row)])
  written.push(row)
  await check({ model: odd }, 'model', 'hour')
})

test('a chart that is kept is not asked for again', async () => {
  let reads = 0
  const counting = Object.create(store.db, {
    getExecutor: {
      value: () => {
        reads += 1
        return store.db.getExecutor()
      },
    },
  }) as Store['db']
  const own = createCharts({ dialect: store.dialect, onBehind: () => undefined, db: counting })
  const wanted = { by: 'model', stepSeconds: 3_600, names: ['name'], most: MOST } as const
  const time = whole({}, 'hour')
  const first = await own.draw(time, wanted)
  const cold = reads
  expect(await own.draw(time, wanted)).toBe(first)
  expect([cold, reads - cold]).toEqual([2, 1])
})

test('blocks are kept up to a length, the least recently used go first', () => {
  const block = (length: number) => ({
    requests: 1,
    corrections: 0,
    steps: [{ at: 0, points: 1, sums: sums([]), text: 'x'.repeat(length) }],
  })
  const kept = createBlocks(10_000)
  kept.put('a', block(4_000))
  kept.put('b', block(4_000))
  kept.get('a')
  kept.put('c', block(4_000))
  expect(['a', 'b', 'c'].map((name) => kept.get(name) !== undefined)).toEqual([true, false, true])
  kept.put('a', block(9_000))
  expect(['a', 'c'].map((name) => kept.get(name) !== undefined)).toEqual([true, false])
  kept.put('d', block(20_000))
  expect(kept.get('d')).toBeUndefined()
})
