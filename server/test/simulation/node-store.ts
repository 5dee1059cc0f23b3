import { budgetPeriodOf } from '../../src/ledger/entity.ts'
import { StorageUnavailable, UniqueViolation } from '../../src/storage/failures.ts'
import type { Joined } from '../../src/storage/lanes/join-ledger.ts'
import type { Feed } from '../../src/storage/postgres/feed.ts'
import type { NotedWrite } from '../../src/storage/postgres/write.ts'
import { type Store, toPlain, type Written } from '../../src/storage/store.ts'
import type { Change } from '../../src/storage/tables.ts'
import type { Database } from './database.ts'
import { DoneBefore, openBudget, refundCall } from './database-management.ts'
import type { Connection } from './network.ts'
import type { Node } from './node.ts'
import { createReads } from './node-reads.ts'

/** What writes need. */
export interface WriteParts {
  readonly connection: Pick<Connection, 'ask'>
  readonly database: Database
  readonly keys: Node['keys']
}

export interface NodeStoreParts extends WriteParts {
  readonly joined: Joined
  readonly listeners: Pick<Store, 'onChange' | 'onBehind'>
  readonly feed: Pick<Feed, 'follow'>
}

/** Some settlements are rejected for no reason. */
const givingUp =
  ({ joined, database }: NodeStoreParts): Store['settle'] =>
  (settlement) =>
    database.world.random.chance(0.01)
      ? Promise.reject(new StorageUnavailable('weakened', false))
      : joined.settle(settlement)

type Plain = ReturnType<typeof toPlain>

const never = (): never => {
  throw new Error('the simulation has no such thing')
}

/** As much of a store as ledger and budgets ask of it. */
export function createNodeStore(parts: NodeStoreParts): Store {
  const { joined, connection, database, listeners, feed } = parts
  const db = createReads(connection, database)
  return {
    ...{ db, dbForCalls: db },
    dialect: 'postgres',
    settle: database.weakness === 'given up' ? givingUp(parts) : joined.settle,
    healthy: joined.healthy,
    accepting: database.weakness === 'fence' ? () => true : joined.accepting,
    loans: joined.loans,
    async write(statements) {
      const did = await write(parts, statements.map(toPlain))
      await feed.follow(did.newest, did.noted)
      return did.written
    },
    onChange: listeners.onChange,
    onBehind: listeners.onBehind,
    onBalance: () => undefined,
    nextId: never,
    newestUsage: never,
    alone: never,
    backup: never,
    close: never,
  }
}

/** The only writes are refunds, and periods of budgets that begin. */
export async function write(parts: WriteParts, statements: readonly Plain[]): Promise<NotedWrite> {
  try {
    const opening = statements.every(({ sql }) => sql.includes('open_budget'))
    return await (opening ? open(parts, statements) : refund(parts, statements))
  } catch (failure) {
    if (failure instanceof DoneBefore) throw new UniqueViolation(['correction.cause'])
    throw new StorageUnavailable(String(failure), true)
  }
}

/** All of it in one transaction, and what all nodes are to be told of it. */
function noting({ journal, changes, newest: before }: Database, work: () => Written): NotedWrite {
  return journal.transact(() => {
    const written = work()
    const noted: Change[] = []
    for (let change = changes.get(before + 1); change !== undefined; ) {
      noted.push(change)
      change = changes.get(before + 1 + noted.length)
    }
    return { written, noted, newest: noted.length === 0 ? 0 : before + noted.length }
  })
}

async function open(
  { connection, database, keys }: WriteParts,
  statements: readonly Plain[],
): Promise<NotedWrite> {
  const entities = new Set(statements.map(({ parameters }) => Number(parameters[0])))
  const isWeak = database.weakness === 'cached budget'
  return connection.ask('open budgets', () =>
    noting(database, () => {
      const rows = [...entities].map((entity) => {
        const row = openBudget(database, entity, isWeak ? cached(keys, entity) : undefined)
        return row === undefined ? [] : [row]
      })
      return { done: true, rows, changed: rows.map(({ length }) => length) }
    }),
  )
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

const REFUND = /^refund:([^:]+)(?::(\d+))?$/

/** What the statements of a refund do, as their causes and idempotency keys say: figures beside the balances apart. */
async function refund(
  { connection, database }: WriteParts,
  statements: readonly Plain[],
): Promise<NotedWrite> {
  const named = statements
    .flatMap(({ parameters }) => parameters)
    .flatMap((value) => {
      const [cause, request = '', entity] = REFUND.exec(String(value)) ?? []
      return cause === undefined ? [] : [{ request, entity }]
    })
  const [first] = named
  if (first === undefined) throw new Error('the simulation knows no other write')
  const { request } = first
  const payers = named.flatMap(({ entity }) => (entity === undefined ? [] : [Number(entity)]))
  if (database.weakness === 'no refund') return { written: DONE, noted: [], newest: 0 }
  return connection.ask('refund', () =>
    noting(database, () => {
      const charge = chargeOf(database, request)
      const isDone = refundCall(database, { request, charge, payers })
      return isDone ? DONE : { done: false, stoppedAt: 0 }
    }),
  )
}

const DONE: Written = { done: true, rows: [], changed: [] }

function chargeOf(database: Database, request: string): number {
  const charged = database.usage.get(request)?.[0]?.charged ?? 0
  if (database.weakness !== 'lost charge' || charged > 0) return charged
  // What the node was answered before a failover lost it.
  return database.everCharged.get(request) ?? 0
}
