import { queryOptions } from '@tanstack/react-query'
import { auth } from '../../session/auth.ts'

/** A session, as better-auth tells of it. Times are ISO 8601. */
export interface OwnSession {
  readonly id: string
  /** Names it when it is ended. The cookie holds more than that: a signature. */
  readonly token: string
  readonly userAgent: string | null
  readonly ipAddress: string | null
  readonly createdAt: string
  readonly lastUsedAt: string | null
}

export interface Passkey {
  readonly id: string
  readonly name: string | null
  readonly createdAt: string | null
}

interface Present {
  readonly session: OwnSession
  readonly user: { readonly twoFactorEnabled: boolean | null }
}

/** This session, and whether its account has a second factor. */
export const presentQuery = queryOptions({
  queryKey: ['sign-in', 'present'],
  // Nobody is signed in with a session where a program's token is sent.
  queryFn: () => auth.get<Present | null>('/get-session'),
})

export const sessionsQuery = queryOptions({
  queryKey: ['sign-in', 'sessions'],
  queryFn: () => auth.get<readonly OwnSession[]>('/list-sessions'),
})

export const passkeysQuery = queryOptions({
  queryKey: ['sign-in', 'passkeys'],
  queryFn: () => auth.get<readonly Passkey[]>('/passkey/list-user-passkeys'),
})

/** What opens the account; `credential` is its password. */
export const identitiesQuery = queryOptions({
  queryKey: ['sign-in', 'identities'],
  queryFn: () => auth.get<readonly { readonly providerId: string }[]>('/list-accounts'),
})

export const unlinkIdentity = (providerId: string): Promise<unknown> =>
  auth.post('/unlink-account', { providerId })

export const endSession = ({ token }: OwnSession): Promise<unknown> =>
  auth.post('/revoke-session', { token })

export const endOtherSessions = (): Promise<unknown> => auth.post('/revoke-other-sessions', {})

export const renamePasskey = (id: string, name: string): Promise<unknown> =>
  auth.post('/passkey/update-passkey', { id, name })

export const removePasskey = ({ id }: Passkey): Promise<unknown> =>
  auth.post('/passkey/delete-passkey', { id })

/** What an authenticator needs (`otpauth:`), and codes for the day that it is lost. It counts once a code was sent. */
export interface SecondFactor {
  readonly totpURI: string
  readonly backupCodes: readonly string[]
}

export const beginSecondFactor = (password: string): Promise<SecondFactor> =>
  auth.post('/two-factor/enable', { password })

export const endSecondFactor = (password: string): Promise<unknown> =>
  auth.post('/two-factor/disable', { password })

export async function newRecoveryCodes(password: string): Promise<readonly string[]> {
  const path = '/two-factor/generate-backup-codes'
  const { backupCodes } = await auth.post<Pick<SecondFactor, 'backupCodes'>>(path, { password })
  return backupCodes
}
