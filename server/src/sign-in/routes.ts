/** A route of the sign-in library that is offered. */
export interface SignInRoute {
  readonly method: 'GET' | 'POST'
  /** Below `/api/auth`. */
  readonly path: string
  /** What it is for, as docs/sign-in.md has it. */
  readonly does: string
  /** Open while the password must be changed first. */
  readonly whilePasswordDue?: true
}

/** All that is offered: whatever else the library can do is not there. */
const SIGN_IN_ROUTES: readonly SignInRoute[] = [
  {
    ...{ method: 'POST', path: '/sign-in/username', whilePasswordDue: true },
    does: 'Sign in: `{username, password, rememberMe?}`.',
  },
  { method: 'POST', path: '/sign-out', whilePasswordDue: true, does: 'End this session.' },
  {
    ...{ method: 'GET', path: '/get-session', whilePasswordDue: true },
    does: 'Who is signed in: `{session, user}`, or `null`.',
  },
  {
    ...{ method: 'POST', path: '/change-password', whilePasswordDue: true },
    does: 'Change your password: `{currentPassword, newPassword}`. Ends your other sessions.',
  },
  { method: 'GET', path: '/list-sessions', does: 'Your sessions.' },
  { method: 'POST', path: '/revoke-session', does: 'End one of your sessions: `{token}`.' },
  { method: 'POST', path: '/revoke-other-sessions', does: 'End all your sessions but this one.' },
  { method: 'POST', path: '/revoke-sessions', does: 'End all your sessions.' },
]

/** The route of a path below `/api/auth`. */
export const routeAt = (method: string, path: string): SignInRoute | undefined =>
  SIGN_IN_ROUTES.find((route) => route.method === method && route.path === path)
