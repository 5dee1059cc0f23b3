import type { UsageRecord } from '../../src/storage/store.ts'

/** A record of a call made with key and account `id`. */
export function recordOf(requestId: string, id = 1): UsageRecord {
  return {
    created_at_ms: 1_700_000_000_000,
    request_id: requestId,
    account_id: id,
    key_id: id,
    key_name: 'a key',
    model: 'gpt-4o-mini',
    group_name: 'default',
    channel_id: 1,
    prompt_tokens: 10,
    completion_tokens: 20,
    cached_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    audio_tokens: 0,
    image_tokens: 0,
    estimated: 0,
    is_stream: 0,
    use_time_ms: 30,
    first_token_ms: 10,
    status: 200,
    error_code: '',
    ip: '192.0.2.1',
    attempts: 1,
    output_limit: 0,
    requested_model: '',
    attempt_list: null,
    details: null,
  }
}
