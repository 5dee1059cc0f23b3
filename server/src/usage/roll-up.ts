import type { Statement, Store } from '../storage/store.ts'
import { mustChange } from '../storage/store.ts'
import { createRounds, type Rounds } from './rounds.ts'
import { SUMMED_UP_TO } from './summable.ts'

/** Sums usage records into hours, behind the calls. */
export type RollUp = Rounds

/** Records a write sums, in 1 to 6 ms, the more keys the longer: no settlement waits longer for it. */
export const RECORDS_A_WRITE = 500
/** What is not summed yet is read by every chart. */
const EVERY_MS = 10_000

export interface RollUpParts {
  readonly store: Store
  /** Told when a round failed; the next one tries again. */
  readonly failed: (error: unknown) => void
}

/**
 * Starts the rounds. Each write moves the mark of what is summed together with the sums, and only from where it was:
 * no record is summed twice or left out, whenever the process dies. Lists and charts add what is not summed yet.
 */
export function createRollUp({ store, failed }: RollUpParts): RollUp {
  async function round(over: () => boolean) {
    const { db } = store
    const mark = await db
      .selectFrom('meta')
      .select('value')
      .where('name', '=', SUMMED_UP_TO)
      .executeTakeFirst()
    // Ids are given before their records are committed: beyond this one, some may still be missing.
    const end = await store.newestUsage()
    if (mark === undefined)
      await store.write([
        // Another node may have been faster.
        db
          .insertInto('meta')
          .values({ name: SUMMED_UP_TO, value: '0' })
          .onConflict((on) => on.doNothing()),
      ])
    for (let from = Number(mark?.value ?? 0); from < end && !over(); from += RECORDS_A_WRITE) {
      const written = await store.write(summing(store, from, Math.min(from + RECORDS_A_WRITE, end)))
      // Another node is at it.
      if (!written.done) return
    }
  }

  return createRounds({ everyMs: EVERY_MS, round, failed })
}

/** Adds the records with ids in (from, to] to their hours. */
function summing(store: Store, from: number, to: number): Statement[] {
  const moved = store.db
    .updateTable('meta')
    .set({ value: String(to) })
    .where('name', '=', SUMMED_UP_TO)
    .where('value', '=', String(from))
  // Texts that stay the same are parsed once.
  const [first, last] = store.dialect === 'sqlite' ? ['?', '?'] : ['$1', '$2']
  const sums = summingTexts(store, first, last).map((text) => ({
    sql: text,
    parameters: text.includes(last) ? [from, to] : [],
  }))
  return [mustChange(moved), ...sums]
}

/** Adds the records with ids in (from, to] to their sums, each text with those of the two bounds that it has. */
export const summingTexts = (
  store: Pick<Store, 'dialect'>,
  from: string,
  to: string,
): readonly string[] =>
  addingTexts(
    store,
    `select ${HOUR} as hour, account_id, key_id, model, group_name, channel_id, count(*) as requests,
      sum(case when status < 300 then 0 else 1 end) as failed, sum(quota) as quota, sum(shortfall) as shortfall,
      sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens
    from usage where id > ${from} and id <= ${to} group by 1, 2, 3, 4, 5, 6`,
  )

/**
 * Adds a batch of hours to all sums. It is read and sorted once, and all sums are made of that, which is what the databases
 * say differently. `batch`: a query of the columns that the sums by the hour and key have.
 */
export function addingTexts({ dialect }: Pick<Store, 'dialect'>, batch: string): readonly string[] {
  const sums = [
    adding('usage_hour', ['hour', 'account_id', 'key_id', ...WIDE]),
    adding('usage_day', [DAY, 'account_id', 'key_id', ...WIDE]),
    ...['account_id', EVERYBODY].flatMap((account) => [
      adding('account_hour', [account, 'hour', ...WIDE]),
      adding('account_day', [account, DAY, ...WIDE]),
    ]),
    adding('model_hour', ['hour', 'model']),
    adding('model_day', [DAY, 'model']),
    adding('group_hour', ['hour', 'group_name']),
    adding('group_day', [DAY, 'group_name']),
  ]
  if (dialect === 'sqlite')
    return [
      `create temp table if not exists usage_batch (hour, account_id, key_id, model, group_name, channel_id, ${FIGURES.join(', ')})`,
      `insert into temp.usage_batch ${batch}`,
      ...sums,
      'delete from temp.usage_batch',
    ]
  const rest = sums.slice(1).map((sum, at) => `sum_${at} as (${sum})`)
  return [`with usage_batch as materialized (${batch}), ${rest.join(', ')} ${sums[0]}`]
}

const HOUR = '(created_at_ms / 3600000) * 3600'
const DAY = 'hour / 86400 * 86400 as day'
const EVERYBODY = '0 as account_id'
const WIDE = ['model', 'group_name', 'channel_id']
const FIGURES = ['requests', 'failed', 'quota', 'shortfall', 'prompt_tokens', 'completion_tokens']

/** Adds the batch to a table whose key are these columns. */
function adding(table: string, selected: readonly string[]): string {
  const key = selected.map((column) => column.replace(/^.* as /, '')).join(', ')
  const groups = selected.map((_, at) => at + 1).join(', ')
  const sums = FIGURES.map((name) => `sum(${name})`)
  const added = FIGURES.map((name) => `${name} = ${table}.${name} + excluded.${name}`)
  return `insert into ${table} (${key}, ${FIGURES.join(', ')})
    select ${[...selected, ...sums].join(', ')} from usage_batch where true group by ${groups}
    on conflict (${key}) do update set ${added.join(', ')}`
}
