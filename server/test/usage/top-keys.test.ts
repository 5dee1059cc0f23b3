import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Store } from '../../src/storage/store.ts'
import { type ChartFilter, type Charts, createCharts } from '../../src/usage/charts.ts'
import type { UsageRow } from '../../src/usage/logs.ts'
import { createRollUp, type RollUp } from '../../src/usage/roll-up.ts'
import type { Rounds } from '../../src/usage/rounds.ts'
import { createTopDays } from '../../src/usage/top-days.ts'
import { type TopWanted, topSeries } from '../../src/usage/top-series.ts'
import type { Totals } from '../../src/usage/totals.ts'
import { newDatabase, type TestDatabase } from '../tools/database.ts'
import { BEGIN, correct, HOUR_MS, madeRecords, meant, sums } from './made-records.ts'

const KEYS = 40
const LISTED = 5
const accountOf = (key: number) => 1 + (key % 3)

let database: TestDatabase
let store: Store
let rollUp: RollUp
let topDays: Rounds
let charts: Charts
/** In the database already. */
const rows: UsageRow[] = []
/** A few keys spend most, some all the same, as the records of anybody do. */
const coming = madeRecords(2_500).map((row) => {
  const key = 1 + (row.id % KEYS)
  const quota = key % 8 === 0 ? row.quota * key : row.quota % 3
  return { ...row, key_id: key, account_id: accountOf(key), quota }
})

beforeAll(async () => {
  database = await newDatabase()
  store = await database.open()
  const failed = (error: unknown) => {
    throw error
  }
  rollUp = createRollUp({ store, failed })
  // Two of the three days are over.
  const now = () => BEGIN + 50 * HOUR_MS
  topDays = createTopDays({ store, now, failed, listed: LISTED })
  charts = createCharts(store)
  await store.write(Array.from({ length: KEYS }, (_, at) => keyRow(store, at + 1)))
})
afterAll(async () => {
  await topDays.close()
  await rollUp.close()
  await store.close()
  await database.remove()
})

const keyRow = ({ db }: Store, id: number) =>
  db.insertInto('key').values({
    ...{ id, account_id: accountOf(id), digest: `${id}`, pepper_id: 1, sealed: null, hint: '' },
    ...{ name: '', status: 1, created_time: 0, accessed_time: 0, expired_time: -1 },
    ...{ unlimited_quota: 1, model_limits_enabled: 0, model_limits: '', allow_ips: null },
    ...{ group_name: '', cross_group_retry: 0, extra: null, deleted_at: null },
  })

async function add(count: number): Promise<void> {
  const some = coming.splice(0, count)
  await store.write(some.map((row) => store.db.insertInto('usage').values(row)))
  rows.push(...some)
}

/** Whoever spent most has spent next to nothing, and somebody else spent it. */
async function correctMost(): Promise<void> {
  for (const [key, units] of [
    [KEYS, -1],
    [KEYS - 1, 20_000],
  ] as const) {
    const some = rows.filter(({ key_id, quota }) => key_id === key && quota > 0)
    for (const row of some) {
      const [less] = await correct(store, [row], units < 0 ? 1 - row.quota : units)
      rows[rows.indexOf(row)] = less as UsageRow
    }
  }
}

const asked = fc.record({
  accounts: fc.option(fc.subarray([1, 2, 3], { minLength: 1 }), { nil: undefined }),
  hours: fc.tuple(fc.integer({ min: -2, max: 40 }), fc.integer({ min: 1, max: 80 })),
  model: fc.constantFrom('o3', undefined, undefined),
  step: fc.constantFrom(1, 24),
  top: fc.integer({ min: 1, max: 15 }),
})

