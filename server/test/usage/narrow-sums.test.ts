import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Store } from '../../src/storage/store.ts'
import type { UsageRow } from '../../src/usage/logs.ts'
import { createNarrowSums } from '../../src/usage/narrow-sums.ts'
import { createRollUp, type RollUp } from '../../src/usage/roll-up.ts'
import { seriesOf, totalsOf } from '../../src/usage/totals.ts'
import { newDatabase, type TestDatabase } from '../tools/database.ts'
import { filters, madeRecords, meant as ofRows, sums } from './made-records.ts'

const NARROW = ['model_hour', 'model_day', 'group_hour', 'group_day'] as const
const failed = (error: unknown) => {
  throw error
}

let database: TestDatabase
let store: Store
let rollUp: RollUp
const rows: UsageRow[] = []
const made = madeRecords(3_000)

/** An installation that summed records before there were narrow sums, and some since. */
beforeAll(async () => {
  database = await newDatabase()
  store = await database.open()
  rollUp = createRollUp({ store, failed })
  await add(1_500)
  for (const table of NARROW) await store.write([store.db.deleteFrom(table)])
  await add(800)
})
afterAll(async () => {
  await rollUp.close()
  await store.close()
  await database.remove()
})

/** Makes the next records and sums them. */
async function add(count: number) {
  const next = made.slice(rows.length, rows.length + count)
  rows.push(...next)
  for (let at = 0; at < next.length; at += 500)
    await store.write(
      next.slice(at, at + 500).map((one) => store.db.insertInto('usage').values(one)),
    )
  await rollUp.run()
}

async function expectSumsOfRecords() {
  await fc.assert(
    fc.asyncProperty(filters, fc.constantFrom(3_600, 86_400), async (filter, stepSeconds) => {
      const records = ofRows(rows, filter)
      expect(await totalsOf(store.db, filter)).toEqual(sums(records))
      for (const [by, column] of [
        ['model', 'model'],
        ['group', 'group_name'],
      ] as const) {
        const expected = Map.groupBy(records, (one) => {
          const at = Math.floor(one.created_at_ms / 1000 / stepSeconds) * stepSeconds
          return JSON.stringify([at, one[column]])
        })
        const series = await seriesOf(store.db, filter, { by, stepSeconds, most: 100_000 })
        const found = series.map(({ at, of, ...totals }) => [JSON.stringify([at, of]), totals])
        expect(Object.fromEntries(found)).toEqual(
          Object.fromEntries([...expected].map(([name, some]) => [name, sums(some)])),
        )
      }
    }),
    { numRuns: 60 },
  )
}

/** What a table holds, and what it must: the sums of those that keep more apart. */
async function expectFilled(table: (typeof NARROW)[number]) {
  const [by = '', unit = ''] = table.split('_')
  const key = `${unit}, ${by === 'model' ? 'model' : 'group_name'}`
  const figures = ['requests', 'failed', 'quota', 'shortfall', 'prompt_tokens', 'completion_tokens']
  const texts = (some: string[]) => some.map((one) => `cast(${one} as text) as ${one}`).join(', ')
  const names = [...key.split(', '), ...figures]
  const added = figures.map((name) => `sum(${name}) as ${name}`).join(', ')
  const held = await database.rows(`select ${texts(names)} from ${table} order by ${key}`)
  const wanted = await database.rows(
    `select ${texts(names)} from (select ${key}, ${added} from account_${unit} where account_id = 0 group by ${key}) as added order by ${key}`,
  )
  expect(held.length).toBeGreaterThan(5)
  expect(held).toEqual(wanted)
}

const isFilled = async () =>
  (await store.db.selectFrom('meta').selectAll().where('name', '=', 'usage_narrowed').execute())
    .length === 1

describe('sums by model alone and by group alone', () => {
  test('are not asked before they are filled', expectSumsOfRecords)

  test('are filled piece by piece, and every answer is right meanwhile', async () => {
    // It is stopped at one write after the other, and begun anew.
    for (let most = 0; !(await isFilled()); most += 2) {
      expect(most).toBeLessThan(40)
      let writes = 0
      const cut: Store = {
        ...store,
        async write(...parameters) {
          if (writes++ === most) throw new Error('the process died')
          return store.write(...parameters)
        },
      }
      const narrowSums = createNarrowSums({ store: cut, failed, sumsAWrite: 100 })
      await narrowSums.run().catch((error) => expect(String(error)).toMatch(/died/))
      await narrowSums.close()
      if (most < 8) await add(50)
      if (most % 4 === 2) await expectSumsOfRecords()
    }
    for (const table of NARROW) await expectFilled(table)
  })

  test('go on with the records that come', async () => {
    await add(300)
    for (const table of NARROW) await expectFilled(table)
    await expectSumsOfRecords()
  })

  test('two that fill at once, while records are summed, fill the same', async () => {
    for (const table of NARROW) await store.write([store.db.deleteFrom(table)])
    await store.write([store.db.deleteFrom('meta').where('name', '=', 'usage_narrowed')])
    const both = [1, 2].map(() => createNarrowSums({ store, failed, sumsAWrite: 100 }))
    await Promise.all([...both.map((one) => one.run()), add(200)])
    await Promise.all(both.map((one) => one.close()))
    expect(await isFilled()).toBe(true)
    for (const table of NARROW) await expectFilled(table)
    await expectSumsOfRecords()
  })
})
