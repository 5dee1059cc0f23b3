/** How two dialects name an HTTP status in their errors; the statuses themselves come from errors.ts. */

const ANTHROPIC: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
])

export const anthropicTypeOf = (status: number): string =>
  ANTHROPIC.get(status) ?? (status < 500 ? 'invalid_request_error' : 'api_error')

/** Names of google.rpc.Code. */
const GOOGLE: ReadonlyMap<number, string> = new Map([
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [409, 'ABORTED'],
  [413, 'INVALID_ARGUMENT'],
  [429, 'RESOURCE_EXHAUSTED'],
  [499, 'CANCELLED'],
  [501, 'UNIMPLEMENTED'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
])

export const googleStatusOf = (status: number): string =>
  GOOGLE.get(status) ?? (status < 500 ? 'FAILED_PRECONDITION' : 'INTERNAL')
