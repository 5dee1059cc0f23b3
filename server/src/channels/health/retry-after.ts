/** `Sun, 06 Nov 1994 08:49:37 GMT`; the obsolete forms of RFC 9110 are no longer sent. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

const NUMBER = /^\d{1,12}(\.\d{1,9})?$/

/** The header `retry-after-ms`, which OpenAI and Azure send, and SDKs prefer. */
export function parseRetryAfterMs(text: string | undefined): number | undefined {
  const asked = text?.trim() ?? ''
  return NUMBER.test(asked) ? Number(asked) : undefined
}

/**
 * How long a header `Retry-After` asks to wait, in milliseconds; `undefined` when it says nothing that can be followed.
 * `wall`: milliseconds since 1970. Whoever obeys it bounds it.
 */
export function parseRetryAfter(text: string | undefined, wall: number): number | undefined {
  const asked = text?.trim()
  if (asked === undefined || asked === '') return undefined
  // Some send fractions, which RFC 9110 does not know.
  if (NUMBER.test(asked)) return Number(asked) * 1000
  if (!HTTP_DATE.test(asked)) return undefined
  const until = Date.parse(asked)
  return Number.isNaN(until) ? undefined : Math.max(0, until - wall)
}
