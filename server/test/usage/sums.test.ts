import fc from 'fast-check'
import { type Compilable, CompiledQuery, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inlined } from '../../src/storage/postgres/literal.ts'
import type { SqlValue, Store } from '../../src/storage/store.ts'
import { meets, type UsageFilter } from '../../src/usage/filter.ts'
import {
  everyPage,
  pageAfter,
  pageNumbered,
  parseCursor,
  type UsageRow,
  writeCursor,
} from '../../src/usage/logs.ts'
import { createRollUp, type RollUp } from '../../src/usage/roll-up.ts'
import { summable } from '../../src/usage/summable.ts'
import { seriesOf, totalsOf } from '../../src/usage/totals.ts'
import { newDatabase, onPostgres, type TestDatabase } from '../tools/database.ts'
import {
  BEGIN,
  correct,
  filters,
  HOUR_MS,
  madeRecords,
  meant as ofRows,
  sums,
} from './made-records.ts'

const ROWS = 3_000

let database: TestDatabase
let store: Store
let rollUp: RollUp
const rows: UsageRow[] = []
/** The same as they would be had they cost at once what they cost in the end. */
const corrected: UsageRow[] = []

beforeAll(async () => {
  database = await newDatabase()
  store = await database.open()
  rollUp = createRollUp({
    store,
    failed: (error) => {
      throw error
    },
  })
  rows.push(...madeRecords(ROWS))
  await insert(rows.slice(0, 2_000))
  await rollUp.run()
  // These stay unsummed: what has just happened counts as well.
  await insert(rows.slice(2_000))
  for (let at = 0; at < ROWS; at += 50) {
    const once = await correct(store, rows.slice(at, at + 1), -7)
    corrected.push(...(at % 100 === 0 ? await correct(store, once, 900) : once))
    corrected.push(...rows.slice(at + 1, at + 50))
  }
})
afterAll(async () => {
  await rollUp.close()
  await store.close()
  await database.remove()
})

async function insert(some: readonly UsageRow[]) {
  for (let at = 0; at < some.length; at += 500) {
    await store.write(
      some.slice(at, at + 500).map((one) => store.db.insertInto('usage').values(one)),
    )
  }
}

const meant = (filter: UsageFilter) => ofRows(rows, filter)

describe('sums of usage', () => {
  test('are those of the records and their corrections, whichever of them are summed already', async () => {
    await fc.assert(
      fc.asyncProperty(filters, async (filter) => {
        expect(await totalsOf(store.db, filter)).toEqual(sums(ofRows(corrected, filter)))
      }),
      { numRuns: 500 },
    )
  })

  test.each(['model', 'key', 'group'] as const)(
    'by hour and by day are those of the records, by %s',
    async (by) => {
      await fc.assert(
        fc.asyncProperty(filters, fc.constantFrom(3_600, 86_400), async (filter, stepSeconds) => {
          const column = ({ model: 'model', key: 'key_id', group: 'group_name' } as const)[by]
          const expected = Map.groupBy(ofRows(corrected, filter), (one) => {
            const at = Math.floor(one.created_at_ms / 1000 / stepSeconds) * stepSeconds
            return JSON.stringify([at, one[column]])
          })
          const series = await seriesOf(store.db, filter, { by, stepSeconds, most: 100_000 })
          const found = series.map(({ at, of, ...totals }) => [JSON.stringify([at, of]), totals])
          expect(Object.fromEntries(found)).toEqual(
            Object.fromEntries([...expected].map(([name, some]) => [name, sums(some)])),
          )
        }),
        { numRuns: 200 },
      )
    },
  )

  test('stay the same when everything is summed, twice over and after a restart', async () => {
    await rollUp.run()
    await rollUp.run()
    const again = createRollUp({ store, failed: () => undefined })
    await again.run()
    await again.close()
    expect(await totalsOf(store.db, {})).toEqual(sums(corrected))
    const summed = await store.db
      .selectFrom('usage_hour')
      .select(({ fn }) => fn.sum<number>('requests').as('all'))
      .executeTakeFirstOrThrow()
    expect(Number(summed.all)).toBe(ROWS)
  })
})

