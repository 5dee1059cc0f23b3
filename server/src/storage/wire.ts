import { CannotOpen, NewerSchema } from './failures.ts'
import type { Row, Settled, Settlement, SqlValue, UsageRecord, Written } from './store.ts'
import type { Change } from './tables.ts'

/**
 * What the relay's thread and the database threads say to each other. Settlements are the bulk of it: their numbers
 * travel as one Float64Array and their texts as one array, because cloning thirty objects of thirty members costs
 * more than writing them.
 */

/** The usage columns that are texts, in the order they travel. */
export const TEXTS = [
  'request_id',
  'key_name',
  'model',
  'group_name',
  'error_code',
  'ip',
  'requested_model',
] as const
/** The usage columns that are numbers and come from the record, in the order they travel. */
export const NUMBERS = [
  'created_at_ms',
  'account_id',
  'key_id',
  'channel_id',
  'prompt_tokens',
  'completion_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'audio_tokens',
  'image_tokens',
  'estimated',
  'is_stream',
  'use_time_ms',
  'first_token_ms',
  'status',
  'attempts',
  'output_limit',
] as const satisfies readonly Exclude<keyof UsageRecord, (typeof TEXTS)[number]>[]

/** Numbers of a settlement that stand before its record's: cost, atMost, key, account, both unlimited flags. */
export const CHARGE = 6
export const STRIDE = CHARGE + NUMBERS.length
/** Numbers that come back for a settlement: charged, shortfall, and what key and account have left. */
export const SETTLED = 4
/** Texts of a settlement: its record's, and behind them one with what few have: see `packRare`. */
export const TEXT_STRIDE = TEXTS.length + 1

export interface PlainStatement {
  readonly sql: string
  readonly parameters: readonly SqlValue[]
  readonly must: boolean
}

export interface AskedWrite {
  readonly statements: readonly PlainStatement[]
  readonly changes: readonly Change[]
}

/** Everything that waited, in the order it was asked for: a number stands for that many settlements in a row. */
export interface Batch {
  readonly order: readonly (number | AskedWrite)[]
  readonly numbers: Float64Array
  readonly texts: readonly string[]
}

/** A write that undid only itself. `columns` when a unique constraint did it. */
export interface RefusedWrite {
  readonly refused: string
  readonly columns?: readonly string[]
}

export type BatchAnswer =
  | {
      readonly durable: true
      readonly settled: Float64Array
      /** What budgets have left, of all settlements that have any, in the order of both. */
      readonly budgets: readonly number[]
      readonly writes: readonly (Written | RefusedWrite)[]
      /** Records that had to be mended, for the log: which, and why. */
      readonly mended: readonly { readonly index: number; readonly because: string }[]
      /** By index in the batch: settlements that are not in it after all, and are answered on their own. */
      readonly apart?: ReadonlyMap<number, Promise<Settled>>
    }
  /** The disk refused: nothing of the batch was written. */
  | { readonly durable: false; readonly because: string }

export type ToWriter =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'close' }

/** Why a thread could not open the file; `newer` when its schema is. */
export interface OpenFailure {
  readonly kind: 'refused'
  readonly reason: string
  readonly newer?: { readonly found: number; readonly known: number }
}

/** All settlements of a batch, which came through the mailbox, were settled: what they took lies there. */
export const SETTLED_IN_MAILBOX = 1

export type FromWriter =
  | OpenFailure
  | typeof SETTLED_IN_MAILBOX
  | { readonly kind: 'ready'; readonly newestIds: Readonly<Record<string, number>> }
  | { readonly kind: 'answer'; readonly answer: BatchAnswer }

export type ToReader =
  | {
      readonly kind: 'query'
      readonly id: number
      readonly sql: string
      readonly parameters: readonly unknown[]
    }
  | { readonly kind: 'backup'; readonly id: number; readonly path: string }
  | { readonly kind: 'close' }

export type FromReader =
  | OpenFailure
  | { readonly kind: 'ready' }
  | { readonly kind: 'rows'; readonly id: number; readonly rows: readonly Row[] }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }

