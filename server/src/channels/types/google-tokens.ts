import { type Dispatcher, request } from 'undici'
import { readAtMost } from '../read-at-most.ts'
import { type AccessTokens, NoAccess } from './access.ts'
import { readServiceAccount, type ServiceAccount } from './service-account.ts'

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
/** A token is asked for anew this long before its end, while calls go on with the one that is there. */
const AHEAD_MS = 5 * 60_000
/** It is not sent in its last moments: it could end on its way. */
const MARGIN_MS = 30_000
/** Whoever gives no token is not asked again at once. */
const PAUSE_MS = 1_000
const PATIENCE_MS = 15_000
const MOST_BYTES = 64 * 1024
/** Keys that were taken out are forgotten when so many others came. */
const MOST_KEYS = 1_000

interface Parts {
  /** Connects under the address rules: where tokens come from is written in the key. */
  readonly dispatcher: Dispatcher
  readonly now: () => number
}

/** Tokens of Google's service accounts: one for each key, however many channels and calls there are. */
export function createGoogleTokens(parts: Parts): AccessTokens {
  const tokens = new Map<string, AccountToken>()
  return {
    of(key) {
      let token = tokens.get(key)
      if (token === undefined) {
        token = new AccountToken(key, parts)
        const [oldest] = tokens.size < MOST_KEYS ? [] : tokens.keys()
        if (oldest !== undefined) tokens.delete(oldest)
        tokens.set(key, token)
      }
      return token.now()
    },
    known: (key) => tokens.get(key)?.known ?? [],
  }
}

/** The token of one key, asked for ahead of its end, by one request at a time. */
class AccountToken {
  /** The one that is sent, and the one before it, which calls that run may still hold. */
  known: readonly string[] = []
  readonly #key: string
  readonly #parts: Parts
  #asking: Promise<string> | undefined
  #failure: NoAccess | undefined
  #askAt = 0
  #goodUntil = 0

  constructor(key: string, parts: Parts) {
    this.#key = key
    this.#parts = parts
  }

  now(): string | Promise<string> {
    const now = this.#parts.now()
    const [token] = this.known
    if (token !== undefined && now < this.#goodUntil) {
      // A failure is the next asker's concern: this token is still good.
      if (now >= this.#askAt) this.#ask().catch(() => undefined)
      return token
    }
    if (this.#failure !== undefined && now < this.#askAt) return Promise.reject(this.#failure)
    return this.#ask()
  }

  #ask(): Promise<string> {
    this.#asking ??= this.#fetch().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #fetch(): Promise<string> {
    const { now } = this.#parts
    try {
      const { token, lifeMs } = await fetchToken(this.#key, this.#parts.dispatcher)
      const endsAt = now() + lifeMs
      this.#goodUntil = endsAt - Math.min(MARGIN_MS, lifeMs / 4)
      this.#askAt = endsAt - Math.min(AHEAD_MS, lifeMs / 2)
      this.#failure = undefined
      this.known = [token, ...this.known.slice(0, 1)]
      return token
    } catch (error) {
      this.#failure = error instanceof NoAccess ? error : new NoAccess(whyNone(error), false)
      this.#askAt = now() + PAUSE_MS
      throw this.#failure
    }
  }
}

/** Only what kind of trouble it was: an error's own words may quote what was sent. */
function whyNone(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
  return `no token could be got from where the service account has them from${code}`
}

async function fetchToken(key: string, dispatcher: Dispatcher) {
  const account = readServiceAccount(key)
  if (typeof account === 'string') throw new NoAccess(`the key ${account}`, true)
  // Loaded where it is used: who has no such channel does not pay for it.
  const { JWT } = await import('google-auth-library')
  let failure: unknown
  const client = new JWT({
    ...{ email: account.email, key: account.privateKey, scopes: [SCOPE] },
    // The library knows Google's own place only; others (private networks, other clouds of Google's) are in the key.
    additionalClaims: { aud: account.tokenUri },
    transporterOptions: {
      // When to ask again is decided by whoever called.
      retryConfig: { shouldRetry: () => false },
      fetchImplementation: (_url, init) =>
        post(account, String(init?.body), dispatcher).catch((error: unknown) => {
          failure = error
          throw error
        }),
    },
  })
  try {
    const { access_token: token, expiry_date: endsAt } = await client.authorize()
    if (typeof token !== 'string' || token === '' || typeof endsAt !== 'number') {
      throw new NoAccess('what came from where tokens come from was no token', false)
    }
    // The library measures from its own clock; only how long it lasts is taken from it.
    return { token, lifeMs: endsAt - Date.now() }
  } catch (error) {
    throw failure ?? error
  }
}

/** Asks for a token over the connections that calls use. @throws NoAccess when the key is refused. */
async function post(
  { tokenUri }: ServiceAccount,
  body: string,
  dispatcher: Dispatcher,
): Promise<Response> {
  const answer = await request(tokenUri, {
    ...{ dispatcher, method: 'POST', body },
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    signal: AbortSignal.timeout(PATIENCE_MS),
  })
  const text = await readAtMost(answer.body, MOST_BYTES)
  const { statusCode: status } = answer
  if (status === 200) return new Response(text, { headers: { 'content-type': 'application/json' } })
  const word = /"error"\s*:\s*"([a-z_]{1,40})"/.exec(text)?.[1]
  const isDenied =
    word === 'invalid_grant' || word === 'invalid_client' || word === 'unauthorized_client'
  const said = `${status}${word === undefined ? '' : ` ${word}`}`
  throw new NoAccess(`where the service account has its tokens from answered ${said}`, isDenied)
}
