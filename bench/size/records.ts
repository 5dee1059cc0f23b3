/**
 * Usage records in SQL that both databases understand. `i` is the record's number; whatever looks like chance is computed
 * from it, so that both hold the same and every run does.
 */
import type { Extent } from './extent.ts'

const PRIME = 4_294_967_291

/** A figure between 0 and 1 that a whole number stands for; another `mix` gives another one. */
const chance = (of: string, mix: number) =>
  `(cast((${of}) * ${mix} % ${PRIME} as double precision) / ${PRIME})`

/** Whole and from 1 to most; each tenfold is as likely as the next: few are many, as with people. */
const uneven = (of: string, mix: number, most: string | number) =>
  `cast(floor(power(${most}, ${chance(of, mix)})) as bigint)`

export const MODELS = [
  'gpt-4o-mini',
  ...[
    'gpt-4o',
    'claude-sonnet-4',
    'gemini-2.5-flash',
    'o3',
    'gpt-4.1',
    'claude-haiku-4',
    'o4-mini',
  ],
  ...['gemini-2.5-pro', 'deepseek-v3', 'llama-4-70b', 'qwen3-235b', 'mistral-large', 'grok-4'],
  ...[
    'text-embedding-3-small',
    'text-embedding-3-large',
    'whisper-1',
    'tts-1',
    'dall-e-3',
    'kimi-k2',
  ],
]
export const GROUPS = ['default', 'vip', 'batch']
export const CHANNELS = 8

/** One of a list, by its number from 1. */
const oneOf = (list: readonly string[], number: string) =>
  `case ${number} ${list.map((value, at) => `when ${at + 1} then '${value}'`).join(' ')} else '${list[0]}' end`

/** Every second key is one account's; the others belong to all others, few of them having many. */
export const accountOf = (key: string, { accounts, firstAccount }: Extent) =>
  `case when ${key} % 2 = 1 then ${firstAccount} else ${firstAccount} + ${uneven(key, 2_654_435_761, accounts - 1)} end`

/** Half of the calls are made with keys of the large account. A few keys are used all day, most of them rarely. */
function keyOf({ keys, firstKey }: Extent): string {
  const half = Math.floor(keys / 2)
  const spread = `(${uneven('i', 3_266_489_917, half)} * 7919 % ${half})`
  return `${firstKey} + 2 * ${spread} + case when ${chance('i', 2_246_822_519)} < 0.5 then 1 else 0 end`
}

const STATUS = `case when ${chance('i', 374_761_393)} < 0.97 then 200 when i % 7 < 3 then 499 when i % 7 < 5 then 429
  when i % 7 < 6 then 500 else 502 end`

/** Inserts the records `i` of a series. */
export function insertRecords(extent: Extent, series: string): string {
  const { records, beginMs, endMs } = extent
  // A key is used for three models at most.
  const modelNumber = uneven('key.id * 3 + i % 3', 668_265_263, MODELS.length)
  return `
    insert into usage (created_at_ms, request_id, account_id, key_id, key_name, model, group_name, channel_id, quota, shortfall,
      key_charged, account_charged, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens,
      audio_tokens, image_tokens, estimated, is_stream, use_time_ms, first_token_ms, status, error_code, ip, attempts, output_limit)
    select made_at, 'req_seeded' || cast(1000000000 + i as text), account_id, key_id, name,
      ${oneOf(MODELS, 'model_number')}, ${oneOf(GROUPS, 'group_number')},
      1 + (model_number + case when i % 20 = 0 then 1 else 0 end) % ${CHANNELS},
      case when status in (200, 499) then prompt + 4 * completion else 0 end, 0, key_charged, account_charged,
      prompt, case when status = 200 then completion else 0 end, case when i % 3 = 0 then prompt / 2 else 0 end, 0, 0, 0, 0, 0,
      i % 2, 200 + completion * 3, 180, status, case when status = 200 then '' else 'upstream_failed' end,
      '203.0.113.' || cast(key_id % 250 as text), 1, 0
    from (
      select i, key.id as key_id, key.name as name, key.account_id as account_id,
        ${beginMs} + i * ${Math.floor((endMs - beginMs) / records)} + i * 7919 % 3000 as made_at,
        1 - key.unlimited_quota as key_charged, 1 - account.unlimited_quota as account_charged,
        ${modelNumber} as model_number,
        case when key.id % 20 < 17 then 1 when key.id % 20 < 19 then 2 else 3 end as group_number,
        50 + ${uneven('i', 2_870_177_450, 8000)} as prompt, ${uneven('i', 1_640_531_527, 2000)} as completion,
        ${STATUS} as status
      from (select i, ${keyOf(extent)} as used_key from ${series}) as call
        join key on key.id = used_key join account on account.id = key.account_id
      order by i
    ) as record`
}