test('the keys that spent most are told apart, whatever was listed and has come since', async () => {
  const steps = [900, 'sum', 'list', 0, 'correct', 0, 'list', 300, 'sum', 0, 'list', 900] as const
  for (const next of steps) {
    if (next === 'sum') await rollUp.run()
    else if (next === 'list') await topDays.run()
    else if (next === 'correct') await correctMost()
    else await add(next)
    await fc.assert(
      fc.asyncProperty(asked, async ({ accounts, hours: [first, many], model, step, top }) => {
        const whole = (hour: number) => BEGIN + Math.floor(hour / step) * step * HOUR_MS
        const filter = {
          ...(accounts !== undefined && { accounts }),
          ...(model !== undefined && { model }),
          ...{ from: whole(first), until: whole(first + many) + step * HOUR_MS },
        }
        const wanted = { stepSeconds: step * 3_600, top }
        expect(await pointsOf(filter, wanted)).toEqual(expected(meant(rows, filter), wanted))
      }),
      { numRuns: 25 },
    )
  }
})

/** The points as they are answered, but for names, which are read elsewhere: ids again. */
async function pointsOf(...asked: [ChartFilter, TopWanted]) {
  const points: TopPoint[] = JSON.parse(await topSeries({ store, charts }, ...asked))
  return points.map(({ created_at: at, token_id: key, token_name, ...figures }) => {
    expect(token_name).toBe(key)
    return { at, ...(key !== undefined && { key }), ...figures }
  })
}

interface TopPoint extends Totals {
  readonly created_at: number
  readonly token_id?: number
  readonly token_name?: number
}

function expected(some: UsageRow[], { stepSeconds, top }: { stepSeconds: number; top: number }) {
  const keys = [...Map.groupBy(some, (row) => row.key_id)]
    .map(([key, own]) => ({ key, ...sums(own) }))
    .toSorted((a, b) => b.quota - a.quota || a.key - b.key)
    .slice(0, top)
    .map(({ key }) => key)
    .toSorted((a, b) => a - b)
  const steps = Map.groupBy(some, (row) => Math.floor(row.created_at_ms / 1000 / stepSeconds))
  return [...steps]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([step, own]) => {
      const at = step * stepSeconds
      const told = keys.map((key) => [key, own.filter((row) => row.key_id === key)] as const)
      const others = own.filter((row) => !keys.includes(row.key_id))
      return [
        ...told.filter(([, of]) => of.length > 0).map(([key, of]) => ({ at, key, ...sums(of) })),
        ...(others.length > 0 ? [{ at, ...sums(others) }] : []),
      ]
    })
}

test('days that are over are listed, with what the first key spent that is not', async () => {
  await rollUp.run()
  await topDays.run()
  const lists = await store.db.selectFrom('top_day').selectAll().orderBy('day').execute()
  const days = new Set(lists.map(({ day }) => day * 1000))
  expect([...days]).toEqual([BEGIN, BEGIN + 24 * HOUR_MS])
  expect(lists).toHaveLength(8)
  for (const { account_id, day, requests, beyond, keys } of lists) {
    const time = { from: day * 1000, until: (day + 86_400) * 1000 }
    const own = meant(rows, { ...time, ...(account_id > 0 && { accounts: [account_id] }) })
    const ranked = [...Map.groupBy(own, (row) => row.key_id)]
      .map(([key, some]) => [key, sums(some).quota] as const)
      .toSorted(([a, one], [b, other]) => other - one || a - b)
    expect(requests).toBe(own.length)
    expect(JSON.parse(keys)).toEqual(ranked.slice(0, LISTED))
    expect(beyond).toBe(ranked[LISTED]?.[1])
  }
})

test('a day that is listed is not added up again', async () => {
  const one = store.db.updateTable('top_day').set({ keys: '[[8,1]]', beyond: 0 })
  await store.write([one.where('account_id', '=', accountOf(8))])
  const span = { from: BEGIN, until: BEGIN + 48 * HOUR_MS }
  const wanted = { stepSeconds: 86_400, top: 15 }
  const points = await pointsOf({ accounts: [accountOf(8)], ...span }, wanted)
  expect(new Set(points.map(({ key }) => key))).toEqual(new Set([8, undefined]))
})
