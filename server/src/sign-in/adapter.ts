import {
  type CleanedWhere,
  type CustomAdapter,
  createAdapterFactory,
  type DBAdapterInstance,
} from 'better-auth/adapters'
import { type RawBuilder, sql } from 'kysely'
import { statementOf } from '../storage/statement-of.ts'
import type { Compilable, Row, Statement, Store } from '../storage/store.ts'
import type { Change } from '../storage/tables.ts'
import { matching } from './conditions.ts'
import { columnOf, type Model, modelOf, toRecord, toStored } from './models.ts'

/** What the sign-in library may do with accounts and their passwords, which are not its own. */
export interface AccountWrites {
  /** Makes an account for somebody a provider vouches for; resolves with its id. */
  create(wanted: Readonly<Record<string, unknown>>): Promise<number>
  /** Sets a password's hash; sessions of the account end. */
  setPassword(accountId: number, hash: string): Promise<void>
  /** What the audit log notes when the library changes a column of an account. */
  changed(accountId: number, after: object): Compilable
}

interface Parts {
  readonly store: Store
  readonly accounts: AccountWrites
}

/** The sign-in library's way to our tables, on either database: it reads by `store.db` and writes by `store.write`. */
export function createAdapter(parts: Parts): DBAdapterInstance {
  return createAdapterFactory({
    config: { adapterId: 'turnpike', adapterName: 'Turnpike', supportsNumericIds: false },
    adapter: () => createOperations(parts),
  })
}

function createOperations(parts: Parts): CustomAdapter {
  const { store } = parts
  const find = async (model: Model, where: readonly CleanedWhere[], rest = sql``) => {
    const query = sql<Row>`select * from ${sql.table(model.table)} where ${matching(model, where)} ${rest}`
    return (await query.execute(store.db)).rows.map((row) => toRecord(model, row))
  }
  const count = async (name: string, where: readonly CleanedWhere[] = []) => {
    const model = modelOf(name)
    const query = sql<{ found: number }>`
      select count(*) as found from ${sql.table(model.table)} where ${matching(model, where)}`
    return Number((await query.execute(store.db)).rows[0]?.found ?? 0)
  }
  const operations = {
    create: (asked: { model: string; data: Given }) => create(parts, asked.model, asked.data),
    async findOne(asked: { model: string; where: readonly CleanedWhere[] }) {
      const [found] = await find(modelOf(asked.model), asked.where, sql`limit 1`)
      return found ?? null
    },
    async findMany(asked: ManyAsked) {
      const model = modelOf(asked.model)
      return find(model, asked.where ?? [], restOf(model, asked))
    },
    count: (asked: { model: string; where?: readonly CleanedWhere[] }) =>
      count(asked.model, asked.where),
    async update({ model, where, update }: { model: string; where: Where; update: Given }) {
      const [changed] = await updateRows(parts, { model, where, set: update })
      return changed ?? null
    },
    updateMany: async (asked: { model: string; where: Where; update: Given }) =>
      (await updateRows(parts, { ...asked, set: asked.update })).length,
    delete: async ({ model, where }: { model: string; where: Where }) => {
      await removeRows(parts, model, where)
    },
    deleteMany: async ({ model, where }: { model: string; where: Where }) =>
      (await removeRows(parts, model, where)).length,
    async consumeOne({ model, where }: { model: string; where: Where }) {
      const [row] = await removeRows(parts, model, where, { onlyOne: true })
      return row ?? null
    },
    async incrementOne({ model, where, increment, set = {} }: IncrementAsked) {
      const [row] = await updateRows(parts, { model, where, set, increment, onlyOne: true })
      return row ?? null
    },
  }
  // The library's types promise whatever its caller asks for; the rows have the fields of the model.
  return operations as unknown as CustomAdapter
}

type Where = readonly CleanedWhere[]
type Given = Readonly<Record<string, unknown>>

interface ManyAsked {
  readonly model: string
  readonly where?: Where
  readonly limit?: number
  readonly offset?: number
  readonly sortBy?: { readonly field: string; readonly direction: 'asc' | 'desc' }
}

interface IncrementAsked {
  readonly model: string
  readonly where: Where
  readonly increment: Readonly<Record<string, number>>
  readonly set?: Given
}

interface Updating {
  readonly model: string
  readonly where: Where
  readonly set: Given
  readonly increment?: Readonly<Record<string, number>>
  readonly onlyOne?: boolean
}

function restOf(model: Model, { sortBy, limit, offset = 0 }: ManyAsked): RawBuilder<unknown> {
  const order =
    sortBy === undefined
      ? sql``
      : sql`order by ${sql.ref(columnOf(model, sortBy.field).name)} ${sql.raw(sortBy.direction)}`
  return limit === undefined ? order : sql`${order} limit ${limit} offset ${offset}`
}

