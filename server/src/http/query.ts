/** The value of `key`; `undefined`: there is none. */
export function keyIn(query: string): string | undefined {
  return query.includes('k') || query.includes('%')
    ? (new URLSearchParams(query).get('key') ?? undefined)
    : undefined
}

/** The query as an upstream gets it, with its question mark: less `key`, which is a credential. */
export function queryForUpstream(query: string): string {
  if (query === '') return query
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => !/^(?:k|%6b)(?:e|%65)(?:y|%79)(?:=|$)/i.test(pair))
  return kept.length === 0 ? '' : `?${kept.join('&')}`
}
