import createClient from 'openapi-fetch'
import { failureOf, lost } from './failure.ts'
import type { paths } from './schema.d.ts'

/** The management API. Every path, parameter and body is checked against what the server says of itself. */
export const api = createClient<paths>({ credentials: 'same-origin' })

interface Called {
  readonly data?: unknown
  readonly error?: unknown
  readonly response: Response
}

/** The `data` member of a success, whatever else an answer may be. Computed, as each of 80 operations has its own. */
type DataOf<C extends Called> =
  Extract<NonNullable<C['data']>, { readonly success: true }> extends infer S
    ? S extends { readonly data?: infer D }
      ? D
      : undefined
    : never

/** Takes the envelope off an answer. @throws ApiFailure when the API refused, or could not be reached. */
export async function unwrap<C extends Called>(call: Promise<C>): Promise<DataOf<C>> {
  const { data, error, response } = await call.catch((reason: unknown) => {
    // A query that nobody waits for any more is no failure.
    if (reason instanceof DOMException && reason.name === 'AbortError') throw reason
    throw lost(reason)
  })
  const body: { success?: unknown; data?: unknown } = Object(data ?? error)
  if (body.success !== true) throw failureOf(body, response)
  return body.data as DataOf<C>
}
