import type { ProviderError } from '../neutral/answer.ts'

const KNOWN: ReadonlySet<string> = new Set([
  'invalid_request_error',
  'authentication_error',
  'billing_error',
  'permission_error',
  'not_found_error',
  'request_too_large',
  'rate_limit_error',
  'timeout_error',
  'api_error',
  'overloaded_error',
])

/** A provider's failure inside a stream. */
export function failureEvent({ type, message }: ProviderError): string {
  const error = { type: KNOWN.has(type) ? type : 'api_error', message }
  return `event: error\ndata: ${JSON.stringify({ type: 'error', error })}\n\n`
}
