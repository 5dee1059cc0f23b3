import type { Client } from 'pg'
import type { Log } from '../commit-queue.ts'
import type { Change, ChangeKind } from '../tables.ts'
import { RECALL_CHANNEL } from './ledger-calls.ts'
import { connect } from './pool.ts'

/** What a look brought. `behind`: some changes can't be had any more; `lost`: the database went back in time. */
export type News =
  | { readonly kind: 'changes'; readonly changes: readonly NumberedChange[] }
  | { readonly kind: 'behind'; readonly newest: number; readonly lost: boolean }

export interface NumberedChange {
  readonly seq: number
  readonly change: Change
}

/** The feed's own connection: nothing that takes long keeps a revocation waiting. Connects anew at the next look. */
export interface FeedLine {
  /** The number of the newest change. */
  newest(): Promise<number>
  /**
   * The changes after this number, or some of them. `anew`: on another connection than the last look, so that another
   * server may answer, which never heard of the last changes and has given their numbers to others.
   */
  look(after: number): Promise<News & { readonly anew: boolean }>
  close(): Promise<void>
}

const CHANNEL = 'turnpike_change'
/** A notification to ourselves, to know whether any arrive. */
const HELLO = 'hello'
const HELLO_MS = 3_000
const ANSWER_MS = 5_000
const MOST_AT_ONCE = 1_000
const CHANGES_KEPT_SECONDS = 3_600
const SWEEP_EVERY_MS = 60_000
const PARTITIONS_EVERY_MS = 86_400_000

interface LineParts {
  /** Called when a change was announced. */
  readonly wake: () => void
  /** Told which entities somebody needs units of. */
  readonly onRecall: (entities: readonly number[]) => void
  readonly log?: Log | undefined
}

export function createFeedLine(url: string, parts: LineParts): FeedLine {
  let client: Client | undefined
  let closed = false
  let broke = false
  const chores = createChores()
  const listen = createListening(parts)

  /** Any failure is taken for a broken connection: the next look has a new one. */
  async function using<T>(work: (client: Client) => Promise<T>): Promise<T> {
    if (closed) throw new Error('the feed is closed')
    try {
      if (client === undefined) {
        client = await connect(url, ANSWER_MS)
        await listen(client)
      }
      return await work(client)
    } catch (failure) {
      const broken = client
      client = undefined
      broke = true
      void broken?.end().catch(() => undefined)
      throw failure
    }
  }

  return {
    newest: () => using(newestOf),
    look: (after) =>
      using(async (on) => {
        const news = await newsAfter(on, after)
        await chores(on)
        const anew = broke
        broke = false
        return { ...news, anew }
      }),
    async close() {
      closed = true
      await client?.end().catch(() => undefined)
    },
  }
}

async function newestOf(client: Client): Promise<number> {
  const { rows } = await client.query('select seq from change_counter where id = 1')
  return Number(rows[0]?.seq)
}

/** Counter and changes in one snapshot. Numbers have no gaps, so one that is missing was swept away. */
async function newsAfter(client: Client, after: number): Promise<News> {
  const { rows } = await client.query<{
    newest: number
    seq: number | null
    kind: ChangeKind
    subject: string
  }>(
    `select change_counter.seq as newest, change.seq, kind, subject
     from change_counter left join change on change.seq > $1
     where change_counter.id = 1 order by change.seq limit ${MOST_AT_ONCE}`,
    [after],
  )
  const [first] = rows
  const newest = first?.newest ?? 0
  if (newest === after) return { kind: 'changes', changes: [] }
  if (newest < after || first?.seq !== after + 1) {
    return { kind: 'behind', newest, lost: newest < after }
  }
  const changes = rows.map(({ seq, kind, subject }) => ({
    seq: Number(seq),
    change: { kind, subject },
  }))
  return { kind: 'changes', changes }
}

/** Listens on a new connection; says once when nothing is heard, as behind a pooler that lends connections by the call. */
function createListening({ wake, onRecall, log }: LineParts) {
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
