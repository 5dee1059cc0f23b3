import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../api/client.ts'
import { failureOf, lost } from '../api/failure.ts'

/** The account that is signed in. Fails with status 401 when there is none. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/user/self', { signal })),
  staleTime: Number.POSITIVE_INFINITY,
})

export type Session = Awaited<ReturnType<NonNullable<typeof sessionQuery.queryFn>>>

interface Credentials {
  readonly username: string
  readonly password: string
}

/** Signs in; the server sets the cookie. @throws ApiFailure that says what is wrong. */
export const signIn = (credentials: Credentials): Promise<void> =>
  authenticate('/api/auth/sign-in/username', credentials)

export const signOut = (): Promise<void> => authenticate('/api/auth/sign-out', {})

/** better-auth's routes are not in the OpenAPI document. Its own client would be 20 KB for three calls. */
async function authenticate(path: string, body: object): Promise<void> {
  const response = await fetch(path, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch((reason: unknown) => {
    throw lost(reason)
  })
  const answer: unknown = await response.json().catch(() => undefined)
  const told: { success?: unknown } = Object(answer)
  if (!response.ok || told.success === false) throw failureOf(answer, response)
}
