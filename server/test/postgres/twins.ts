import type { BudgetWish } from '../../src/budgets/budget.ts'
import { changeRunningPeriods } from '../../src/budgets/change.ts'
import type { OpeningParts } from '../../src/budgets/opening.ts'
import { keyEntity } from '../../src/ledger/entity.ts'
import type { RefundStore } from '../../src/ledger/refund.ts'
import type { LedgerCalls } from '../../src/storage/lanes/ledger-calls.ts'
import { type Statement, toPlain } from '../../src/storage/store.ts'
import { Database } from '../simulation/database.ts'
import * as management from '../simulation/database-management.ts'
import { createNetwork } from '../simulation/network.ts'
import { NodeClock } from '../simulation/node-clock.ts'
import { createReads as createSimulatedReads } from '../simulation/node-reads.ts'
import { write } from '../simulation/node-store.ts'
import { QUIET } from '../simulation/profile.ts'
import { Owner, World } from '../simulation/world.ts'

/** New budgets of a key or an account. */
export interface BudgetsWish {
  readonly owner: number
  readonly before: readonly BudgetWish[]
  readonly after: readonly BudgetWish[]
  readonly atMs: number
}

/** One of two databases that must not differ: PostgreSQL with our functions, and the one that simulations run on. */
export interface Twin {
  readonly calls: Pick<LedgerCalls, 'register' | 'move' | 'settle' | 'lanes' | 'reap'>
  /** What periods of budgets and refunds ask of a store. */
  readonly store: OpeningParts['store'] & RefundStore
  openOwner(owner: number, amount: number, budgets: readonly BudgetWish[]): Promise<void>
  setBalance(entity: number, amount: number): Promise<void>
  /** What the entity has then; undefined when it would not be in its range. */
  changeBalance(entity: number, delta: number): Promise<number | undefined>
  changeBudgets(wish: BudgetsWish): Promise<void>
  deleteKey(key: number): Promise<void>
  /** All that is stored of the ledger. */
  stored(): Promise<Stored>
}

/** Rows by table, those of one key once, in any order. */
export type Stored = Readonly<Record<(typeof STORED)[number], readonly Row[]>>
type Row = readonly (number | string)[]

export const STORED = [
  'balances',
  'holds',
  'usage',
  'granted',
  'refunds',
  'opened',
  'corrections',
  'changes',
] as const

/** What is written of budgets, by a clock that stands where the wish says. */
export const changedPeriods = ({ atMs, ...change }: BudgetsWish): readonly Statement[] =>
  changeRunningPeriods(
    { store: { dialect: 'postgres' }, now: () => atMs },
    { ...change, whose: isKey(change.owner) ? 'key' : 'account', actor: 'x' },
  )

export const isKey = (owner: number): boolean => owner % 4 === keyEntity(0)

/** More than a message's way there and back. */
const ANSWERED_MS = 1_000

/** The simulations' database, asked over a network on which nothing goes wrong. */
export function openSimulated(seed: number): Twin {
  const world = new World(seed)
  const database = new Database(world)
  const network = createNetwork(world, database, QUIET)
  network.troubled = false
  const owner = new Owner('twin')
  const { calls, ask } = network.connect(owner, new NodeClock(world, owner))
  /** Time goes on until it is answered. */
  async function inTime<T>(answer: Promise<T>): Promise<T> {
    answer.catch(() => undefined)
    await world.run(world.now + ANSWERED_MS)
    return answer
  }
  const connection = { ask: <T>(what: string, apply: () => T) => inTime(ask(what, apply)) }
  const db = createSimulatedReads(connection, database)
  const writing = { connection, database, keys: new Map() }
  return {
    calls: {
      register: (facts, former) => inTime(calls.register(facts, former)),
      move: (call) => inTime(calls.move(call)),
      settle: (call) => inTime(calls.settle(call)),
      lanes: () => inTime(calls.lanes()),
      reap: (lanes) => inTime(calls.reap(lanes)),
    },
    store: {
      ...{ db, dbForCalls: db, dialect: 'postgres', onBehind: () => undefined },
      write: async (statements) => (await write(writing, statements.map(toPlain))).written,
    },
    async openOwner(entity, amount, budgets) {
      management.openBalance(database, entity, amount)
      database.journal.transact(() => database.owners.set(entity, { budgets, atMs: 0 }))
    },
    setBalance: async (entity, amount) => management.setBalance(database, entity, amount),
    changeBalance: async (entity, delta) => management.changeBalance(database, { entity, delta }),
    async changeBudgets(wish) {
      const amounts = management.amountsOf(changedPeriods(wish))
      management.updateBudgets(database, { ...wish, wishes: wish.after, amounts })
    },
    deleteKey: async (key) => management.deleteKey(database, key),
    stored: async () => storedIn(database),
  }
}

function storedIn(database: Database): Stored {
  const { balances, holds, usage, granted, refunds, opened, corrections, changes } = database
  return {
    balances: [...balances.rows()].map(([entity, { remain, used, requests }]) => [
      ...[entity, remain, used, requests, database.whole(entity)],
    ]),
    holds: [...holds.rows()].map(([, { epoch, entity, granted, spent, used, requests }]) => [
      ...[epoch, entity, granted, spent, used, requests],
    ]),
    usage: [...usage.rows()].flatMap(([id, rows]) =>
      rows.map(({ settlement, charged, shortfall }) => {
        const { keyUnlimited, accountUnlimited, budgets } = settlement
        const paid = [Number(!keyUnlimited), Number(!accountUnlimited), budgets.join(',')]
        return [id, charged, shortfall, ...paid]
      }),
    ),
    granted: [...granted.rows()].filter(([, units]) => units !== 0),
    refunds: [...refunds.rows()],
    opened: [...opened.rows()].map(([entity]) => [entity]),
    corrections: [...corrections.rows()],
    changes: [...changes.rows()].map(([seq, { kind, subject }]) => [seq, kind, subject]),
  }
}
