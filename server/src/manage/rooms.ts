import type { Logger } from 'pino'
import type { AccessTokens } from '../accounts/access-tokens.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { Passwords } from '../accounts/passwords.ts'
import type { Budgets } from '../budgets/budgets.ts'
import type { Directory } from '../channels/directory.ts'
import type { Health } from '../channels/health/health.ts'
import type { Probe } from '../channels/probe.ts'
import type { Send } from '../events/send.ts'
import type { Groups } from '../groups/groups.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { KeyCache } from '../keys/key-cache.ts'
import type { Vault } from '../keys/vault.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ChargedPrices } from '../prices/charged-prices.ts'
import type { PriceBook } from '../prices/price-book.ts'
import type { Rates } from '../rates/rates.ts'
import type { Settings } from '../settings/settings.ts'
import type { Backoff } from '../sign-in/backoff.ts'
import type { Mail } from '../sign-in/mail.ts'
import type { Sessions } from '../sign-in/sessions.ts'
import type { Turns } from '../sign-in/turns.ts'
import type { Ways } from '../sign-in/ways.ts'
import type { Store } from '../storage/store.ts'
import type { Charts } from '../usage/charts.ts'
import type { Once } from './idempotency.ts'

/** Everything an operation may use. Each factory takes it whole; `compose.ts` builds it once. */
export interface Rooms {
  readonly store: Store
  readonly ledger: Ledger
  readonly budgets: Budgets
  readonly vault: Vault
  readonly keys: KeyCache
  readonly accounts: Accounts
  readonly accessTokens: AccessTokens
  readonly sessions: Sessions
  readonly passwords: Passwords
  /** Who guesses waits. */
  readonly backoff: Backoff
  /** Few passwords are hashed at a time. */
  readonly turns: Turns
  /** Sends e-mail, with links to the console at its address; undefined: the operator has set up none. */
  readonly mail: Mail | undefined
  /** How one may sign in here. */
  readonly ways: Ways
  readonly settings: Settings
  readonly groups: Groups
  readonly directory: Directory
  readonly health: Health
  readonly probe: Probe
  readonly prices: PriceBook
  /** What calls were charged at, when that has changed since. */
  readonly chargedPrices: ChargedPrices
  readonly metrics: Metrics
  readonly rates: Rates
  readonly charts: Charts
  readonly jobs: Jobs
  /** Sends one message to one webhook, now. */
  readonly send: Send
  /** Does the work of an idempotent operation once: see manage/idempotency.ts. */
  readonly once: Once
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Bytes nobody can guess. */
  readonly random: (bytes: number) => Uint8Array
  readonly log: Logger
  readonly program: Program
}

/** What `/api/status` says about the running program. */
export interface Program {
  readonly version: string
  /** Machine and process, for whoever looks at several. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** `TURNPIKE_PRIVATE_UPSTREAMS`: whether channels may point to private addresses. */
  readonly privateUpstreams: 'allow' | 'deny'
  /** Turns true when the program was told to stop: `/readyz` says so. */
  readonly draining: () => boolean
}
