/** Scopes a personal access token can carry (contract 1). */
export const ACCESS_SCOPES = [
  'keys:read',
  'keys:write',
  'keys:reveal',
  'usage:read',
  'account:write',
  'admin',
] as const
export type AccessScope = (typeof ACCESS_SCOPES)[number]

/** Who asks the management API, as proven by a personal access token or a session of the console. */
export interface Caller {
  readonly accountId: number
  readonly username: string
  readonly role: 'user' | 'admin'
  readonly group: string
  readonly groups: readonly string[]
  /** 0 of a session. */
  readonly tokenId: number
  /** null = no scopes were set: all the account may, except admin routes. */
  readonly scopes: readonly AccessScope[] | null
  /** When the token ends, Unix seconds; null = never. */
  readonly tokenExpiresAt: number | null
  /** Only of a session of the console: its id. */
  readonly session?: string
  /** Only of a session: when it was opened, milliseconds since 1970. */
  readonly sessionSince?: number
  /** Only of a session: the password was made by the program, and must be replaced before anything else is done. */
  readonly passwordDue?: boolean
}

/** Whether the caller's token opens what asks for `scope`. `admin` wants the scope and the role. */
export function mayUse(caller: Caller, scope: AccessScope): boolean {
  if (scope === 'admin')
    return caller.role === 'admin' && (caller.scopes?.includes('admin') ?? false)
  return caller.scopes === null || caller.scopes.includes(scope)
}