describe('pages of usage records', () => {
  const newestFirst = (some: readonly UsageRow[]) =>
    some.toSorted((a, b) => b.created_at_ms - a.created_at_ms || b.id - a.id)

  test('lead through every record once, newest first', async () => {
    await fc.assert(
      fc.asyncProperty(filters, fc.integer({ min: 50, max: 999 }), async (filter, size) => {
        const found: UsageRow[] = []
        let cursor: string | undefined
        do {
          const page = await pageAfter(
            store.db,
            filter,
            cursor === undefined ? undefined : parseCursor(cursor),
            size,
          )
          found.push(...page.rows)
          cursor = page.next && writeCursor(page.next)
        } while (cursor !== undefined)
        expect(found.map((one) => one.id)).toEqual(newestFirst(meant(filter)).map((one) => one.id))
      }),
      { numRuns: 100 },
    )
  })

  test('can be counted and turned to', async () => {
    await fc.assert(
      fc.asyncProperty(
        filters,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 100 }),
        async (filter, number, size) => {
          const page = await pageNumbered(store.db, filter, number, size)
          const expected = newestFirst(meant(filter))
          expect(page.total).toBe(expected.length)
          expect(page.rows).toEqual(expected.slice((number - 1) * size, number * size))
          expect(page.next === undefined).toBe(number * size >= expected.length)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('of an export come a few at a time', async () => {
    let most = 0
    let all = 0
    for await (const page of everyPage(store.db, {})) {
      most = Math.max(most, page.length)
      all += page.length
    }
    expect(all).toBe(ROWS)
    expect(most).toBe(500)
  })

  test('begin only where an answer said', () => {
    expect(parseCursor(writeCursor({ createdAtMs: 1_700_000_000_123, id: 7 }))).toEqual({
      createdAtMs: 1_700_000_000_123,
      id: 7,
    })
    for (const text of ['x', '!!', Buffer.from('1.2;drop').toString('base64url'), '-1.-1']) {
      expect(parseCursor(text)).toBeUndefined()
    }
  })
})

describe('the plans of the queries', () => {
  // A table of a test is so small that reading all of it costs less than any index.
  const NEVER_WHOLE = `do $$ begin
    execute format('alter database %I set enable_seqscan = off', current_database());
    execute format('alter database %I set enable_bitmapscan = off', current_database());
  end $$; analyze`
  beforeAll(async () => {
    if (onPostgres) await database.tamper(NEVER_WHOLE)
  })

  test.each([
    ['own records', { accounts: [1] }, /usage_by_account/, /account_id_created_at_ms_id_idx/],
    [
      'own records of a time',
      { accounts: [1], from: BEGIN },
      /usage_by_account .*created_at_ms>/,
      /account_id_created_at_ms_id_idx .*\n.*created_at_ms >=/,
    ],
    ['records of a key', { accounts: [1], keyIds: [2] }, /usage_by_key/, /key_id_created_at_ms_id/],
    ['one request', { requestId: 'req_5' }, /usage_by_request/, /request_id_idx/],
    [
      'one request of an account',
      { accounts: [1], keyIds: [2], requestId: 'req_5', from: BEGIN },
      /usage_by_request/,
      /request_id_idx/,
    ],
    [
      'failed calls',
      { status: 429 },
      /COVERING INDEX usage_failed|INDEX usage_failed/,
      /status_created_at_ms_id/,
    ],
    ['all records', {}, /usage_by_time/, /Backward using usage_\w+_pkey/],
  ] as const)('%s: an index, and no sorting', async (_, filter, onSqlite, inPostgres) => {
    const plan = await planOf(filter)
    expect(plan).toMatch(onPostgres ? inPostgres : onSqlite)
    if (!('requestId' in filter)) expect(plan).not.toMatch(/TEMP B-TREE|-> +(Incremental )?Sort/)
  })

  test.each([
    ['own sums', { accounts: [1], from: BEGIN }, {}, 'account_day (account_id=? AND day>?'],
    ['all sums', { from: BEGIN }, {}, 'group_day (day>?'],
    ['sums until they are filled', { from: BEGIN }, {}, 'account_day (account_id=? AND day>?'],
    ['sums of a model', { model: 'o3' }, {}, 'model_day (day<?'],
    ['sums of a channel', { channelId: 1 }, {}, 'account_day (account_id=?'],
    [
      'sums of a key',
      { accounts: [1], keyIds: [2] },
      {},
      'usage_day (day=? AND account_id=? AND key_id=?',
    ],
    [
      'a chart by key',
      { accounts: [1], from: BEGIN, until: BEGIN + 24 * HOUR_MS },
      { by: 'key', stepSeconds: 3_600 },
      'usage_hour (hour=? AND account_id=?',
    ],
    [
      'what each key spent',
      { accounts: [1], from: BEGIN },
      { by: 'key', only: 'quota' },
      'usage_day (day=? AND account_id=?',
    ],
  ] as const)(
    '%s: sums by their key, the rest by what is not summed yet',
    async (_, filter, grouping, found) => {
      const plan = await explained(sql`select * from (${summable(filter, grouping)}) as found`)
      const [table = '', columns = ''] = found.split(' (')
      expect(plan).toContain(
        onPostgres ? `${table}_pkey` : `${table} USING PRIMARY KEY (${columns}`,
      )
      expect(plan).toMatch(
        onPostgres ? /using usage_\w+_id_idx/ : /usage USING INTEGER PRIMARY KEY \(rowid>\?\)/,
      )
    },
  )

  const planOf = (filter: UsageFilter) =>
    explained(
      store.db
        .selectFrom('usage')
        .selectAll()
        .where(meets(filter))
        .orderBy('created_at_ms', 'desc')
        .orderBy('id', 'desc')
        .limit(20),
    )

  async function explained(query: Compilable | { compile(db: Store['db']): CompiledQuery }) {
    const compiled = query.compile(store.db)
    const parameters = compiled.parameters as SqlValue[]
    if (onPostgres) {
      const lines = await database.rows(`explain ${inlined(compiled.sql, parameters)}`)
      return lines.map((line) => line['QUERY PLAN']).join('\n')
    }
    const asked = CompiledQuery.raw(`explain query plan ${compiled.sql}`, parameters)
    const { rows: steps } = await store.db.executeQuery<{ detail: string }>(asked)
    return steps.map(({ detail }) => detail).join('\n')
  }
})
