import type { Generated } from 'kysely'

/** What calls used, and the sums of it; see tables.ts. */
export interface UsageTables {
  usage: UsageTable
  /** What deleted usage records had said: see usage/retention.ts. */
  closed: { entity: number; taken: number; used: number; requests: number; corrected: number }
  correction: CorrectionTable
  /** How many corrections there ever were of calls of a day (`day`: Unix seconds of its begin); account 0 is everybody. */
  corrected_day: { account_id: number; day: number; corrections: number }
  /**
   * Sums of `usage` by the hour (`hour`: Unix seconds of its begin), up to the record that `meta` names, and of everything in
   * `correction`.
   */
  usage_hour: UsageSums & { hour: number; key_id: number }
  /** The same by the day (UTC). */
  usage_day: UsageSums & { day: number; key_id: number }
  /** The same without keys; account 0 is everybody. */
  account_hour: UsageSums & { hour: number }
  account_day: UsageSums & { day: number }
  /** Everybody's by model alone and by group alone, once `meta` says that they are filled. */
  model_hour: NarrowSums & { hour: number; model: string }
  model_day: NarrowSums & { day: number; model: string }
  group_hour: NarrowSums & { hour: number; group_name: string }
  group_day: NarrowSums & { day: number; group_name: string }
  /** The keys that spent most on a day: see usage/top-days.ts. Account 0 is everybody. */
  top_day: TopDayTable
}

export interface UsageTable {
  id: number
  created_at_ms: number
  request_id: string
  account_id: number
  key_id: number
  key_name: string
  model: string
  group_name: string
  channel_id: number
  /** Units charged to key and account alike. */
  quota: number
  /** Units of the cost that could not be had. */
  shortfall: number
  /** 1 = `quota` was taken from the key's `remain`; 0 = the key was unlimited, and `quota` only counts as used. */
  key_charged: number
  /** The same for the account. */
  account_charged: number
  prompt_tokens: number
  completion_tokens: number
  cached_tokens: number
  cache_write_tokens: number
  reasoning_tokens: number
  audio_tokens: number
  image_tokens: number
  /** 1 = counted with a tokenizer because the upstream reported nothing. */
  estimated: number
  /** 1 = stream. */
  is_stream: number
  use_time_ms: number
  first_token_ms: number
  /** HTTP status of the answer; 499 when the client left. */
  status: number
  error_code: string
  ip: string
  attempts: number
  /** Output limit sent upstream when lowered; 0 otherwise. */
  output_limit: number
  /** The model that was asked for, where `model`, which served or was tried last, is another one; '' for nearly all. */
  requested_model: string
  /** Entities of the budget periods that `quota` was taken from, with commas between; '' for nearly all. */
  budgets: string
  /** JSON array, see usage/attempt-list.ts. Null: one attempt, which answered, or a record from before there was a list. */
  attempt_list: string | null
  /** JSON object of what few calls used, see usage/details.ts. Null: nothing of it. */
  details: string | null
}

export interface TopDayTable {
  account_id: number
  /** Unix seconds of its begin. */
  day: number
  /** Of all keys, as many as there were when the list was made. */
  requests: number
  /** Of all keys, as many as were counted before it was made. */
  corrections: Generated<number>
  /** What the first one spent that is not listed any more; 0: all are. */
  beyond: number
  /** JSON array of `[key_id, quota]`, largest first. */
  keys: string
}

/** What was given back of a call's charge or charged besides, when its usage record was written: see usage/corrections.ts. */
export interface CorrectionTable {
  id: Generated<number>
  /** What brought it about. Unique: nothing is corrected twice. */
  cause: string
  request_id: string
  created_at_ms: number
  /** Of the usage record, as are the columns that follow: a correction counts at the time of its call. */
  called_at_ms: number
  account_id: number
  key_id: number
  key_name: string
  model: string
  group_name: string
  channel_id: number
  status: number
  budgets: string
  /** Units that were charged besides or, below 0, given back. */
  quota: number
  /** What the shortfall of the call is more, or less, than its usage record says. */
  shortfall: number
}

type NarrowSums = Omit<UsageSums, 'account_id' | 'model' | 'group_name' | 'channel_id'>
export interface UsageSums {
  account_id: number
  model: string
  group_name: string
  channel_id: number
  requests: number
  /** Of `requests`, those that were not answered with success. */
  failed: number
  quota: number
  shortfall: number
  prompt_tokens: number
  completion_tokens: number
}
