/** A route of the sign-in library that is offered. */
export interface SignInRoute {
  readonly method: 'GET' | 'POST'
  /** Below `/api/auth`. */
  readonly path: string
  /** What it is for, as docs/sign-in.md has it. */
  readonly does: string
  /** Open while the password must be changed first. */
  readonly whilePasswordDue?: true
  /** It opens a session for whoever has none. */
  readonly signsIn?: true
  /** A password is sent that may be a guess: of the name in the body, or of whoever is signed in; or a link's token. */
  readonly guess?: 'named' | 'own' | 'link'
  /** Whoever signed in long ago does so again first: a session that was stolen must not become more than that. */
  readonly fresh?: true
  /** What the audit log notes when it was done. */
  readonly notes?: { readonly action: string; readonly after?: object }
}

type Paths = readonly Omit<SignInRoute, 'method'>[]

const READS: Paths = [
  {
    ...{ path: '/get-session', whilePasswordDue: true },
    does: 'Who is signed in: `{session, user}`, or `null`.',
  },
  { path: '/list-accounts', does: 'What you can sign in by: `credential` is a password.' },
  { path: '/list-sessions', does: 'Your sessions, with browser, address and last use.' },
  {
    ...{ path: '/passkey/generate-register-options', fresh: true },
    does: 'What the browser needs to make a passkey.',
  },
  {
    ...{ path: '/passkey/generate-authenticate-options', whilePasswordDue: true },
    does: 'What the browser needs to sign in by one.',
  },
  { path: '/passkey/list-user-passkeys', does: 'Your passkeys.' },
]

const WRITES: Paths = [
  {
    ...{ path: '/sign-in/username', whilePasswordDue: true, signsIn: true, guess: 'named' },
    does: 'Sign in: `{username, password, rememberMe?}`. With a second factor the answer is `{twoFactorRedirect: true}`.',
  },
  {
    ...{ path: '/sign-out', whilePasswordDue: true, notes: { action: 'session.end' } },
    does: 'End this session.',
  },
  {
    ...{ path: '/change-password', whilePasswordDue: true, guess: 'own' },
    does: 'Change your password: `{currentPassword, newPassword}`. Ends your other sessions.',
  },
  {
    ...{ path: '/revoke-session', notes: { action: 'session.end', after: { which: 'one' } } },
    does: 'End one of your sessions: `{token}`.',
  },
  {
    path: '/revoke-other-sessions',
    notes: { action: 'session.end', after: { which: 'others' } },
    does: 'End all your sessions but this one.',
  },
  {
    ...{ path: '/revoke-sessions', notes: { action: 'session.end', after: { which: 'all' } } },
    does: 'End all your sessions.',
  },
  {
    ...{ path: '/two-factor/enable', guess: 'own' },
    does: 'Begin to use a second factor: `{password}`. Answers the secret for your authenticator, and recovery codes.',
  },
  {
    ...{ path: '/two-factor/verify-totp', signsIn: true },
    does: 'Send a code of your authenticator: `{code}`, after a password, or to finish what `enable` began.',
  },
  {
    ...{ path: '/two-factor/verify-backup-code', signsIn: true },
    does: 'Send a recovery code instead: `{code}`. It works once.',
  },
  {
    path: '/two-factor/generate-backup-codes',
    ...{ guess: 'own', notes: { action: 'account.update', after: { recovery_codes: 'changed' } } },
    does: 'New recovery codes: `{password}`. The former ones work no more.',
  },
  {
    ...{ path: '/two-factor/get-totp-uri', guess: 'own' },
    does: 'The secret for another authenticator: `{password}`.',
  },
  {
    ...{ path: '/two-factor/disable', guess: 'own' },
    does: 'Use no second factor any more: `{password}`.',
  },
  {
    path: '/passkey/verify-registration',
    ...{ fresh: true, notes: { action: 'account.update', after: { passkey: 'added' } } },
    does: 'Keep a passkey: `{response, name?}`.',
  },
  {
    ...{ path: '/passkey/verify-authentication', whilePasswordDue: true, signsIn: true },
    does: 'Sign in by a passkey: `{response}`.',
  },
  {
    ...{ path: '/sign-in/social', whilePasswordDue: true },
    does: 'Begin to sign in by another provider: `{provider, callbackURL}`. Answers the URL to open.',
  },
  {
    ...{ path: '/link-social', fresh: true },
    does: 'Begin to sign in by another provider from now on: `{provider, callbackURL}`.',
  },
  {
    path: '/unlink-account',
    ...{ fresh: true, notes: { action: 'account.update', after: { identity: 'removed' } } },
    does: 'Sign in by a provider no more: `{accountId}`, its `id` in `list-accounts`.',
  },
  {
    ...{ path: '/request-password-reset', whilePasswordDue: true, guess: 'link' },
    does: 'Have a link for a new password sent: `{email}`. The answer is the same whoever has the address.',
  },
  {
    ...{ path: '/reset-password', whilePasswordDue: true, guess: 'link' },
    does: 'Choose a new password by a one-time link: `{token, newPassword}`. Ends your sessions.',
  },
  { path: '/passkey/update-passkey', does: 'Rename a passkey: `{id, name}`.' },
  {
    path: '/passkey/delete-passkey',
    notes: { action: 'account.update', after: { passkey: 'removed' } },
    does: 'Forget a passkey: `{id}`.',
  },
]

/** All that is offered: whatever else the library can do is not there. */
const SIGN_IN_ROUTES: readonly SignInRoute[] = [
  ...WRITES.map((route) => ({ method: 'POST', ...route }) as const),
  ...READS.map((route) => ({ method: 'GET', ...route }) as const),
]

/** Where other providers send people back to. */
const CALLBACK = /^\/callback\/[a-z]{1,20}$/

/** The route of a path below `/api/auth`. */
export function routeAt(method: string, path: string): SignInRoute | undefined {
  if (method === 'GET' && CALLBACK.test(path)) {
    const does = 'Back from another provider.'
    return { method, path, does, whilePasswordDue: true, signsIn: true }
  }
  return SIGN_IN_ROUTES.find((route) => route.method === method && route.path === path)
}
