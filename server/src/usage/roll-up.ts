import { sql } from 'kysely'
import type { Statement, Store } from '../storage/store.ts'
import { mustChange } from '../storage/store.ts'
import { createRounds, type Rounds } from './rounds.ts'
import { ROLLED_UP_TO } from './summable.ts'

/** Sums usage records into hours, behind the calls. */
export type RollUp = Rounds

/** Records a write sums, in 1 to 2 ms: no settlement waits longer for it. */
const RECORDS_A_WRITE = 500
const EVERY_MS = 60_000

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
      .where('name', '=', ROLLED_UP_TO)
      .executeTakeFirst()
    // Ids are given before their records are committed: beyond this one, some may still be missing.
    const end = await store.newestUsage()
    if (mark === undefined)
      await store.write([
        // Another node may have been faster.
        db
          .insertInto('meta')
          .values({ name: ROLLED_UP_TO, value: '0' })
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
function summing({ db }: Store, from: number, to: number): Statement[] {
  const moved = db
    .updateTable('meta')
    .set({ value: String(to) })
    .where('name', '=', ROLLED_UP_TO)
    .where('value', '=', String(from))
  const { sql: text, parameters } = sql`
    insert into usage_hour (account_id, hour, key_id, model, group_name, channel_id,
      requests, failed, quota, shortfall, prompt_tokens, completion_tokens)
    select account_id, (created_at_ms / 3600000) * 3600, key_id, model, group_name, channel_id,
      count(*), sum(case when status < 300 then 0 else 1 end), sum(quota), sum(shortfall), sum(prompt_tokens), sum(completion_tokens)
    from usage where id > ${from} and id <= ${to}
    group by 1, 2, 3, 4, 5, 6
    on conflict (account_id, hour, key_id, model, group_name, channel_id) do update set
      requests = usage_hour.requests + excluded.requests, failed = usage_hour.failed + excluded.failed,
      quota = usage_hour.quota + excluded.quota, shortfall = usage_hour.shortfall + excluded.shortfall,
      prompt_tokens = usage_hour.prompt_tokens + excluded.prompt_tokens,
      completion_tokens = usage_hour.completion_tokens + excluded.completion_tokens`.compile(db)
  return [mustChange(moved), { sql: text, parameters: parameters as Statement['parameters'] }]
}
