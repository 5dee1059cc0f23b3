import type { DatabaseSync } from 'node:sqlite'
import { mend, whole } from './mend.ts'
import {
  type Batch,
  CHARGE,
  NUMBERS,
  SETTLED,
  STRIDE,
  TEXT_STRIDE,
  TEXTS,
  unpackRare,
} from './wire.ts'

/** A balance as the running transaction sees it. */
interface Balance {
  remain: number
  used: number
  requests: number
  /** No row yet: usage of an entity that has none is counted all the same. */
  missing: boolean
  dirty: boolean
}

export interface Settler {
  /** Settles the n-th settlement of a batch and puts down what it took. A bad record is mended: says why. */
  settle(batch: Batch, index: number, answer: SettledNumbers): string | undefined
  /** Writes the balances that were touched. Before any other statement of the transaction, and before its commit. */
  flush(): void
  /** Forgets balances: they may have been changed by others, or rolled back. */
  forget(): void
}

/** What settlements took and left: see wire.ts. */
export interface SettledNumbers {
  readonly settled: Float64Array
  readonly budgets: number[]
}

const NO_BUDGETS: readonly Balance[] = []

/** Numbers that the record gets from its settling, in the order they are bound. */
const TAKEN = ['quota', 'shortfall', 'key_charged', 'account_charged'] as const

/**
 * Settles calls inside a transaction that somebody else begins and commits. Balances are read once and written once a
 * batch, however many calls of one account it holds: nobody else writes to this file.
 */
export function createSettler(database: DatabaseSync): Settler {
  const balances = createBatchBalances(database)
  const columns = [...TAKEN, ...NUMBERS, ...TEXTS, 'budgets', ...OWN]
  const insert = database.prepare(
    `insert into usage (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
  )
  const values: (number | string | null)[] = new Array(columns.length).fill(0)

  /** Inserts the record; one that the database refuses goes in again with everything odd about it put right. */
  function record(): string | undefined {
    try {
      insert.run(...values)
      return undefined
    } catch (failure) {
      if (!isRefusal(failure)) throw failure
      insert.run(...values.map(mendedAt))
      return failure instanceof Error ? failure.message : String(failure)
    }
  }

  function settle(
    { numbers, texts }: Batch,
    index: number,
    answer: SettledNumbers,
  ): string | undefined {
    const from = index * STRIDE
    const cost = whole(numbers[from])
    const key = balances.of(whole(numbers[from + 2]))
    const account = balances.of(whole(numbers[from + 3]))
    const keyFinite = numbers[from + 4] === 0
    const accountFinite = numbers[from + 5] === 0
    const rare = unpackRare(texts[(index + 1) * TEXT_STRIDE - 1] ?? '')
    const budgets =
      rare.budgets === '' ? NO_BUDGETS : rare.budgets.split(',').map(Number).map(balances.of)
    let charged = Math.min(cost, whole(numbers[from + 1]))
    for (const { remain } of budgets) charged = Math.min(charged, remain)
    if (keyFinite) charged = Math.min(charged, key.remain)
    if (accountFinite) charged = Math.min(charged, account.remain)

    values[0] = charged
    values[1] = cost - charged
    values[2] = keyFinite ? 1 : 0
    values[3] = accountFinite ? 1 : 0
    let at = TAKEN.length
    for (let n = CHARGE; n < STRIDE; n++) values[at++] = numbers[from + n] ?? 0
    for (let n = 0; n < TEXTS.length; n++) values[at++] = texts[index * TEXT_STRIDE + n] ?? ''
    values[at++] = rare.budgets
    values[at++] = rare.attempts
    values[at] = rare.details
    const mended = record()

    take(key, charged, keyFinite)
    take(account, charged, accountFinite)
    for (const budget of budgets) {
      take(budget, charged, true)
      answer.budgets.push(budget.remain)
    }
    answer.settled.set([charged, cost - charged, key.remain, account.remain], index * SETTLED)
    return mended
  }

  return { settle, flush: balances.flush, forget: balances.forget }
}

/** JSON that we wrote ourselves: the last of the columns. */
const OWN = ['attempt_list', 'details'] as const

/** What is null stays so, and so does what we wrote ourselves: cut short, a list of attempts would be none. */
function mendedAt(value: number | string | null, at: number, all: readonly unknown[]) {
  if (value === null || at >= all.length - OWN.length) return value
  return mend(value, at < TAKEN.length + NUMBERS.length)
}

/** The balances that a batch touches. */
function createBatchBalances(database: DatabaseSync) {
  const read = database.prepare('select remain, used, requests from balance where entity = ?')
  const update = database.prepare(
    'update balance set remain = ?, used = ?, requests = ? where entity = ?',
  )
  const create = database.prepare(
    'insert into balance (remain, used, requests, entity) values (?, ?, ?, ?)',
  )
  const touched = new Map<number, Balance>()

  function of(entity: number): Balance {
    const known = touched.get(entity)
    if (known) return known
    const row = read.get(entity)
    const balance = {
      remain: Number(row?.remain ?? 0),
      used: Number(row?.used ?? 0),
      requests: Number(row?.requests ?? 0),
      missing: row === undefined,
      dirty: false,
    }
    touched.set(entity, balance)
    return balance
  }

  function flush(): void {
    for (const [entity, balance] of touched) {
      if (!balance.dirty) continue
      const write = balance.missing ? create : update
      write.run(balance.remain, balance.used, balance.requests, entity)
      balance.dirty = false
      balance.missing = false
    }
  }

  return { of, flush, forget: () => touched.clear() }
}

function take(balance: Balance, charged: number, finite: boolean): void {
  if (finite) balance.remain -= charged
  balance.used = Math.min(balance.used + charged, Number.MAX_SAFE_INTEGER)
  balance.requests += 1
  balance.dirty = true
}

/** The database refused the values (a constraint, a type, a size), not the disk the write. */
export function isRefusal(failure: unknown): boolean {
  const code = failure instanceof Error && 'errcode' in failure ? Number(failure.errcode) & 0xff : 0
  const ofDisk = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 22, 26]
  return !ofDisk.includes(code)
}
