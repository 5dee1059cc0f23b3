/** Answers of these operations may be read by pages of any origin (contract 3.5); they take no cookies. */
export const OPEN_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-request-id, request-id, retry-after, x-error-code',
}

/** The answer to a preflight. Without CORS headers a browser keeps other origins out. */
export function preflightHeaders(
  methods: readonly string[],
  open: boolean,
  asked: string | undefined,
): Record<string, string> {
  const allow = methods.join(', ')
  if (!open) return { allow }
  return {
    ...OPEN_HEADERS,
    allow,
    vary: 'access-control-request-headers',
    'access-control-allow-methods': allow,
    // `*` would not cover Authorization.
    'access-control-allow-headers': asked ?? 'authorization, content-type',
    'access-control-max-age': '86400',
  }
}
