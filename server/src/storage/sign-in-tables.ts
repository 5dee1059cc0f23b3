import type { Generated } from 'kysely'

/** The tables of signing in, as both databases hold them: see tables.ts. */
export interface SignInTables {
  session: SessionTable
  /** What a provider vouches for: its `subject` is this account. */
  identity: {
    id: string
    account_id: number
    provider: string
    subject: string
    created_at_ms: number
    updated_at_ms: number
  }
  /** For reading: passwords, too, as the provider `credential`. */
  identity_all: SignInTables['identity'] & { password: string | null }
  /** What is being proven at the moment: one use, and short-lived. */
  verification: {
    id: string
    identifier: string
    value: string
    expires_at_ms: number
    created_at_ms: number
    updated_at_ms: number
  }
  /** Secret and recovery codes are encrypted under the root secret. */
  two_factor: {
    id: string
    account_id: number
    secret: string
    backup_codes: string
    verified: number
    failures: number
    locked_until_ms: number | null
  }
  passkey: {
    id: string
    account_id: number
    name: string | null
    public_key: string
    credential_id: string
    counter: number
    device_type: string
    backed_up: number
    transports: string | null
    aaguid: string | null
    created_at_ms: number | null
  }
  /** Links by which somebody makes an account, once. `digest`: SHA-256 of the token, base64url. */
  invitation: {
    id: string
    digest: string
    note: string
    group_name: string
    quota: number
    created_by: number
    created_at: number
    expires_at: number
    used_by: number | null
    used_at: number | null
  }
  /** Of `name <digest>` or `address 192.0.2.1`: how many sign-ins failed one after the other, and when the last one did. */
  sign_in_failure: { subject: string; failures: number; last_at_ms: number }
}

/** What an account has for signing in, besides its name and password. */
export interface SignInColumns {
  /** In small letters. Unique among living accounts. */
  email: string | null
  email_verified: Generated<number>
  /** 1: a second factor is asked for. */
  two_factor: Generated<number>
  /** 1: the password was made by the program, and nothing may be done before it was replaced. */
  password_due: Generated<number>
}

/** Who is signed in to the console. The cookie holds the token and a signature, so a row alone opens nothing. */
export interface SessionTable {
  id: string
  account_id: number
  token: string
  ip: string
  /** The browser, as it calls itself. */
  device: string
  created_at_ms: number
  updated_at_ms: number
  expires_at_ms: number
  used_at_ms: number
}
