import type { Client } from 'pg'
import { CannotOpen } from '../failures.ts'
import { migrate } from '../migrations/postgres/migrate.ts'
import { livingNode } from '../postgres/living.ts'
import { LOCKS } from '../postgres/locks.ts'
import { nameOf } from '../postgres/name.ts'
import { createNodes } from '../postgres/nodes.ts'
import { connect, UNHURRIED } from '../postgres/pool.ts'
import type { Read } from '../reading-driver.ts'
import { quoted } from './source.ts'

/** The transaction in which a PostgreSQL database is filled. */
export interface Target {
  readonly client: Client
  readonly read: Read
  /** Name and type of each column of a table. */
  columns(table: string): Promise<ReadonlyMap<string, string>>
  /** @throws CommitUnanswered */
  commit(): Promise<void>
  /** Without a commit nothing of it was ever there. */
  close(): Promise<void>
}

/** The connection broke in the last moment: all of it is there, or nothing. */
export class CommitUnanswered extends Error {
  override readonly name = 'CommitUnanswered'
  constructor(cause: unknown) {
    super('the commit was not answered', { cause })
  }
}

const DAY_MS = 24 * 3_600_000
/** What a database without an installation holds: the schema's number, a counter that never counted, two groups. */
const BARE: Readonly<Record<string, string>> = {
  meta: "name <> 'schema'",
  change_counter: 'seq > 0',
  channel_group: "name not in ('auto', 'default')",
}

/**
 * Brings the database to this program's schema and begins the transaction, with the locks of a first start and of
 * management: gateways that are started meanwhile wait for its end.
 * @throws CannotOpen when it is not empty or in use, NewerSchema
 */
export async function openTarget(url: string, tables: readonly string[]): Promise<Target> {
  const named = nameOf(url)
  const client = await connect(url, DAY_MS).catch((failure: unknown) => {
    throw new CannotOpen(named, failure instanceof Error ? failure.message : '', failure)
  })
  const read: Read = async (sql, parameters) => (await client.query(sql, [...parameters])).rows
  try {
    await migrate(client, named)
    await client.query('select usage_partitions()')
    await client.query('begin')
    await client.query(UNHURRIED)
    const [lock] = await read('select pg_try_advisory_xact_lock($1) as got', [LOCKS.alone])
    if (!lock?.got) {
      throw new CannotOpen(named, 'a gateway is starting on it, or another migration fills it.')
    }
    await read('select pg_advisory_xact_lock($1)', [LOCKS.write])
    await refuseFilled(read, named, tables)
    await refuseUsed(read, named)
  } catch (failure) {
    await client.end().catch(() => undefined)
    throw failure
  }
  return {
    client,
    read,
    async columns(table) {
      const rows = await read(
        `select column_name, data_type from information_schema.columns
         where table_schema = current_schema() and table_name = $1`,
        [table],
      )
      return new Map(rows.map((row) => [String(row.column_name), String(row.data_type)]))
    },
    async commit() {
      await client.query('commit').catch((failure: unknown) => {
        throw new CommitUnanswered(failure)
      })
      // Without figures the planner would take the first questions for ones about empty tables. They come by themselves, too.
      await client.query(`analyze ${tables.map(quoted).join(', ')}`).catch(() => undefined)
    },
    close: () => client.end().catch(() => undefined),
  }
}

/** Two installations in one database would be none: ids of both mean different things. */
async function refuseFilled(read: Read, named: string, tables: readonly string[]): Promise<void> {
  const found: string[] = []
  for (const table of tables) {
    const rows = await read(
      `select 1 from ${quoted(table)} where ${BARE[table] ?? 'true'} limit 1`,
      [],
    )
    if (rows.length > 0) found.push(table)
  }
  if (found.length === 0) return
  throw new CannotOpen(
    named,
    `it is not empty, and nothing was changed: it has rows in ${found.join(', ')}. ` +
      'A gateway that was started on it once has made them. Name a new database.',
  )
}

async function refuseUsed(read: Read, named: string): Promise<void> {
  const node = await livingNode(createNodes(read, () => 0))
  if (node === undefined) return
  throw new CannotOpen(named, `a gateway runs on it: ${node}. Stop it first.`)
}