/** Lays settlements out for the journey. */
export function packSettlements(
  settlements: readonly Settlement[],
): Pick<Batch, 'numbers' | 'texts'> {
  const numbers = new Float64Array(settlements.length * STRIDE)
  const texts: string[] = []
  let at = 0
  for (const settlement of settlements) {
    numbers[at++] = settlement.cost
    numbers[at++] = settlement.atMost
    numbers[at++] = settlement.key
    numbers[at++] = settlement.account
    numbers[at++] = settlement.keyUnlimited ? 1 : 0
    numbers[at++] = settlement.accountUnlimited ? 1 : 0
    at = packNumbers(settlement.record, numbers, at)
    const { request_id, key_name, model, group_name, error_code, ip } = settlement.record
    texts.push(request_id, key_name, model, group_name, error_code, ip)
    texts.push(settlement.record.requested_model)
    texts.push(packRare(settlement.budgets, settlement.record))
  }
  return { numbers, texts }
}

/** The columns that are empty for nearly all calls, as one text: each text of its own costs every call. */
export interface Rare {
  /** As `usage.budgets` holds them. */
  readonly budgets: string
  readonly attempts: string | null
  readonly details: string | null
}

const NONE: Rare = { budgets: '', attempts: null, details: null }

/**
 * Budgets, which are digits and commas, behind them the details, which are one object without lists in it, and the list of
 * attempts, which begins with a bracket.
 */
function packRare(budgets: readonly number[], { attempt_list, details }: UsageRecord): string {
  const text = budgets.length === 0 ? '' : budgets.join(',')
  if (attempt_list === null && details === null) return text
  return text + (details ?? '') + (attempt_list ?? '')
}

export function unpackRare(text: string): Rare {
  if (text === '') return NONE
  const list = text.indexOf('[')
  const end = list < 0 ? text.length : list
  const attempts = list < 0 ? null : text.slice(list)
  const object = text.indexOf('{')
  if (object < 0 || object > end) return { budgets: text.slice(0, end), attempts, details: null }
  return { budgets: text.slice(0, object), attempts, details: text.slice(object, end) }
}

/** In the order of NUMBERS, by name: a loop over the names takes five times as long, and a test compares the two. */
function packNumbers(record: UsageRecord, numbers: Float64Array, from: number): number {
  let at = from
  numbers[at++] = record.created_at_ms
  numbers[at++] = record.account_id
  numbers[at++] = record.key_id
  numbers[at++] = record.channel_id
  numbers[at++] = record.prompt_tokens
  numbers[at++] = record.completion_tokens
  numbers[at++] = record.cached_tokens
  numbers[at++] = record.cache_write_tokens
  numbers[at++] = record.reasoning_tokens
  numbers[at++] = record.audio_tokens
  numbers[at++] = record.image_tokens
  numbers[at++] = record.estimated
  numbers[at++] = record.is_stream
  numbers[at++] = record.use_time_ms
  numbers[at++] = record.first_token_ms
  numbers[at++] = record.status
  numbers[at++] = record.attempts
  numbers[at++] = record.output_limit
  return at
}

/** A settlement's answer with what its payers have left. */
export interface SettledRemains extends Settled {
  readonly keyRemain: number
  readonly accountRemain: number
}

/** Reads the answer to the n-th settlement of a batch. */
export function unpackSettled(settled: Float64Array, index: number): SettledRemains {
  const at = index * SETTLED
  return {
    charged: settled[at] ?? 0,
    shortfall: settled[at + 1] ?? 0,
    keyRemain: settled[at + 2] ?? 0,
    accountRemain: settled[at + 3] ?? 0,
  }
}

/** An error of opening, for its journey to the thread that asked. */
export function packOpenFailure(failure: unknown): OpenFailure {
  if (failure instanceof NewerSchema) {
    return {
      kind: 'refused',
      reason: failure.message,
      newer: { found: failure.found, known: failure.known },
    }
  }
  if (failure instanceof CannotOpen) return { kind: 'refused', reason: failure.reason }
  return { kind: 'refused', reason: failure instanceof Error ? failure.message : String(failure) }
}

/** The error again, at the end of its journey. */
export function unpackOpenFailure(path: string, { reason, newer }: OpenFailure): Error {
  return newer ? new NewerSchema(path, newer.found, newer.known) : new CannotOpen(path, reason)
}

/** SQLite's rows as ours: numbers arrive as numbers, because no connection asks for bigints. */
export const toRows = (found: readonly unknown[]): readonly Row[] => found as readonly Row[]
