import { setTimeout as pause } from 'node:timers/promises'
import { Kysely } from 'kysely'
import type { Log } from '../commit-queue.ts'
import { CannotOpen, NewerSchema } from '../failures.ts'
import type { NodeFacts } from '../lanes/ledger-calls.ts'
import { createListeners } from '../listeners.ts'
import { migrate } from '../migrations/postgres/migrate.ts'
import type { Read } from '../reading-driver.ts'
import { type Store, toPlain } from '../store.ts'
import type { Tables } from '../tables.ts'
import { runAlone } from './alone.ts'
import { createChores } from './chores.ts'
import { type Connection, createConnection } from './connection.ts'
import { createReadingDialect } from './dialect.ts'
import { reasonOf, stateOf } from './failures.ts'
import { type Feed, startFeed } from './feed.ts'
import { createFeedConnections } from './feed-connection.ts'
import { createFeedLine } from './feed-line.ts'
import { createRecalls, joinSharedLedger } from './join.ts'
import { dropMonths, NO_MONTH_IS_DROPPED } from './months.ts'
import { nameOf } from './name.ts'
import { createNodes } from './nodes.ts'
import { connect, createReads } from './pool.ts'
import { writeAtOnce } from './write.ts'

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, with the parameters that `pg` knows. */
  readonly url: string
  /** What others see of this node. */
  readonly facts?: NodeFacts
  readonly log?: (Log & Pick<Notes, 'info'>) | undefined
  /** How long a server that is away is waited for. */
  readonly patienceMs?: number
  /** Aborted when nobody wants it any more: then it is not waited for. */
  readonly stopping?: AbortSignal | undefined
  /** Milliseconds of a clock that nobody sets: what is done now and then goes by it. The process's own, unless a test brings one. */
  readonly steady?: (() => number) | undefined
}

interface Notes {
  info(detail: object, message: string): void
}

const PATIENCE_MS = 30_000
const RETRY_MS = 1_000
const MIGRATION_MS = 24 * 3_600_000
/** How long a closing store waits for a database that is away. */
const CLOSE_GRACE_MS = 5_000
const NAMELESS: NodeFacts = { name: '', url: '', version: '' }
const UNWATCHED = { ref: false }

/**
 * Opens the database that many nodes may share, brought to this program's schema.
 * @throws CannotOpen, NewerSchema
 */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const { url, log, facts = NAMELESS, steady = () => performance.now() } = options
  await prepare(options)
  const listeners = createListeners(log)
  const reads = createReads(url)
  const writes = createConnection(url)
  const recalls = createRecalls()
  const chores = createChores({ url, steady, log })
  const hearing = { hail: hailing(reads.readForCall), onRecall: recalls.tell, log }
  const feed = await startFeed({
    line: (wake) => createFeedLine(createFeedConnections(url, { ...hearing, wake })),
    log,
    onChange: listeners.tellChange,
    onBehind: listeners.tellBehind,
    onLook: chores.begin,
  }).catch(cannotOpen(url, reads))
  const joined = await joinSharedLedger({ url, log, facts }, recalls.on).catch(
    cannotOpen(url, feed, reads),
  )
  const { close: leave, healthy, accepting, ...shared } = joined
  const writing = createWriting(writes, feed)
  return {
    db: reading(reads.read),
    dbForCalls: reading(reads.readForCall),
    dialect: 'postgres',
    write: writing.write,
    ...shared,
    ...createNumbers(reads.read),
    months: {
      drop: (asked) => dropMonths(url, asked),
      noneIsDropped: { sql: NO_MONTH_IS_DROPPED, parameters: [], must: 'row' },
    },
    tidy: async () => void (await reads.read('select usage_drop_empty()', [])),
    nodes: createNodes(reads.read, () => shared.loans.epoch),
    alone: (work) => runAlone(url, work),
    onChange: listeners.onChange,
    onBehind: listeners.onBehind,
    // Balances are borrowed from: what management does to them is told as a change.
    onBalance: () => undefined,
    healthy: () => healthy() && !feed.isSilent(),
    accepting: () => accepting() && !feed.fenced(),
    backup: refuseBackup,
    async close() {
      await leave(CLOSE_GRACE_MS)
      await writes.close()
      await writing.over()
      await feed.close()
      await chores.close()
      await reads.close()
    },
  }
}

/** Writes are answered when this node has followed what they changed. */
function createWriting(writes: Connection, feed: Feed) {
  const running = new Set<Promise<unknown>>()
  const write: Store['write'] = async (statements, changes = []) => {
    const asked = writeAtOnce(writes, statements.map(toPlain), changes)
    const following = asked.then(async (did) => {
      await feed.follow(did.newest, did.noted)
      return did.written
    })
    running.add(following)
    return following.finally(() => running.delete(following))
  }
  return {
    write,
    /** Its own changes may still wait for a database that is away. */
    over: () =>
      Promise.race([Promise.allSettled(running), pause(CLOSE_GRACE_MS, undefined, UNWATCHED)]),
  }
}

const hailing =
  (read: Read) =>
  (...notification: readonly [channel: string, payload: string]) =>
    read('select pg_notify($1, $2)', notification)

async function refuseBackup(): Promise<never> {
  throw new Error('PostgreSQL is backed up with its own tools, such as pg_dump.')
}

/** Numbers that the database gives and knows. */
function createNumbers(read: Read): Pick<Store, 'nextId' | 'newestUsage'> {
  return {
    async nextId(table) {
      const next = `select nextval(pg_get_serial_sequence($1, 'id')) as id`
      const [row] = await read(next, [table])
      return Number(row?.id)
    },
    async newestUsage() {
      const [row] = await read('select turnpike_newest_usage() as id', [])
      return Number(row?.id)
    },
  }
}

/** Waits for the server, migrates, and makes the partitions of the next months. */
async function prepare(options: PostgresOptions): Promise<void> {
  const { url, log, patienceMs = PATIENCE_MS, stopping } = options
  const named = nameOf(url)
  const until = performance.now() + patienceMs
  for (let waited = false; ; waited = true) {
    try {
      await prepareOnce(url, named)
      return
    } catch (failure) {
      if (failure instanceof CannotOpen || failure instanceof NewerSchema) throw failure
      const reason = reasonOf(failure)
      const isLast = !mayPass(failure) || performance.now() + RETRY_MS > until
      if (!waited && !isLast) log?.info({ database: named, reason }, 'waiting for the database')
      if (isLast || !(await paused(stopping))) throw new CannotOpen(named, reason, failure)
    }
  }
}

/** False when it was to stop meanwhile. */
const paused = (stopping: AbortSignal | undefined): Promise<boolean> =>
  pause(RETRY_MS, true, stopping && { signal: stopping }).catch(() => false)

/** After all was prepared others may have taken the last connections, or nothing may be written here. */
const cannotOpen =
  (url: string, ...opened: readonly { close(): Promise<void> }[]) =>
  async (failure: unknown): Promise<never> => {
    await Promise.all(opened.map((one) => one.close()))
    throw new CannotOpen(nameOf(url), reasonOf(failure), failure)
  }

async function prepareOnce(url: string, named: string): Promise<void> {
  const client = await connect(url, MIGRATION_MS)
  try {
    await migrate(client, named)
    await client.query('select usage_partitions()')
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** A server that is away or still starting comes back; a wrong password stays wrong. */
function mayPass(failure: unknown): boolean {
  const state = stateOf(failure)
  return state === '' || ['08', '53', '57', '55', '40'].includes(state.slice(0, 2))
}

const reading = (read: Read) => new Kysely<Tables>({ dialect: createReadingDialect(read) })
