import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { UniqueViolation } from '../../src/storage/failures.ts'
import { mustChange, type Store } from '../../src/storage/store.ts'
import type { Change } from '../../src/storage/tables.ts'
import { openBooks, openPayers } from '../ledger/books.ts'
import { recordOf } from '../ledger/record.ts'
import { openTestStore } from '../tools/database.ts'

const account = (id: number, username: string) => ({
  id,
  username,
  password_hash: null,
  role: 'user' as const,
  status: 1,
  group_name: 'default',
  groups: '[]',
  unlimited_quota: 0,
  created_at: 1,
  deleted_at: null,
})

const insertAccount = (store: Store, id: number, username: string) =>
  store.db.insertInto('account').values(account(id, username))

const names = async (store: Store) =>
  (await store.db.selectFrom('account').select('username').orderBy('id').execute()).map(
    ({ username }) => username,
  )

it('a write is read back as soon as it resolves', async () => {
  const { store } = await openBooks()
  for (let id = 1; id <= 20; id++) {
    await store.write([insertAccount(store, id, `u${id}`)])
    expect(await names(store)).toHaveLength(id)
  }
})

it('a statement that must touch a row undoes its own write, and no other of the same commit', async () => {
  const { store } = await openBooks()
  const rename = store.db.updateTable('account').set({ username: 'z' }).where('id', '=', 99)
  const outcomes = await Promise.all([
    store.write([insertAccount(store, 1, 'a')]),
    store.write(
      [insertAccount(store, 2, 'b'), mustChange(rename)],
      [{ kind: 'account', subject: '2' }],
    ),
    store.write([insertAccount(store, 3, 'c')]),
  ])
  expect(outcomes.map((written) => written.done || written.stoppedAt)).toEqual([true, 1, true])
  expect(await names(store)).toEqual(['a', 'c'])
  expect(await store.db.selectFrom('change').selectAll().execute()).toEqual([])
})

it('says which columns are taken, and undoes only that write', async () => {
  const { store } = await openBooks()
  const outcomes = await Promise.allSettled([
    store.write([insertAccount(store, 1, 'a')]),
    store.write([insertAccount(store, 2, 'b'), insertAccount(store, 3, 'a')]),
    store.write([insertAccount(store, 4, 'd')]),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  const [, refused] = outcomes
  const reason: unknown = refused?.status === 'rejected' ? refused.reason : undefined
  expect(reason).toBeInstanceOf(UniqueViolation)
  expect(reason).toMatchObject({ columns: ['account.username'] })
  expect(await names(store)).toEqual(['a', 'd'])
})

it('a statement that the database refuses rejects its write alone, and the store stays healthy', async () => {
  const { store } = await openBooks()
  const outcomes = await Promise.allSettled([
    store.write([{ sql: 'insert into nowhere values (1)', parameters: [] }]),
    store.write([insertAccount(store, 1, 'a')]),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(store.healthy()).toBe(true)
})

it('numbers changes in the order of commits and tells them before the write resolves', async () => {
  const { store } = await openBooks()
  const told: Change[] = []
  store.onChange(() => {
    throw new Error('a broken listener')
  })
  store.onChange((change) => void told.push(change))
  const seen: number[] = []
  await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      await store.write(
        [insertAccount(store, n + 1, `u${n}`)],
        [
          { kind: 'account', subject: String(n + 1) },
          { kind: 'group', subject: 'g' },
        ],
      )
      seen.push(told.filter(({ subject }) => subject === String(n + 1)).length)
    }),
  )
  expect(seen).toEqual(Array.from({ length: 20 }, () => 1))
  const noted = await store.db.selectFrom('change').selectAll().orderBy('seq').execute()
  expect(noted.map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1))
  expect(noted.map(({ kind, subject }) => ({ kind, subject }))).toEqual(told)
  const counter = await store.db.selectFrom('change_counter').select('seq').executeTakeFirst()
  expect(counter?.seq).toBe(40)
})

