import Type, { type Static } from 'typebox'
import type { Job } from '../jobs/job.ts'
import { jobRecord, toJobRecord } from '../jobs/job-record.ts'
import { adminAttemptSchema, attemptSchema, attemptsOf, ownAttemptsOf } from './attempt-list.ts'
import type { Corrected } from './corrections.ts'
import { detailsOf, detailsSchema } from './details.ts'
import type { UsageRow } from './logs.ts'

const LIST_SAYS =
  'The attempts one by one, the first 20 of them. Empty where a call failed before there was such a list.'

/** A usage record as the API shows it to its owner. */
export const logRecord = Type.Object({
  id: Type.Integer(),
  created_at: Type.Integer({ description: 'Unix seconds.' }),
  request_id: Type.String(),
  token_id: Type.Integer(),
  token_name: Type.String({ description: 'As the key was called then.' }),
  model_name: Type.String(),
  group: Type.String(),
  quota: Type.Integer({ description: 'Units that it cost, corrected.' }),
  correction: Type.Integer({
    description:
      'Units of `quota` that were charged when it was known what the call cost in the end or, below 0, given back.',
  }),
  shortfall: Type.Integer({
    description: 'Units of the cost that neither key nor account had left.',
  }),
  prompt_tokens: Type.Integer({ description: 'All input, cached tokens included.' }),
  completion_tokens: Type.Integer({ description: 'All output, reasoning included.' }),
  cached_tokens: Type.Integer(),
  cache_write_tokens: Type.Integer(),
  reasoning_tokens: Type.Integer(),
  audio_tokens: Type.Integer(),
  image_tokens: Type.Integer({ description: 'Of the input.' }),
  estimated: Type.Boolean({ description: 'Counted by us, because the provider reported nothing.' }),
  use_time_ms: Type.Integer(),
  first_token_ms: Type.Integer(),
  is_stream: Type.Boolean(),
  status: Type.Integer({ description: 'HTTP status of the answer; 499 when the client left.' }),
  error_code: Type.String(),
  ip: Type.String(),
  attempts: Type.Integer({ description: 'Channels that were tried.' }),
  attempt_list: Type.Array(attemptSchema, { description: LIST_SAYS }),
  output_limit: Type.Integer({
    description: 'The output limit sent upstream where it was lowered, else 0.',
  }),
  requested_model: Type.String({
    description: 'The model that was asked for, where a fallback was tried instead; else empty.',
  }),
  details: detailsSchema,
  job: Type.Optional(jobRecord),
})
export type LogRecord = Static<typeof logRecord>

/** The same with what only administrators see. */
export const adminLogRecord = Type.Object({
  ...logRecord.properties,
  attempt_list: Type.Array(adminAttemptSchema, { description: LIST_SAYS }),
  user_id: Type.Integer(),
  username: Type.String(),
  channel: Type.Integer({ description: 'Id of the channel that answered.' }),
})
export type AdminLogRecord = Static<typeof adminLogRecord>

/** What became of a call after its record was written. */
export interface Aftermath {
  readonly job: Job | undefined
  readonly corrected: Corrected | undefined
}

export function toLogRecord(row: UsageRow, { job, corrected }: Aftermath): LogRecord {
  const correction = corrected?.quota ?? 0
  return {
    id: row.id,
    created_at: Math.floor(row.created_at_ms / 1000),
    request_id: row.request_id,
    token_id: row.key_id,
    token_name: row.key_name,
    model_name: row.model,
    group: row.group_name,
    quota: row.quota + correction,
    correction,
    shortfall: row.shortfall + (corrected?.shortfall ?? 0),
    prompt_tokens: row.prompt_tokens,
    completion_tokens: row.completion_tokens,
    cached_tokens: row.cached_tokens,
    cache_write_tokens: row.cache_write_tokens,
    reasoning_tokens: row.reasoning_tokens,
    audio_tokens: row.audio_tokens,
    image_tokens: row.image_tokens,
    estimated: row.estimated === 1,
    use_time_ms: row.use_time_ms,
    first_token_ms: row.first_token_ms,
    is_stream: row.is_stream === 1,
    status: row.status,
    error_code: row.error_code,
    ip: row.ip,
    attempts: row.attempts,
    attempt_list: ownAttemptsOf(row),
    output_limit: row.output_limit,
    requested_model: row.requested_model,
    details: detailsOf(row.details),
    ...(job === undefined ? {} : { job: toJobRecord(job) }),
  }
}

export const toAdminLogRecord = (
  row: UsageRow,
  usernames: ReadonlyMap<number, string>,
  aftermath: Aftermath,
): AdminLogRecord => ({
  ...toLogRecord(row, aftermath),
  attempt_list: attemptsOf(row),
  user_id: row.account_id,
  username: usernames.get(row.account_id) ?? '',
  channel: row.channel_id,
})
