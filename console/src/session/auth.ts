import { failureOf, lost } from '../api/failure.ts'

/**
 * Calls a route below `/api/auth` (docs/sign-in.md). They are better-auth's, so the OpenAPI document does not have
 * them; its own client would be 20 KB for a dozen calls. @throws ApiFailure
 */
export const auth = {
  get: <T>(path: string): Promise<T> => call(path, { method: 'GET' }),
  post: <T>(path: string, body: object): Promise<T> =>
    call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(`/api/auth${path}`, { ...init, credentials: 'same-origin' }).catch(
    (reason: unknown) => {
      throw lost(reason)
    },
  )
  const answer: unknown = await response.json().catch(() => undefined)
  const told: { success?: unknown } = Object(answer)
  if (!response.ok || told.success === false) throw failureOf(answer, response)
  return answer as T
}
