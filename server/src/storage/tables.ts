import type { Generated } from 'kysely'
import type { EventTables } from './event-tables.ts'
import type { JobTable } from './job-table.ts'
import type { ObjectTable } from './object-table.ts'
import type { SignInColumns, SignInTables } from './sign-in-tables.ts'
import type { UsageTables } from './usage-tables.ts'

/**
 * Every table, as both databases hold it: integers for times (Unix seconds; `_ms` milliseconds) and flags (0 or 1),
 * text for what is not a number, JSON as text. The one place to look a column up.
 */
export interface Tables extends EventTables, SignInTables, UsageTables {
  /** A key's rules. Its balance stands in `balance`, so that charging never rewrites this wide row. */
  key: KeyTable
  /** Former values of rotated keys, valid until `valid_until`. */
  key_former: { digest: string; key_id: number; pepper_id: number; valid_until: number }
  /** Living keys of an account with ids in [block * 1024, block * 1024 + 1024). Triggers keep it. */
  key_block: { account_id: number; block: number; live: number }
  /** Other names that keys had when some of their records were made. A trigger keeps it. */
  key_former_name: { key_id: number; name: string }
  account: AccountTable
  /** `entity` as made by `ledger/entity.ts`. `remain` means nothing while the owner is unlimited. */
  balance: BalanceTable & {
    /** What corrections add to `used`, or take from it. */
    corrected: Generated<number>
  }
  /** For reading: what is on loan to nodes counts as theirs whose it is, and `used` is corrected. */
  balance_now: BalanceTable
  /**
   * Everything that changed a balance besides usage: grants, deltas, sets, closings, redeemed codes.
   * `idempotency` is unique when not null.
   */
  entry: {
    id: Generated<number>
    entity: number
    delta: number
    kind: 'grant' | 'adjust' | 'set' | 'refund' | 'close' | 'redeem'
    reason: string
    actor: string
    idempotency: string | null
    created_at: number
  }
  access_token: AccessTokenTable
  redemption: RedemptionTable
  channel: ChannelTable
  channel_group: GroupTable
  object: ObjectTable
  job: JobTable
  /** Overrides of the price catalogue; `price` is the JSON of `prices/price.ts` `ModelPrice`. */
  price: { model: string; price: string; updated_at: number }
  /** Prices that were charged, each since when: see prices/charged-prices.ts. `price` as in `price`. */
  charged_price: { model: string; ratio: string; since_ms: number; price: string }
  /** At most one row (id 1): the prices that stand in the place of the bundled catalogue, as JSON of its format. */
  price_catalogue: { id: 1; providers: string; updated_at_ms: number }
  setting: { name: string; value: string; updated_at: number }
  /** Last 24 hours of answered calls with `Idempotency-Key`; never a secret, only a fingerprint and the id. */
  idempotency: {
    account_id: number
    route: string
    key: string
    fingerprint: string
    result_id: number | null
    created_at: number
  }
  audit: {
    id: Generated<number>
    created_at: number
    actor_id: number
    actor: string
    ip: string
    action: string
    subject: string
    before: string | null
    after: string | null
    request_id: string
  }
  /** One row: the number of the newest change. Taken last in its transaction, so its order is commit order. */
  change_counter: { id: 1; seq: number }
  change: { seq: number; kind: ChangeKind; subject: string; created_at: number }
  /** One row each: schema version, check value of the root secret, installation id. */
  meta: { name: string; value: string }
}

interface BalanceTable {
  entity: number
  remain: number
  used: number
  requests: number
}

export type ChangeKind =
  | 'key'
  | 'account'
  | 'access_token'
  /** Sessions of an account ended; `subject` is the account. */
  | 'session'
  | 'channel'
  | 'group'
  | 'price'
  | 'price_catalogue'
  | 'setting'
  /** Where many nodes share the database: management changed a balance; `subject` is its entity. */
  | 'balance'

/** What changed, for caches to forget. `subject` is the row's id or name as text. */
export interface Change {
  readonly kind: ChangeKind
  readonly subject: string
}

