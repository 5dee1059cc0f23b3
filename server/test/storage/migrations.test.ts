import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { first } from '../../src/storage/migrations/0001-first.ts'
import { usageHours } from '../../src/storage/migrations/0002-usage-hours.ts'
import { balanceNow } from '../../src/storage/migrations/0003-balance-now.ts'
import { redemptions } from '../../src/storage/migrations/0004-redemptions.ts'
import { accountLimits } from '../../src/storage/migrations/0005-account-limits.ts'
import { closedUsage } from '../../src/storage/migrations/0006-closed-usage.ts'
import { migrate, SCHEMA, schemaOf, steps } from '../../src/storage/migrations/migrate.ts'
import { temporaryFolder } from '../ledger/books.ts'

const KINDS = ['grant', 'adjust', 'set', 'refund', 'close']

/** A database as the third schema left it. */
async function third(): Promise<DatabaseSync> {
  const database = new DatabaseSync(join(await temporaryFolder(), 'third.db'))
  onTestFinished(() => database.close())
  database.exec(first + usageHours + balanceNow)
  database.exec("insert into meta (name, value) values ('schema', '3')")
  return database
}

const insert = (database: DatabaseSync, kind: string, idempotency: string | null = null) =>
  database
    .prepare(
      `insert into entry (entity, delta, kind, reason, actor, idempotency, created_at)
        values (5, 7, ?, 'because', 'somebody', ?, 99)`,
    )
    .run(kind, idempotency).lastInsertRowid

const entries = (database: DatabaseSync) =>
  database.prepare('select * from entry order by id').all()

const indexes = (database: DatabaseSync) =>
  database
    .prepare("select name, sql from sqlite_master where tbl_name = 'entry' and type = 'index'")
    .all()

it('entries keep their rows, ids and indexes when their kinds become more', async () => {
  const database = await third()
  for (const kind of KINDS) insert(database, kind, `once:${kind}`)
  database.exec('delete from entry where id in (2, 5)')
  const before = { entries: entries(database), indexes: indexes(database) }
  expect(before.entries).toHaveLength(3)
  migrate(database, '')
  expect(schemaOf(database)).toBe(SCHEMA)
  expect({ entries: entries(database), indexes: indexes(database) }).toEqual(before)
  expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
  // The id of the deleted newest entry is not given again.
  expect(insert(database, 'redeem')).toBe(6)
  expect(() => insert(database, 'redeem', 'once:grant')).toThrow(/UNIQUE.*entry\.idempotency/)
  expect(() => insert(database, 'gift')).toThrow(/CHECK/)
})

it.each([
  ['that never had an entry', 1],
  ['whose entries are all gone', 3],
])('a database %s goes on counting where it was', async (_what, next) => {
  const database = await third()
  for (let id = 1; id < next; id++) insert(database, 'grant')
  database.exec('delete from entry')
  migrate(database, '')
  expect(insert(database, 'redeem')).toBe(next)
  const counted = database.prepare("select * from sqlite_sequence where name like 'entry%'").all()
  expect(counted).toEqual([{ name: 'entry', seq: next }])
})

it('records from before there was a list of attempts have none', () => {
  const database = new DatabaseSync(':memory:')
  onTestFinished(() => database.close())
  database.exec(first + usageHours + balanceNow + redemptions + accountLimits + closedUsage)
  database.exec("insert into meta (name, value) values ('schema', '6')")
  const numbers = database
    .prepare("select name, type from pragma_table_info('usage') where name <> 'id'")
    .all()
  const values = numbers.map(({ type }) => (type === 'TEXT' ? "'x'" : '1'))
  const names = numbers.map(({ name }) => name)
  database.exec(`insert into usage (${names.join(', ')}) values (${values.join(', ')})`)
  migrate(database, '')
  expect(database.prepare('select request_id, attempt_list from usage').all()).toEqual([
    { request_id: 'x', attempt_list: null },
  ])
})

it('every name that channels and accounts went by becomes a group', () => {
  const database = new DatabaseSync(':memory:')
  onTestFinished(() => database.close())
  database.exec(first + usageHours + balanceNow + redemptions + accountLimits + closedUsage)
  database.exec("insert into meta (name, value) values ('schema', '6')")
  database.exec(`
    insert into account (username, role, status, group_name, groups, unlimited_quota, created_at, deleted_at) values
      ('a', 'user', 1, 'staff', '["vip","auto"]', 0, 0, null), ('b', 'user', 1, 'staff', '[]', 0, 0, null),
      ('c', 'user', 1, 'gone', '["gone too"]', 0, 0, 1);
    insert into channel (name, type, base_url, keys, models, groups, model_mapping, priority, weight, free, status,
      headers, timeouts, created_at, deleted_at) values
      ('a', 'simulator', '', '[]', '[]', '["vip","O''Neill, \\"x\\""]', '{}', 0, 1, 0, 1, '{}', '{}', 0, null),
      ('b', 'simulator', '', '[]', '[]', '["gone"]', '{}', 0, 1, 0, 1, '{}', '{}', 0, 1)`)
  migrate(database, '')
  const groups = database.prepare('select * from channel_group order by name').all()
  const plain = {
    description: '',
    ratio: '1',
    ratios: '{}',
    walks: null,
    policy: '',
    fallback_models: '[]',
  }
  expect(groups).toEqual([
    { ...plain, name: 'O\'Neill, "x"' },
    { ...plain, name: 'auto', walks: '["default"]' },
    ...['default', 'staff', 'vip'].map((name) => ({ ...plain, name })),
  ])
})

it('a file of any earlier schema becomes what a new one is: tables, indexes, triggers', () => {
  const catalogueOf = (database: DatabaseSync) =>
    database.prepare('select type, name, tbl_name, sql from sqlite_master order by 1, 2').all()
  const open = () => {
    const database = new DatabaseSync(':memory:')
    onTestFinished(() => database.close())
    return database
  }
  const made = open()
  migrate(made, '')
  for (let schema = 1; schema < SCHEMA; schema++) {
    const database = open()
    database.exec(steps.slice(0, schema).join(''))
    database.exec(`insert into meta (name, value) values ('schema', '${schema}')`)
    migrate(database, '')
    expect(catalogueOf(database), `from schema ${schema}`).toEqual(catalogueOf(made))
  }
})
