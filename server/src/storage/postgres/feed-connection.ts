import type { Client } from 'pg'
import type { Log } from '../commit-queue.ts'
import type { ChangeKind } from '../tables.ts'
import type { FeedConnection, Found } from './feed-line.ts'
import { RECALL_CHANNEL } from './ledger-calls.ts'
import { connect } from './pool.ts'

const CHANNEL = 'turnpike_change'
/** A notification to ourselves, to know whether any arrive. */
const HELLO = 'hello'
const HELLO_MS = 3_000
const ANSWER_MS = 5_000
const MOST_AT_ONCE = 1_000
const CHANGES_KEPT_SECONDS = 3_600
const SWEEP_EVERY_MS = 60_000
const PARTITIONS_EVERY_MS = 86_400_000

interface ConnectionParts {
  /** Called when a change was announced. */
  readonly wake: () => void
  /** Told which entities somebody needs units of. */
  readonly onRecall: (entities: readonly number[]) => void
  readonly log?: Log | undefined
}

/** Connections to PostgreSQL that listen, one after the other. */
export function createFeedConnections(
  url: string,
  parts: ConnectionParts,
): () => Promise<FeedConnection> {
  const chores = createChores()
  const listen = createListening(parts)
  return async () => {
    const client = await connect(url, ANSWER_MS)
    try {
      await listen(client)
    } catch (failure) {
      void client.end().catch(() => undefined)
      throw failure
    }
    return {
      newest: () => newestOf(client),
      async changesAfter(number) {
        const found = await changesAfter(client, number)
        await chores(client)
        return found
      },
      end: () => client.end(),
    }
  }
}

async function newestOf(client: Client): Promise<number> {
  const { rows } = await client.query('select seq from change_counter where id = 1')
  return Number(rows[0]?.seq)
}

async function changesAfter(client: Client, number: number): Promise<Found> {
  const { rows } = await client.query<{
    newest: number
    seq: number | null
    kind: ChangeKind
    subject: string
  }>(
    `select change_counter.seq as newest, change.seq, kind, subject
     from change_counter left join change on change.seq > $1
     where change_counter.id = 1 order by change.seq limit ${MOST_AT_ONCE}`,
    [number],
  )
  const changes = rows.flatMap(({ seq, kind, subject }) =>
    seq === null ? [] : [{ seq: Number(seq), change: { kind, subject } }],
  )
  return { newest: rows[0]?.newest ?? 0, changes }
}

/** Listens on a new connection; says once when nothing is heard, as behind a pooler that lends connections by the call. */
function createListening({ wake, onRecall, log }: ConnectionParts) {
  let said = false
  return async (client: Client): Promise<void> => {
    let heard = false
    client.on('notification', ({ channel, payload = '' }) => {
      heard = true
      if (channel === RECALL_CHANNEL) onRecall(payload.split(',').map(Number))
      else if (payload !== HELLO) wake()
    })
    await client.query(`listen ${CHANNEL}`)
    await client.query(`listen ${RECALL_CHANNEL}`)
    await client.query('select pg_notify($1, $2)', [CHANNEL, HELLO])
    const check = setTimeout(() => {
      if (heard || said) return
      said = true
      log?.error(
        {},
        'no notifications arrive from PostgreSQL (a pooler in transaction mode?): changes are looked for every 250 ms instead',
      )
    }, HELLO_MS).unref()
    client.on('end', () => clearTimeout(check))
  }
}

/** What some node must do now and then, and any may. */
function createChores() {
  let sweptAt = performance.now()
  let partitionsAt = performance.now()
  return async (client: Client): Promise<void> => {
    const now = performance.now()
    if (now - sweptAt >= SWEEP_EVERY_MS) {
      sweptAt = now
      await client.query(
        'delete from change where created_at < extract(epoch from clock_timestamp()) - $1::bigint',
        [CHANGES_KEPT_SECONDS],
      )
    }
    if (now - partitionsAt >= PARTITIONS_EVERY_MS) {
      partitionsAt = now
      await client.query('select usage_partitions()')
    }
  }
}