export interface KeyTable {
  id: number
  account_id: number
  /** HMAC-SHA256 of the value under the pepper, base64url. Unique: the look-up. Deleted keys keep a tombstone. */
  digest: string
  pepper_id: number
  /** The value under AES-256-GCM, base64url; null with `keys.reveal = never`. */
  sealed: string | null
  /** First 4 and last 4 characters, `abcdwxyz`, for masks and for search by the end. */
  hint: string
  name: string
  /** What the owner set: 1 enabled, 2 disabled, 3 or 4 a mark that blocks until 1 is sent. */
  status: number
  created_time: number
  accessed_time: number
  expired_time: number
  unlimited_quota: number
  model_limits_enabled: number
  model_limits: string
  allow_ips: string | null
  group_name: string
  cross_group_retry: number
  /** JSON of the fields that are ours (auto_groups, rpm_limit, budgets, metadata, ...); null when none is set. */
  extra: string | null
  /** Unix seconds; null while the key lives. */
  deleted_at: number | null
}

export interface AccountTable extends SignInColumns {
  id: number
  username: string
  password_hash: string | null
  role: 'user' | 'admin'
  /** 1 active, 2 suspended. */
  status: number
  group_name: string
  /** JSON array of further groups. */
  groups: string
  unlimited_quota: number
  created_at: number
  deleted_at: number | null
  /** JSON `{rpm_limit, tpm_limit, max_concurrent, budgets}`, any of them absent; null when none is set. */
  limits: string | null
}

export interface AccessTokenTable {
  id: number
  account_id: number
  name: string
  /** SHA-256 of the token, base64url (tokens have 256 random bits, so no pepper is needed). */
  digest: string
  hint: string
  /** JSON array; null = all the account may, except admin routes. */
  scopes: string | null
  expires_at: number | null
  created_at: number
  last_used_at: number | null
  deleted_at: number | null
}

/** Codes that add units to the balance of whoever redeems them, once. A withdrawn code has no row. */
export interface RedemptionTable {
  id: number
  /** The first id of those that were made together. */
  batch_id: number
  name: string
  /** SHA-256 of the code, base64url (codes have 190 random bits, so no pepper is needed). Unique: the look-up. */
  digest: string
  /** The last four characters of the code. */
  hint: string
  /** Units it is worth, 1 .. 10^15. */
  quota: number
  created_at: number
  expires_at: number | null
  /** Null while the code is unused, as `redeemed_by` is: the account. */
  redeemed_at: number | null
  redeemed_by: number | null
}

export interface ChannelTable {
  id: number
  name: string
  type: string
  base_url: string
  /** JSON array of sealed upstream keys. */
  keys: string
  /** JSON array of public model ids; `[]` = ask the upstream. */
  models: string
  /** JSON array of group names. */
  groups: string
  /** JSON object public id -> upstream id. */
  model_mapping: string
  priority: number
  weight: number
  free: number
  /** 1 enabled, 2 disabled. */
  status: number
  /** What a call costs the operator there, in relation to other channels. */
  cost_ratio: number
  /** JSON array of the dialects that its provider speaks; `[]` = those of its type. */
  dialects: string
  /** JSON object of extra request headers. */
  headers: string
  /** JSON `{first_byte_ms, idle_ms, total_ms}`, any of them absent. */
  timeouts: string
  created_at: number
  deleted_at: number | null
}

export interface GroupTable {
  name: string
  description: string
  /** Factor of every price: decimal text. */
  ratio: string
  /** JSON object: own group of an account -> its ratio here, decimal text. */
  ratios: string
  /** Of the row `auto`, which is no set of channels: JSON array of the groups that it walks. Null of every other. */
  walks: string | null
  /** One of `channels/choosing/policies.ts`; empty: the setting `routing.policy`. */
  policy: '' | 'weighted' | 'least_busy' | 'cheapest'
  /** JSON array of the models that are tried when nobody can serve the asked one. */
  fallback_models: string
}
