import { APIError, createAuthMiddleware, isAPIError } from 'better-auth/api'
import { betterAuth } from 'better-auth/minimal'
import type { Logger } from 'pino'
import type { Accounts } from '../accounts/accounts.ts'
import { LONGEST_PASSWORD, type Passwords, SHORTEST_PASSWORD } from '../accounts/passwords.ts'
import { ACTIVE } from '../accounts/status.ts'
import { saysOf } from '../errors.ts'
import { errorText } from '../log.ts'
import type { Settings } from '../settings/settings.ts'
import type { Store } from '../storage/store.ts'
import { createAccountWrites } from './account-writes.ts'
import { createAdapter } from './adapter.ts'
import type { SignInConfig } from './config.ts'
import { cookiePrefix } from './cookie.ts'
import { mailOf } from './mail.ts'
import { linkTo } from './one-time-links.ts'
import { plugins } from './plugins.ts'
import { providerOptions } from './providers.ts'
import { visitor } from './visitor.ts'

export interface AuthParts {
  readonly store: Store
  readonly accounts: Accounts
  readonly passwords: Passwords
  readonly log: Logger
  readonly now: () => number
  readonly settings: Settings
  readonly signIn: SignInConfig
  /** What cookies are signed and secrets encrypted with: the present one first. */
  readonly secrets: readonly { readonly secret: string; readonly pepperId: number }[]
}

/** Answers requests below `/api/auth`. */
export type Auth = (request: Request) => Promise<Response>

const DAY_SECONDS = 86_400

/**
 * Builds the sign-in library for browsers that see the gateway at `origin`, the only one that it trusts. It reads the
 * environment where an option is left out, so that none that matters is.
 */
export function createAuth(parts: AuthParts, origin: string): Auth {
  const secure = origin.startsWith('https:')
  const { settings, signIn } = parts
  const others = providerOptions(signIn.providers, settings.get('sign_up.mode') !== 'open')
  const auth = betterAuth({
    appName: 'Turnpike',
    baseURL: origin,
    basePath: '/api/auth',
    trustedOrigins: [],
    secrets: parts.secrets.map(({ pepperId, secret }) => ({ version: pepperId, value: secret })),
    database: createAdapter({ store: parts.store, accounts: createAccountWrites(parts) }),
    logger: { level: 'warn', log: (level, message) => tell(parts.log, level, message) },
    // Without it the library writes to the console by itself.
    onAPIError: {
      onError: (error) => tellFailure(parts.log, error),
      errorURL: `${origin}/console/sign-in`,
    },
    telemetry: { enabled: false },
    // Failures are counted by us, in the database.
    rateLimit: { enabled: false },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: SHORTEST_PASSWORD,
      maxPasswordLength: LONGEST_PASSWORD,
      password: noted(parts.passwords),
      ...resetMail(parts),
    },
    socialProviders: others.socialProviders,
    account: {
      accountLinking: {
        enabled: true,
        disableImplicitLinking: !settings.get('sign_in.link_by_email'),
        allowDifferentEmails: true,
        trustedProviders: [],
      },
    },
    session: {
      expiresIn: 7 * DAY_SECONDS,
      updateAge: DAY_SECONDS,
      // Which routes want a session that is fresh, routes.ts says.
      freshAge: 0,
      additionalFields: { lastUsedAt: { type: 'date', required: false, input: false } },
    },
    verification: { storeIdentifier: 'hashed' },
    advanced: {
      useSecureCookies: false,
      cookiePrefix: cookiePrefix(secure),
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/', secure },
      disableCSRFCheck: false,
      disableOriginCheck: false,
      backgroundTasks: { handler: (task) => void task.catch((e) => tellFailure(parts.log, e)) },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER], ipv6Subnet: 128 },
    },
    databaseHooks: {
      session: { create: { before: async ({ userId }) => requireActive(parts, userId) } },
    },
    hooks: { before: beforeRoute },
    plugins: [...plugins(origin), ...others.plugins],
  })
  return auth.handler
}

/** The caller's address as we know it, which no header from outside can say. */
const ADDRESS_HEADER = 'x-turnpike-address'

/** Links for a new password go to addresses that are proven, and lead where the operator said. */
function resetMail({ signIn, log }: AuthParts) {
  const mail = mailOf(signIn, log)
  if (mail === undefined) return {}
  const { send, consoleUrl } = mail
  return {
    async sendResetPassword({ user, token }: { user: User; token: string }) {
      if (!user.emailVerified) return
      const url = linkTo(consoleUrl, 'reset-password', token)
      const text = `Somebody asked for a new password for your account at ${consoleUrl}.

Choose one here, within an hour: ${url}

If it was not you, there is nothing to do.
`
      await send({ to: user.email, subject: 'A new password', text })
    },
  }
}

interface User {
  readonly email: string
  readonly emailVerified: boolean
}

const noted = (passwords: Passwords) => ({
  hash: (password: string) => {
    noteHashing()
    return passwords.hash(password)
  },
  verify: ({ hash, password }: { hash: string; password: string }) => {
    noteHashing()
    return passwords.verify(password, hash)
  },
})

function noteHashing(): void {
  const present = visitor()
  if (present !== undefined) present.hashed = true
}

/** Whoever proved to be a suspended account is told so; nobody else learns of it. */
async function requireActive({ accounts }: AuthParts, userId: string): Promise<void> {
  const account = await accounts.find(Number(userId))
  const present = visitor()
  if (account !== undefined && present !== undefined) present.who = account
  if (account?.status === ACTIVE) return
  throw new APIError('FORBIDDEN', {
    code: 'account_suspended',
    message: saysOf('account_suspended'),
  })
}

/** A changed password ends the other sessions, whatever the client asks for, and is another one. */
const beforeRoute = createAuthMiddleware(async (ctx) => {
  // A browser that need not send codes would be a second factor that nobody can take back.
  if (ctx.path.startsWith('/two-factor/verify-')) {
    return { context: { body: { ...ctx.body, trustDevice: false } } }
  }
  if (ctx.path === '/sign-in/social' || ctx.path === '/link-social') {
    const { provider, callbackURL, errorCallbackURL } = ctx.body ?? {}
    return { context: { body: { provider, callbackURL, errorCallbackURL } } }
  }
  if (ctx.path === '/unlink-account' && String(ctx.body?.accountId).startsWith('password-')) {
    throw new APIError('BAD_REQUEST', { message: 'a password is changed, not taken away' })
  }
  if (ctx.path !== '/change-password') return
  if (ctx.body?.newPassword === ctx.body?.currentPassword) {
    throw new APIError('BAD_REQUEST', { message: 'the new password is the present one' })
  }
  return { context: { body: { ...ctx.body, revokeOtherSessions: true } } }
})

/** Stack and message of what is no refusal, never the values that came with it. */
function tellFailure(log: Logger, error: unknown): void {
  if (isAPIError(error)) return
  const told = { room: 'sign-in', requestId: visitor()?.requestId, error: errorText(error) }
  log.error(told, 'signing in failed')
}

/** What stands behind a colon, or beside the message, somebody may have sent: it stays out. */
function tell(log: Logger, level: string, text: string): void {
  const message = String(text).split(':', 1)[0] ?? ''
  if (level === 'error') log.error({ room: 'sign-in' }, message)
  else if (level === 'warn') log.debug({ room: 'sign-in' }, message)
}
