import { Kysely } from 'kysely'
import { onTestFinished } from 'vitest'
import type { BudgetWish } from '../../src/budgets/budget.ts'
import { changeBalance, openBalance, setBalance } from '../../src/ledger/statements.ts'
import { machineClock } from '../../src/storage/lanes/clock.ts'
import { createConnection } from '../../src/storage/postgres/connection.ts'
import { createReadingDialect } from '../../src/storage/postgres/dialect.ts'
import { createLedgerCalls } from '../../src/storage/postgres/ledger-calls.ts'
import { createReads } from '../../src/storage/postgres/pool.ts'
import { writeAtOnce } from '../../src/storage/postgres/write.ts'
import {
  type Compilable,
  mustChange,
  type Statement,
  type Store,
  toPlain,
} from '../../src/storage/store.ts'
import type { Change, Tables } from '../../src/storage/tables.ts'
import { newDatabase } from '../tools/database.ts'
import { openSession } from './sessions.ts'
import { changedPeriods, isKey, STORED, type Stored, type Twin } from './twins.ts'

const READ: Readonly<Record<keyof Stored, string>> = {
  balances: `select b.entity, b.remain, b.used, b.requests, n.remain as whole
    from balance b join balance_now n on n.entity = b.entity`,
  holds: 'select epoch, entity, granted, spent, used, requests from hold',
  usage: 'select request_id, quota, shortfall, key_charged, account_charged, budgets from usage',
  granted: 'select entity, sum(delta) from entry group by entity having sum(delta) <> 0',
  refunds: `select idempotency, delta from entry where kind = 'refund'`,
  opened: `select distinct entity from entry where entity % 4 = 2 and kind <> 'refund'`,
  corrections: 'select cause, quota from correction',
  changes: 'select seq, kind, subject from change',
}
const READ_ALL = `select ${STORED.map(
  (name) => `(select coalesce(json_agg(one), '[]') from (${READ[name]}) as one) as ${name}`,
).join(', ')}`
const EMPTY = `delete from balance; delete from hold; delete from usage; delete from entry; delete from correction;
  delete from change; delete from node; delete from node_lane; delete from key; delete from account;
  update change_counter set seq = 0`

const BY_PEOPLE = { actor: 'people', seconds: 1 }

/** PostgreSQL with our functions, asked as nodes and management ask it; `empty` makes it new. */
export async function openReal(): Promise<Twin & { empty(): Promise<void> }> {
  const database = await newDatabase()
  const url = database.config.databaseUrl ?? ''
  onTestFinished(database.remove)
  const { run, client } = await openSession(url)
  const connection = createConnection(url)
  const reads = createReads(url)
  onTestFinished(async () => void (await Promise.all([connection.close(), reads.close()])))
  const db = new Kysely<Tables>({ dialect: createReadingDialect(reads.readForCall) })
  const writing =
    (changes: readonly Change[]): Store['write'] =>
    async (statements) =>
      (await writeAtOnce(connection, statements.map(toPlain), changes)).written
  const write = writing([])
  const store = { db, dbForCalls: db, dialect: 'postgres' as const, write }
  /** The row of a key or an account, and what else its write does. */
  async function changeOwner(owner: number, columns: object, also: readonly Statement[] = []) {
    const [kind, id] = [isKey(owner) ? 'key' : 'account', Math.floor(owner / 4)] as const
    const change = db.updateTable(kind).set(columns).where('id', '=', id)
    await writing([{ kind, subject: String(id) }])([change, ...also])
  }
  return {
    calls: createLedgerCalls({
      ...{ moveLane: run, settleLane: run, others: run },
      ...{ clock: machineClock, onNotification: () => undefined },
    }),
    store: { ...store, onBehind: () => undefined },
    async openOwner(owner, amount, budgets) {
      const opened = openBalance(store, { ...BY_PEOPLE, entity: owner, amount })
      // Not through a write: it would be told as a change, which the opening of a balance is not in the simulation.
      for (const one of [rowOf(db, owner, budgets), ...opened]) {
        const { sql, parameters } = one.compile()
        await client.query(sql, [...parameters])
      }
    },
    async setBalance(entity, amount) {
      await write(setBalance(store, { ...BY_PEOPLE, entity, amount }))
    },
    async changeBalance(entity, delta) {
      const change = { ...BY_PEOPLE, entity, delta, kind: 'adjust' as const, reason: '' }
      const [balance, entry] = changeBalance(store, change)
      const written = await write([mustChange(balance), entry])
      return written.done ? Number(written.rows[0]?.[0]?.remain) : undefined
    },
    async changeBudgets(wish) {
      const columns = { [isKey(wish.owner) ? 'extra' : 'limits']: columnOf(wish.after) }
      await changeOwner(wish.owner, columns, changedPeriods(wish))
    },
    deleteKey: (key) => changeOwner(key, { deleted_at: 1 }),
    async stored() {
      const { rows } =
        await client.query<Record<keyof Stored, Record<string, number | string>[]>>(READ_ALL)
      const [tables] = rows
      const inRows = (name: keyof Stored) => tables?.[name].map((row) => Object.values(row)) ?? []
      return Object.fromEntries(STORED.map((name) => [name, inRows(name)])) as unknown as Stored
    },
    empty: async () => void (await client.query(EMPTY)),
  }
}

const columnOf = (budgets: readonly BudgetWish[]): string => JSON.stringify({ budgets })

function rowOf(db: Kysely<Tables>, owner: number, budgets: readonly BudgetWish[]): Compilable {
  const id = Math.floor(owner / 4)
  const shared = { id, status: 1, group_name: '', unlimited_quota: 0, deleted_at: null }
  if (isKey(owner)) {
    return db.insertInto('key').values({
      ...{ ...shared, account_id: 1, digest: `d${id}`, pepper_id: 1, sealed: null, hint: '' },
      ...{ name: '', created_time: 1, accessed_time: 1, expired_time: -1, model_limits: '' },
      ...{ model_limits_enabled: 0, allow_ips: null, cross_group_retry: 0 },
      extra: columnOf(budgets),
    })
  }
  return db.insertInto('account').values({
    ...{ ...shared, username: `a${id}`, password_hash: null, role: 'user', groups: '[]' },
    ...{ created_at: 1, limits: columnOf(budgets) },
  })
}
