import type { ClientBase } from 'pg'
import { CannotOpen, NewerSchema } from '../../failures.ts'
import { functions } from '../../postgres/functions.ts'
import { LOCKS } from '../../postgres/locks.ts'
import { groupPolicy } from '../0009-group-policy.ts'
import { channelDialectsAndCost } from '../0015-channel-cost.ts'
import { signInOnPostgres } from '../0018-sign-in.ts'
import { invitationsOnPostgres } from '../0019-invitations.ts'
import { topDaysOnPostgres } from '../0028-top-days.ts'
import { first } from './0001-first.ts'
import { functions as firstFunctions } from './0001-functions.ts'
import { sharedLedger } from './0002-ledger.ts'
import { redemptions } from './0003-redemptions.ts'
import { accountLimits } from './0004-account-limits.ts'
import { rateNews } from './0005-rate-news.ts'
import { closedUsage } from './0006-closed-usage.ts'
import { budgets } from './0007-budgets.ts'
import { groups } from './0008-groups.ts'
import { atSize } from './0010-at-size.ts'
import { events } from './0011-events.ts'
import { fallbackModels } from './0012-fallback-models.ts'
import { attempts } from './0013-attempts.ts'
import { objects } from './0016-objects.ts'
import { usageDetails } from './0017-usage-details.ts'
import { jobs } from './0020-jobs.ts'
import { narrowSums } from './0026-narrow-sums.ts'
import { corrections } from './0032-corrections.ts'
import { chargedPrices } from './0034-charged-prices.ts'
import { recalledBy } from './0037-recalled-by.ts'

/** A step of functions alone: all of them are made anew behind the steps. Nodes of the former version call them, too. */
const ONLY_FUNCTIONS = ''

/** Step n brings a database from schema n - 1 to n. Forward only; a step that was released is never edited. */
export const steps: readonly string[] = [
  `${first}${firstFunctions}`,
  sharedLedger,
  redemptions,
  accountLimits,
  rateNews,
  closedUsage,
  budgets,
  groups,
  groupPolicy,
  atSize,
  events,
  fallbackModels,
  attempts,
  // A period of a budget is granted its amount where a failover has lost that it was opened.
  ONLY_FUNCTIONS,
  channelDialectsAndCost,
  objects,
  usageDetails,
  signInOnPostgres,
  invitationsOnPostgres,
  jobs,
  // A node that goes on under a new epoch ends all that it had before, in the transaction that gives it the new one.
  ONLY_FUNCTIONS,
  // A period of a budget that has nothing but refunds was never opened: a failover has lost that it was.
  ONLY_FUNCTIONS,
  narrowSums,
  chargedPrices,
  topDaysOnPostgres,
  corrections,
  // A new amount of a running period counted twice what corrections had given back.
  ONLY_FUNCTIONS,
  // Until here only some steps made functions anew: what had changed between them never came to databases that had them.
  ONLY_FUNCTIONS,
  // Numbers of lanes have stamps, by which copies of a process are told apart.
  ONLY_FUNCTIONS,
  // A new amount of a running period is less what the ends of jobs charged besides.
  ONLY_FUNCTIONS,
  recalledBy,
]

/** The schema this program writes. */
const SCHEMA = steps.length
/** PostgreSQL 15, as the server says it. */
const OLDEST_SERVER = 150_000

/**
 * Brings the database to this program's schema, in one transaction: all steps or none. Nodes that are started together
 * come one after the other. `named` is how messages call the database.
 * @throws NewerSchema, CannotOpen when the server is too old
 */
export async function migrate(client: ClientBase, named: string): Promise<void> {
  const { rows } = await client.query(`select current_setting('server_version_num') as version`)
  const version = Number(rows[0]?.version)
  if (version < OLDEST_SERVER) {
    const major = Math.floor(version / 10_000)
    throw new CannotOpen(named, `it is PostgreSQL ${major}, and Turnpike needs 15 or newer.`)
  }
  if ((await schemaOf(client, named)) === SCHEMA) return
  await client.query('begin')
  try {
    // A large table takes its time, and whoever waits for another node's migration waits for that. But a transaction that
    // its process forgot, frozen in the middle, is ended.
    await client.query(`set local statement_timeout = 0; set local lock_timeout = 0;
      set local idle_in_transaction_session_timeout = '10s'`)
    await client.query('select pg_advisory_xact_lock($1)', [LOCKS.migrate])
    await advance(client, await schemaOf(client, named))
    await client.query('commit')
  } catch (failure) {
    await client.query('rollback')
    throw failure
  }
}

async function advance(client: ClientBase, found: number): Promise<void> {
  // Whoever had the lock before has done it.
  if (found === SCHEMA) return
  for (const step of steps.slice(found)) await client.query(step)
  await client.query(functions)
  await client.query(
    `insert into meta (name, value) values ('schema', $1) on conflict (name) do update set value = excluded.value`,
    [String(SCHEMA)],
  )
}

/** @throws CannotOpen, NewerSchema unless the database has this program's schema */
export async function requireSchema(client: ClientBase, named: string): Promise<void> {
  const found = await schemaOf(client, named)
  if (found === SCHEMA) return
  const reason =
    found === 0
      ? 'no gateway was ever started on it.'
      : `it has schema ${found}, and ${SCHEMA} is needed: start the gateway once.`
  throw new CannotOpen(named, reason)
}

/** Asks the catalogue's own table: `to_regclass` may remember, after the wait, that there was no such table. */
const HAS_META = `select 1 from pg_class where relname = 'meta' and relnamespace = current_schema()::regnamespace`

async function schemaOf(client: ClientBase, named: string): Promise<number> {
  const { rows: tables } = await client.query(HAS_META)
  if (tables.length === 0) return 0
  const { rows } = await client.query(`select value from meta where name = 'schema'`)
  const found = Number(rows[0]?.value ?? 0)
  if (found > SCHEMA) throw new NewerSchema(named, found, SCHEMA)
  return found
}
