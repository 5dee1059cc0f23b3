import type { Generated } from 'kysely'

/** What goes on at a provider behind the answer to a call: see jobs/jobs.ts. */
export interface JobTable {
  id: Generated<number>
  /** Of the call that began it. Unique; its usage record is the charge. */
  request_id: string
  /** One of `jobs/jobs.ts`. */
  kind: string
  /** As the provider wrote it; '' = it was asked for, and nobody knows what became of that. */
  object_id: string
  account_id: number
  key_id: number
  channel_id: number
  /** Which of the channel's keys it was made with, as in `object`. */
  upstream_key: string
  model: string
  group_name: string
  /** JSON `{price, ratio}` that it was admitted with; '' = it costs nothing. */
  price: string
  /** JSON array of the entities that were charged, accounts and budgets before keys. */
  payers: string
  /** Units that are charged until it is known what it cost. */
  estimate: number
  /** JSON of what was asked for, by its kind. */
  asked: string
  /** `running`, or how it ended: one of `jobs/jobs.ts`. */
  state: string
  /** Units that its usage record charges, once they were seen there: that may be deleted before it ends. 0: its end saw none. */
  charged: number | null
  /** JSON of what else was seen there, `JobCalled` of jobs/job.ts; '' = nothing. */
  called: string
  /** Units that it cost in the end; null while it runs. */
  cost: number | null
  /** Units that were given back (below 0) or charged besides; null while it runs. */
  correction: number | null
  /** Units of the cost that its payers had no more. */
  shortfall: number
  created_at_ms: number
  /** Null while it runs. */
  ended_at_ms: number | null
  /** When its provider is asked next; null when it has ended. A node that asks has moved it ahead. */
  due_at_ms: number | null
}
