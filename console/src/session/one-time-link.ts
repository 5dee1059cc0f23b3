/** The token of a one-time link. It stands behind `#`, so that it reaches neither a log nor the page that is opened next. */
export const tokenIn = (hash: string): string | undefined =>
  new URLSearchParams(hash.replace(/^#/, '')).get('token') ?? undefined
