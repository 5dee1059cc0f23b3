import type { Kysely } from 'kysely'
import type { Loans } from './loans.ts'
import type { RateExchange } from './rate-exchange.ts'
import type { Change, Tables } from './tables.ts'
import type { UsageTable } from './usage-tables.ts'
import type { PlainStatement } from './wire.ts'

export type SqlValue = string | number | null | Uint8Array
export type Row = Record<string, SqlValue>

/** One compiled statement of a write. */
export interface Statement {
  readonly sql: string
  readonly parameters: readonly SqlValue[]
  /** `row`: the statement must change or return at least one row, else the whole write is undone. */
  readonly must?: 'row'
}

/** Anything Kysely can compile: an insert, update, delete. */
export interface Compilable {
  compile(): { readonly sql: string; readonly parameters: readonly unknown[] }
}

/** What a write did: the rows each statement returned, or which statement's `must` stopped it (nothing was written). */
export type Written =
  | {
      readonly done: true
      readonly rows: readonly (readonly Row[])[]
      readonly changed: readonly number[]
    }
  | { readonly done: false; readonly stoppedAt: number }

/** A usage record before it has an id. The record is the settlement's book entry. */
export type UsageRecord = Readonly<
  Omit<UsageTable, 'id' | 'quota' | 'shortfall' | 'key_charged' | 'account_charged' | 'budgets'>
>

/** A finished call: what it cost, whom to charge. `key` and `account` are entities, finite or unlimited. */
export interface Settlement {
  readonly record: UsageRecord
  readonly cost: number
  /** No more than this is charged, so that a call that outran its reservation never spends another call's. */
  readonly atMost: number
  readonly key: number
  readonly account: number
  readonly keyUnlimited: boolean
  readonly accountUnlimited: boolean
  /** Entities of the budgets that are charged alike. */
  readonly budgets: readonly number[]
  /** The registration under which its units are held; 0 where one process owns the database. */
  readonly epoch: number
}

/** A node as `/api/node/` shows it. */
export interface NodeStanding {
  readonly id: number
  readonly name: string
  readonly url: string
  readonly version: string
  /** Unix seconds. */
  readonly started_at: number
  readonly self: boolean
  /** Calls of its lanes. */
  readonly moves: number
  readonly settles: number
  readonly holds: number
  readonly units: number
}

/** Months of usage records that may go, as `Store.months` is asked. */
export interface MonthsAsked {
  /** Those that ended before; milliseconds since 1970. */
  readonly before: number
  /** What must be written of the records in a table before it goes; it stays when a `must` is not met. */
  readonly closing: (table: string) => readonly Statement[]
  /** Whether to stop: the program ends. */
  readonly over: () => boolean
}

/** What a settlement took. */
export interface Settled {
  readonly charged: number
  readonly shortfall: number
}

/**
 * The database. Reads go through `db` on a connection of their own; every change is one `write`.
 * Writes and settlements are committed in the order they were asked for, several in one disk sync.
 */
export interface Store {
  /** For reads, and for building the statements of a write. Never `execute` a change through it. */
  readonly db: Kysely<Tables>
  /** For reads that calls wait for: they go before what people ask. */
  readonly dbForCalls: Kysely<Tables>
  /** For the few texts that one database reads and the other does not. */
  readonly dialect: 'sqlite' | 'postgres'
  /**
   * One transaction: all statements, then the changes are numbered and announced. Resolves after the commit is durable
   * and after every `onChange` listener has run, so that the caller's answer comes after the caches know.
   * Statements that touch `balance` return `entity, remain` (see ledger/statements.ts): the balance listeners read them.
   * @throws StorageUnavailable when the disk refuses; UniqueViolation names the constraint's columns.
   */
  write(
    statements: readonly (Statement | Compilable)[],
    changes?: readonly Change[],
  ): Promise<Written>
  /**
   * Gathers with others and commits; resolves when durable. A bad record is mended, a full disk is waited for:
   * it rejects only when the waiting room is full or the store was closed. The settlement is read when its batch leaves,
   * so that its owner can still turn it into one that costs nothing.
   */
  settle(settlement: Settlement): Promise<Settled>
  /** The next id of a table, never given twice (deleted rows included). */
  nextId(
    table: 'key' | 'account' | 'access_token' | 'channel' | 'redemption' | 'webhook',
  ): Promise<number>
  /** The highest id of a usage record below which every one is committed: none turns up there later. */
  newestUsage(): Promise<number>
  /** Does work that no other node may do at the same time, and that it finds done when its turn comes. */
  alone<T>(work: () => Promise<T>): Promise<T>
  /**
   * Listeners are told of every node's changes, once each and in the order of commits, and of this node's own before
   * the write resolves; it also waits for what they return.
   */
  onChange(listener: (change: Change) => void | Promise<void>): void
  /** Told when changes were missed for good: everything that was read before may be old. */
  onBehind(listener: () => void | Promise<void>): void
  /**
   * Told of every committed balance, in the order of commits and before the promises of that commit resolve. Where many
   * nodes share the database nobody is: see `loans`.
   */
  onBalance(listener: (entity: number, remain: number) => void): void
  /** True while commits succeed; false after a disk failure, or 10 s of silence, until one succeeds again. */
  healthy(): boolean
  /** False when commits have failed, or one has not been answered, for 10 s, or too many settlements wait: new calls should be refused. */
  accepting(): boolean
  /** Where many nodes share the database: what is on loan to this one. */
  readonly loans?: Loans
  /** Where many nodes share the database: how they hear of each other's rate limits. */
  readonly rateExchange?: RateExchange
  /** Where many nodes share the database: what each of them holds. */
  nodes?(): Promise<readonly NodeStanding[]>
  /** Where usage records of a month are a table of their own. */
  readonly months?: {
    /**
     * Drops whole months, each in one transaction with what is written of it. Resolves with whether none is left for later:
     * because somebody reads the table, another node is at it, or a `must` was not met.
     */
    drop(asked: MonthsAsked): Promise<boolean>
    /** For a write that must not run meanwhile: returns a row when it may. */
    readonly noneIsDropped: Statement
  }
  /** Gives back the room of what was deleted, where the database does not do it by itself. */
  tidy?(): Promise<void>
  /** Copies the whole database, consistently, while it runs. */
  backup(path: string): Promise<void>
  /** Waits for everything asked for so far, then closes. */
  close(): Promise<void>
}

/** Marks a statement that must touch a row, else its whole write is undone. */
export function mustChange(query: Statement | Compilable): Statement {
  const { sql, parameters } = 'compile' in query ? query.compile() : query
  return { sql, parameters: parameters as readonly SqlValue[], must: 'row' }
}

/** A statement as text and values. */
export function toPlain(statement: Statement | Compilable): PlainStatement {
  const { sql, parameters } = 'sql' in statement ? statement : statement.compile()
  const must = 'must' in statement && statement.must === 'row'
  // Kysely types parameters as unknown; the database refuses what is no value, and the write with it.
  return { sql, parameters: parameters as readonly SqlValue[], must }
}
