import { crc32 } from 'node:zlib'
import type { SettingValues } from '../settings/catalogue.ts'
import type { ModelCall } from './values.ts'

/** Providers cache prompts from some thousand characters on; what is shorter may go anywhere. */
const PREFIX_BYTES = 4_096

/**
 * What calls have in common that should meet the same prompt cache, as 32 bits; `undefined`: nothing. A key that callers
 * choose counts within their account; equal beginnings share a cache whoever sends them.
 */
export function stickyKeyOf(
  { parsed, payload }: ModelCall,
  accountId: number,
  mode: SettingValues['routing.sticky'],
): number | undefined {
  if (mode === 'off') return undefined
  const named = namedKey(parsed.body())
  if (named !== undefined) return crc32(named, accountId)
  if (mode === 'cache_key') return undefined
  const { spans } = parsed
  const messages = spans.get('messages') ?? spans.get('input') ?? spans.get('contents')
  if (messages === undefined || messages.end - messages.start < PREFIX_BYTES) return undefined
  return crc32(payload.subarray(messages.start, messages.start + PREFIX_BYTES))
}

/** OpenAI's name for it, and Anthropic's. */
function namedKey(body: Readonly<Record<string, unknown>>): string | undefined {
  const { prompt_cache_key, metadata } = body
  if (isNamed(prompt_cache_key)) return prompt_cache_key
  if (typeof metadata !== 'object' || metadata === null) return undefined
  const { user_id } = metadata as { user_id?: unknown }
  return isNamed(user_id) ? user_id : undefined
}

const isNamed = (value: unknown): value is string => typeof value === 'string' && value !== ''
