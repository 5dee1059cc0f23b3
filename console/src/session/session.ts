import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../api/client.ts'
import { auth } from './auth.ts'
import { STATUS } from './status.ts'

/** The account that is signed in. Fails with status 401 when there is none. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/user/self', { signal })),
  staleTime: Number.POSITIVE_INFINITY,
})

export type Session = Awaited<ReturnType<NonNullable<typeof sessionQuery.queryFn>>>

export interface Credentials {
  readonly username: string
  readonly password: string
}

/**
 * Signs in; the server sets the cookie. Resolves with whether a code of the second factor is due first.
 * @throws ApiFailure that says what is wrong.
 */
export async function signIn(credentials: Credentials): Promise<{ readonly codeDue: boolean }> {
  const answer = await auth.post<{ twoFactorRedirect?: true }>('/sign-in/username', credentials)
  return { codeDue: answer.twoFactorRedirect === true }
}

/** The second factor, after the password: the code that an authenticator shows, or one of the recovery codes. */
export const sendCode = (code: string): Promise<unknown> =>
  auth.post('/two-factor/verify-totp', { code })

export const sendRecoveryCode = (code: string): Promise<unknown> =>
  auth.post('/two-factor/verify-backup-code', { code })

export const signOut = (): Promise<unknown> => auth.post('/sign-out', {})

export interface PasswordChange {
  readonly currentPassword: string
  readonly newPassword: string
}

/** Ends the account's other sessions. @throws ApiFailure `password_refused` when the present one is wrong. */
export const changePassword = (change: PasswordChange): Promise<unknown> =>
  auth.post('/change-password', change)

/** The password of an account that has none, and was signed in to within a day. Ends its other sessions. @throws ApiFailure */
export const setFirstPassword = (password: string): Promise<unknown> =>
  unwrap(api.POST('/api/user/self/password', { body: { password } }))

/** Forgets what was shown to whoever leaves. How one may sign in is nobody's own, and the next screen waits for it. */
export function forgetSession(queryClient: QueryClient): void {
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== STATUS })
  queryClient.getMutationCache().clear()
}