it('never gives an id twice, deleted rows and restarts included', async () => {
  const { store: first, database } = await openTestStore()
  const ids = []
  for (const table of ['account', 'account', 'key'] as const) ids.push(await first.nextId(table))
  expect(ids).toEqual([1, 2, 1])
  await first.write([insertAccount(first, 2, 'b')])
  await first.write([first.db.deleteFrom('account').where('id', '=', 2)])
  await first.close()
  const second = await database.open()
  expect(await second.nextId('account')).toBe(3)
  await second.close()
})

const counting = (
  to: number,
) => sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${to})
  select count(*) from n`

it('a read that takes long keeps no other read waiting, neither one behind it nor a later one', async () => {
  const { store } = await openBooks()
  const ended: string[] = []
  const end = (name: string) => () => void ended.push(name)
  const long = counting(10_000_000).execute(store.db).then(end('long'))
  await names(store).then(end('short'))
  await names(store).then(end('later'))
  await long
  expect(ended).toEqual(['short', 'later', 'long'])
})

it('its readers run no change and no transaction', async () => {
  const { store } = await openBooks()
  await expect(insertAccount(store, 1, 'a').execute()).rejects.toThrow('store.write')
  await expect(sql`delete from account`.execute(store.db)).rejects.toThrow(/readonly|store\.write/)
  await expect(store.db.transaction().execute(async () => 1)).rejects.toThrow('store.write')
})

it('a usage record that the database refuses is mended, and its neighbours are not held up', async () => {
  const { store, ledger } = await openBooks()
  const payers = await openPayers({ store, ledger }, { key: 100, account: 100 })
  const charge = { cost: 10, atMost: 10, epoch: 0, ...payers }
  const odd = {
    ...recordOf('odd'),
    prompt_tokens: Number.NaN,
    use_time_ms: 12.5,
    completion_tokens: 1e300,
    model: 'm\u0000\ud800',
  }
  const settled = await Promise.all([
    store.settle({ ...charge, record: recordOf('before') }),
    store.settle({ ...charge, record: odd }),
    store.settle({ ...charge, record: recordOf('after') }),
  ])
  expect(settled.map(({ charged }) => charged)).toEqual([10, 10, 10])
  const rows = await store.db.selectFrom('usage').selectAll().orderBy('id').execute()
  expect(rows.map(({ request_id, quota }) => [request_id, quota])).toEqual([
    ['before', 10],
    ['odd', 10],
    ['after', 10],
  ])
  expect(rows[1]).toMatchObject({ prompt_tokens: 0, use_time_ms: 12, completion_tokens: 0 })
})

it('usage of an entity without a balance is counted, and what it had not is shortfall', async () => {
  const { store } = await openBooks()
  const settled = await store.settle({
    record: recordOf('a'),
    cost: 10,
    atMost: 10,
    epoch: 0,
    key: 40,
    account: 41,
    keyUnlimited: true,
    accountUnlimited: false,
    budgets: [],
  })
  expect(settled).toEqual({ charged: 0, shortfall: 10 })
  const rows = await store.db.selectFrom('balance').selectAll().execute()
  expect(rows.map(({ requests }) => requests)).toEqual([1, 1])
})

it('finishes what it was asked for when it closes, and refuses what comes later', async () => {
  const { store, database } = await openTestStore()
  const last = store.write([insertAccount(store, 1, 'a')])
  await store.close()
  expect((await last).done).toBe(true)
  await expect(store.write([insertAccount(store, 2, 'b')])).rejects.toThrow('closed')
  const again = await database.open()
  expect(await names(again)).toEqual(['a'])
  await again.close()
})

it('refuses reads once it is closed, instead of leaving them without an answer', async () => {
  const { store } = await openTestStore()
  await store.close()
  await expect(names(store)).rejects.toThrow(/its thread has ended|is closed/)
})