async function create({ store, accounts }: Parts, name: string, given: Given): Promise<Given> {
  const model = modelOf(name)
  if (name === 'user') {
    const id = await accounts.create(given)
    const { rows } = await sql<Row>`select * from account where id = ${id}`.execute(store.db)
    return toRecord(model, rows[0] ?? {})
  }
  if (name === 'account' && given.providerId === 'credential') {
    await accounts.setPassword(Number(given.userId), String(given.password))
    return given
  }
  const used = name === 'session' ? { lastUsedAt: given.createdAt } : {}
  const row = { ...FILLED[name], ...toColumns(model, { ...given, ...used }) }
  const columns = Object.keys(row).map((column) => sql.ref(column))
  const insert = sql`insert into ${sql.table(tableOf(model))} (${sql.join(columns)})
    values (${sql.join(Object.values(row))}) returning *`
  const noted =
    name === 'account'
      ? [accounts.changed(Number(given.userId), { identity: `added: ${given.providerId}` })]
      : []
  const [written] = await write(store, [statementOf(store.db, insert), ...noted])
  return toRecord(model, written ?? {})
}

/** What the library leaves open, and our columns don't. */
const FILLED: Readonly<Record<string, Readonly<Record<string, number | string>>>> = {
  session: { ip: '', device: '' },
  twoFactor: { failures: 0, verified: 0 },
}

async function updateRows(parts: Parts, asked: Updating): Promise<readonly Given[]> {
  const { store } = parts
  const model = modelOf(asked.model)
  const met = matching(model, asked.where)
  if (asked.model === 'account' && typeof asked.set.password === 'string') {
    return changePasswords(parts, met, asked.set.password)
  }
  const set = Object.entries(toColumns(model, asked.set)).map(
    ([column, value]) => sql`${sql.ref(column)} = ${value}`,
  )
  for (const [field, by] of Object.entries(asked.increment ?? {})) {
    const column = sql.ref(columnOf(model, field).name)
    set.push(sql`${column} = ${column} + ${by}`)
  }
  if (set.length === 0) set.push(sql`id = id`)
  const chosen = asked.onlyOne ? onlyOne(model, met) : met
  const changes = await changesOf(store, asked.model, met)
  const noted =
    asked.model === 'user'
      ? changes.map(({ subject }) => parts.accounts.changed(Number(subject), shown(asked.set)))
      : []
  const change = sql`update ${sql.table(tableOf(model))} set ${sql.join(set)} where ${chosen} returning *`
  const rows = await write(store, [statementOf(store.db, change), ...noted], changes)
  return rows.map((row) => toRecord(model, row))
}

/** What the audit log may hold of a change: what an account has, never what is kept secret of it. */
function shown({ email, emailVerified, twoFactorEnabled }: Given): object {
  return {
    ...(email === undefined ? {} : { email }),
    ...(emailVerified === undefined ? {} : { email_verified: emailVerified }),
    ...(twoFactorEnabled === undefined ? {} : { two_factor: twoFactorEnabled }),
  }
}

async function changePasswords(
  { store, accounts }: Parts,
  met: RawBuilder<unknown>,
  hash: string,
): Promise<readonly Given[]> {
  const found = sql<Row>`select * from identity_all where provider = 'credential' and ${met}`
  const { rows } = await found.execute(store.db)
  for (const { account_id } of rows) await accounts.setPassword(Number(account_id), hash)
  return rows.map((row) => toRecord(modelOf('account'), { ...row, password: hash }))
}

async function removeRows(
  { store }: Parts,
  name: string,
  where: Where,
  { onlyOne: single = false } = {},
): Promise<readonly Given[]> {
  if (name === 'user') throw new Error('an account is removed by DELETE /api/user/{id}')
  const model = modelOf(name)
  const met = matching(model, where)
  const changes = await changesOf(store, name, met)
  const chosen = single ? onlyOne(model, met) : met
  const removal = sql`delete from ${sql.table(tableOf(model))} where ${chosen} returning *`
  const rows = await write(store, [statementOf(store.db, removal)], changes)
  return rows.map((row) => toRecord(model, row))
}

/** The condition again: another write may have come between the choice and the change. */
const onlyOne = (model: Model, met: RawBuilder<unknown>) =>
  sql`id in (select id from ${sql.table(model.table)} where ${met} limit 1) and ${met}`

/** Passwords are no rows of their own; everything else that vouches for an account is. */
const tableOf = (model: Model): string => (model.isView ? 'identity' : model.table)

/** Caches that know a session or an account are told. */
async function changesOf(
  store: Store,
  name: string,
  met: RawBuilder<unknown>,
): Promise<readonly Change[]> {
  if (name !== 'session' && name !== 'user') return []
  const column = name === 'session' ? 'account_id' : 'id'
  const table = name === 'session' ? 'session' : 'account'
  const { rows } = await sql<{ id: number }>`
    select distinct ${sql.ref(column)} as id from ${sql.table(table)} where ${met}`.execute(
    store.db,
  )
  const kind = name === 'session' ? 'session' : 'account'
  return rows.map(({ id }) => ({ kind, subject: String(id) }))
}

function toColumns(model: Model, given: Given): Record<string, ReturnType<typeof toStored>> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([field, value]) => {
      const column = model.columns[field]
      // The library has fields that are not kept: pictures, and tokens of other providers, which nobody here uses.
      if (column === undefined || column.fixed || value === undefined) return []
      return [[column.name, toStored(column, value)]]
    }),
  )
}

async function write(
  store: Store,
  statements: readonly (Statement | Compilable)[],
  changes: readonly Change[] = [],
): Promise<readonly Row[]> {
  const written = await store.write(statements, changes)
  return written.done ? (written.rows[0] ?? []) : []
}
