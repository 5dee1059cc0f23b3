import type { DatabaseSync } from 'node:sqlite'
import { NewerSchema } from '../failures.ts'
import { first } from './0001-first.ts'
import { usageHours } from './0002-usage-hours.ts'
import { balanceNow } from './0003-balance-now.ts'
import { redemptions } from './0004-redemptions.ts'
import { accountLimits } from './0005-account-limits.ts'
import { closedUsage } from './0006-closed-usage.ts'
import { budgets } from './0007-budgets.ts'
import { groups } from './0008-groups.ts'
import { groupPolicy } from './0009-group-policy.ts'
import { atSize } from './0010-at-size.ts'
import { events } from './0011-events.ts'
import { fallbackModels } from './0012-fallback-models.ts'
import { attempts } from './0013-attempts.ts'
import { channelDialectsAndCost } from './0015-channel-cost.ts'
import { objects } from './0016-objects.ts'
import { usageDetails } from './0017-usage-details.ts'
import { signInOnSqlite } from './0018-sign-in.ts'
import { invitationsOnSqlite } from './0019-invitations.ts'
import { jobs } from './0020-jobs.ts'
import { narrowSums } from './0026-narrow-sums.ts'
import { topDaysOnSqlite } from './0028-top-days.ts'
import { corrections } from './0032-corrections.ts'
import { chargedPrices } from './0034-charged-prices.ts'

/** Step n brings a database from schema n - 1 to n. Forward only; a step that was released is never edited. */
export const steps: readonly string[] = [
  first,
  usageHours,
  balanceNow,
  redemptions,
  accountLimits,
  closedUsage,
  budgets,
  groups,
  groupPolicy,
  atSize,
  events,
  fallbackModels,
  attempts,
  channelDialectsAndCost,
  objects,
  usageDetails,
  signInOnSqlite,
  invitationsOnSqlite,
  jobs,
  narrowSums,
  chargedPrices,
  topDaysOnSqlite,
  corrections,
]

/** In KiB, and therefore negative. */
const MIGRATION_CACHE = -262_144

/** The schema this program writes. */
export const SCHEMA = steps.length

/** The schema that a database has; 0 for an empty one. */
export function schemaOf(database: DatabaseSync): number {
  const named = "select 1 from sqlite_master where type = 'table' and name = 'meta'"
  if (!database.prepare(named).get()) return 0
  const row = database.prepare("select value from meta where name = 'schema'").get()
  return row ? Number(row.value) : 0
}

/** Brings the database to this program's schema, in one transaction: all steps or none. @throws NewerSchema */
export function migrate(database: DatabaseSync, path: string): void {
  const found = schemaOf(database)
  if (found > SCHEMA) throw new NewerSchema(path, found, SCHEMA)
  if (found === SCHEMA) return
  // Sorting ten million records in the little that a gateway needs takes half an hour.
  const [usual] = Object.values(database.prepare('pragma cache_size').get() ?? {})
  database.exec(`pragma cache_size = ${MIGRATION_CACHE}; begin immediate`)
  try {
    for (const step of steps.slice(schemaOf(database))) database.exec(step)
    database
      .prepare("insert or replace into meta (name, value) values ('schema', ?)")
      .run(String(SCHEMA))
    database.exec('commit')
  } catch (failure) {
    if (database.isTransaction) database.exec('rollback')
    throw failure
  } finally {
    database.exec(`pragma cache_size = ${usual}`)
  }
}
