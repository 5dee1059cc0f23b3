import { StorageUnavailable, UniqueViolation } from '../../src/storage/failures.ts'
import type { Joined } from '../../src/storage/lanes/join-ledger.ts'
import { type Store, toPlain, type Written } from '../../src/storage/store.ts'
import type { Change } from '../../src/storage/tables.ts'
import type { Database, Weakness } from './database.ts'
import { changeBalance, DoneBefore } from './database-management.ts'
import { textOnly } from './kysely-text.ts'
import type { Connection } from './network.ts'

export interface NodeStoreParts {
  readonly joined: Joined
  readonly connection: Connection
  readonly database: Database
  readonly weakness: Weakness | undefined
  /** Says to all nodes that a balance was changed. */
  readonly changed: (entity: number) => void
}

export interface NodeStore extends Store {
  /** The feed has brought a change. */
  hear(change: Change): void
}

const never = (): never => {
  throw new Error('the simulation has no such thing')
}

/** As much of a store as the ledger asks of it. The only writes are refunds. */
export function createNodeStore(parts: NodeStoreParts): NodeStore {
  const { joined, weakness } = parts
  const listeners: ((change: Change) => unknown)[] = []
  return {
    db: textOnly,
    dialect: 'postgres',
    settle: joined.settle,
    healthy: joined.healthy,
    accepting: weakness === 'fence' ? () => true : joined.accepting,
    loans: joined.loans,
    write: (statements) => refund(parts, statements),
    onChange: (listener) => void listeners.push(listener),
    hear(change) {
      for (const listener of listeners) listener(change)
    },
    onBalance: () => undefined,
    onBehind: () => undefined,
    nextId: never,
    newestUsage: never,
    alone: never,
    backup: never,
    close: never,
  }
}

/** What the two statements of a refund do, under its idempotency key. */
async function refund(
  { connection, database, changed }: NodeStoreParts,
  statements: Parameters<Store['write']>[0],
): Promise<Written> {
  const [change, entry] = statements.map(toPlain)
  const [entity, delta] = (change?.parameters ?? []).map(Number)
  const idempotency = entry?.parameters.find((value) => String(value).startsWith('refund:'))
  if (entity === undefined || delta === undefined || typeof idempotency !== 'string')
    throw new Error('not a refund')
  try {
    const whole = await connection.ask('refund', () => {
      const left = changeBalance(database, { entity, delta, idempotency })
      if (left !== undefined) changed(entity)
      return left
    })
    if (whole === undefined) return { done: false, stoppedAt: 0 }
    return { done: true, rows: [[{ entity, remain: whole }], []], changed: [1, 1] }
  } catch (failure) {
    if (failure instanceof DoneBefore) throw new UniqueViolation(['entry.idempotency'])
    throw new StorageUnavailable(String(failure), true)
  }
}
