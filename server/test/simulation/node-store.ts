import { budgetPeriodOf } from '../../src/ledger/entity.ts'
import { StorageUnavailable, UniqueViolation } from '../../src/storage/failures.ts'
import type { Joined } from '../../src/storage/lanes/join-ledger.ts'
import { type Store, toPlain, type Written } from '../../src/storage/store.ts'
import type { Change } from '../../src/storage/tables.ts'
import type { Database } from './database.ts'
import { changeBalance, DoneBefore, openBudget } from './database-management.ts'
import type { Connection } from './network.ts'
import type { Node } from './node.ts'
import { createReads } from './node-reads.ts'

export interface NodeStoreParts {
  readonly joined: Joined
  readonly connection: Connection
  readonly database: Database
  readonly keys: Node['keys']
  /** Says to all nodes that a balance was changed. */
  readonly changed: (entity: number) => void
}

export interface NodeStore extends Store {
  /** The feed has brought a change. */
  hear(change: Change): void
  /** The feed has seen that changes were lost. */
  fallBehind(): void
}

const never = (): never => {
  throw new Error('the simulation has no such thing')
}

/** As much of a store as ledger and budgets ask of it. */
export function createNodeStore(parts: NodeStoreParts): NodeStore {
  const { joined, connection, database } = parts
  const listeners: ((change: Change) => unknown)[] = []
  const ofBehind: (() => unknown)[] = []
  const db = createReads(connection, database)
  return {
    ...{ db, dbForCalls: db },
    dialect: 'postgres',
    settle: joined.settle,
    healthy: joined.healthy,
    accepting: database.weakness === 'fence' ? () => true : joined.accepting,
    loans: joined.loans,
    write: (statements) => write(parts, statements.map(toPlain)),
    onChange: (listener) => void listeners.push(listener),
    hear(change) {
      for (const listener of listeners) listener(change)
    },
    onBalance: () => undefined,
    onBehind: (listener) => void ofBehind.push(listener),
    fallBehind() {
      for (const listener of ofBehind) listener()
    },
    nextId: never,
    newestUsage: never,
    alone: never,
    backup: never,
    close: never,
  }
}

type Plain = ReturnType<typeof toPlain>

/** The only writes are refunds, and periods of budgets that begin. */
async function write(parts: NodeStoreParts, statements: readonly Plain[]): Promise<Written> {
  try {
    const opening = statements.every(({ sql }) => sql.includes('open_budget'))
    return await (opening ? open(parts, statements) : refund(parts, statements))
  } catch (failure) {
    if (failure instanceof DoneBefore) throw new UniqueViolation(['entry.idempotency'])
    throw new StorageUnavailable(String(failure), true)
  }
}

async function open(
  { connection, database, keys, changed }: NodeStoreParts,
  statements: readonly Plain[],
): Promise<Written> {
  const entities = new Set(statements.map(({ parameters }) => Number(parameters[0])))
  const isWeak = database.weakness === 'cached budget'
  const opened = await connection.ask('open budgets', () =>
    [...entities].map((entity) => {
      const row = openBudget(database, entity, isWeak ? cached(keys, entity) : undefined)
      if (row?.again === true) changed(entity)
      return row
    }),
  )
  const rows = opened.map((row) =>
    row === undefined ? [] : [{ budget: row.budget, remain: row.remain }],
  )
  return { done: true, rows, changed: rows.map(({ length }) => length) }
}

/** What a node's cache says of a budget. */
function cached(keys: Node['keys'], entity: number): number | undefined {
  const { owner, period } = budgetPeriodOf(entity)
  for (const { budgets = [] } of keys.values()) {
    const found = budgets.find((one) => one.owner === owner && one.period === period)
    if (found !== undefined) return found.amount
  }
  return undefined
}

const REFUND = /^refund:([^:]+):(\d+)$/

/** What the statements of a refund do, under its idempotency keys: nothing, where no record charges anything. */
async function refund(parts: NodeStoreParts, statements: readonly Plain[]): Promise<Written> {
  const { connection, database, changed } = parts
  const given = statements
    .flatMap(({ parameters }) => parameters)
    .flatMap((value) => {
      const [idempotency, request = '', entity] = REFUND.exec(String(value)) ?? []
      return idempotency === undefined ? [] : [{ idempotency, request, entity: Number(entity) }]
    })
  // Of unlimited payers only the figures are corrected, which the simulation does not have.
  const [first] = given
  const did: Written = { done: true, rows: [], changed: [] }
  if (first === undefined || database.weakness === 'no refund') return did
  return await connection.ask('refund', () =>
    database.journal.transact((): Written => {
      const delta = chargeOf(database, first.request)
      if (delta === 0) return { done: false, stoppedAt: 0 }
      for (const { idempotency, entity } of given) {
        if (changeBalance(database, { entity, delta, idempotency }) !== undefined) changed(entity)
      }
      return did
    }),
  )
}

function chargeOf(database: Database, request: string): number {
  const charged = database.usage.get(request)?.[0]?.charged ?? 0
  if (database.weakness !== 'lost charge' || charged > 0) return charged
  // What the node was answered before a failover lost it.
  return database.everCharged.get(request) ?? 0
}
