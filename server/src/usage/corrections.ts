import { type RawBuilder, sql } from 'kysely'
import { statementOf } from '../storage/statement-of.ts'
import type { Compilable, Statement, Store } from '../storage/store.ts'
import type { CorrectionTable, UsageTable } from '../storage/usage-tables.ts'
import { addingTexts } from './roll-up.ts'
import { EVERYBODY } from './summable.ts'

/** What sums and filters keep apart of a call, as its usage record says it. */
export interface Called {
  readonly atMs: number
  readonly keyName: string
  readonly model: string
  readonly group: string
  readonly channelId: number
  readonly status: number
}

/** What was given back of a call's charge, or charged besides, when its usage record was written. */
export interface Correction {
  /** What brought it about: nothing is corrected twice for the same. */
  readonly cause: string
  readonly requestId: string
  readonly accountId: number
  readonly keyId: number
  readonly called: Called
  /** Entities of the budget periods that the call was charged to. */
  readonly budgets: readonly number[]
  /** Units; below 0: given back. */
  readonly quota: number
  /** Units. */
  readonly shortfall: number
  /** Milliseconds since 1970. */
  readonly atMs: number
}

/** What a usage record says of its call that a correction counts by. */
export const calledOf = (
  row: Pick<
    UsageTable,
    'created_at_ms' | 'key_name' | 'model' | 'group_name' | 'channel_id' | 'status'
  >,
): Called => ({
  atMs: row.created_at_ms,
  keyName: row.key_name,
  model: row.model,
  group: row.group_name,
  channelId: row.channel_id,
  status: row.status,
})

/**
 * Notes a correction and adds it to all sums, at the hour of its call: what a call cost in the end is found where the call is,
 * whenever that came out. A write that does this a second time for one cause fails.
 */
export const correcting = (
  store: Pick<Store, 'db' | 'dialect'>,
  correction: Correction,
): readonly (Compilable | Statement)[] => [
  store.db.insertInto('correction').values(rowOf(correction)),
  ...adding(store, correction),
]

/**
 * Adds a correction that was just noted to all sums. They have it at once, for it is one row, and there is no mark to move;
 * records that are not summed yet are added to the same rows later.
 */
export function adding(
  { db, dialect }: Pick<Store, 'db' | 'dialect'>,
  { cause }: Pick<Correction, 'cause'>,
): readonly Statement[] {
  const place = dialect === 'sqlite' ? '?' : '$1'
  const batch = `select (called_at_ms / 3600000) * 3600 as hour, account_id, key_id, model, group_name, channel_id,
      0 as requests, 0 as failed, quota, shortfall, 0 as prompt_tokens, 0 as completion_tokens
    from correction where cause = ${place}`
  const dayOf = (account: RawBuilder<unknown>) =>
    sql`select ${account}, (called_at_ms / 86400000) * 86400, 1 from correction where cause = ${cause}`
  const counted = sql`insert into corrected_day (account_id, day, corrections)
    select * from (${dayOf(sql`account_id`)} union all ${dayOf(sql.lit(EVERYBODY))}) as one where true
    on conflict (account_id, day) do update set corrections = corrected_day.corrections + 1`
  return [
    ...addingTexts({ dialect }, batch).map((text) => ({
      sql: text,
      parameters: text.includes(place) ? [cause] : [],
    })),
    statementOf(db, counted),
  ]
}

const rowOf = ({ called, ...correction }: Correction): Omit<CorrectionTable, 'id'> => ({
  cause: correction.cause,
  request_id: correction.requestId,
  created_at_ms: correction.atMs,
  called_at_ms: called.atMs,
  account_id: correction.accountId,
  key_id: correction.keyId,
  key_name: called.keyName,
  model: called.model,
  group_name: called.group,
  channel_id: called.channelId,
  status: called.status,
  budgets: correction.budgets.join(','),
  quota: correction.quota,
  shortfall: correction.shortfall,
})

/** What corrections add to the charge and the shortfall of a call. */
export interface Corrected {
  readonly quota: number
  readonly shortfall: number
}

/** What corrections add to calls, by request; those without are left out. */
export async function correctionsOf(
  { db }: Pick<Store, 'db'>,
  requestIds: readonly string[],
): Promise<ReadonlyMap<string, Corrected>> {
  if (requestIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('correction')
    .select(['request_id', 'quota', 'shortfall'])
    .where('request_id', 'in', requestIds)
    .execute()
  const added = new Map<string, Corrected>()
  for (const { request_id, quota, shortfall } of rows) {
    const before = added.get(request_id) ?? { quota: 0, shortfall: 0 }
    added.set(request_id, {
      quota: before.quota + quota,
      shortfall: before.shortfall + shortfall,
    })
  }
  return added
}
