import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from 'pg'
import type { Log } from '../commit-queue.ts'
import type { Recall } from '../lanes/ledger-calls.ts'
import type { ChangeKind } from '../tables.ts'
import type { FeedConnection, Found, Newest } from './feed-line.ts'
import { RECALL_CHANNEL, readRecall } from './ledger-calls.ts'
import { connect } from './pool.ts'

const CHANNEL = 'turnpike_change'
/** A notification to ourselves, to know whether any arrive. */
const HELLO = 'hello'
const HELLO_MS = 3_000
/** It arrives within milliseconds, where it does. */
const MOMENT_MS = 200
const ANSWER_MS = 5_000
const MOST_AT_ONCE = 1_000

interface ConnectionParts {
  /** Sends a notification over another connection than the feed's. */
  readonly hail: (channel: string, payload: string) => Promise<unknown>
  /** Called when a change was announced. */
  readonly wake: () => void
  /** Told which entities somebody needs units of. */
  readonly onRecall: (recall: Recall) => void
  readonly log?: Log | undefined
}

/** Connections to PostgreSQL that listen, one after the other. */
export function createFeedConnections(
  url: string,
  parts: ConnectionParts,
): () => Promise<FeedConnection> {
  const ear = createEar(parts)
  return async () => {
    const client = await connect(url, ANSWER_MS)
    try {
      await ear.listen(client)
    } catch (failure) {
      void client.end().catch(() => undefined)
      throw failure
    }
    return {
      newest: () => ear.deaf(() => newestOf(client)),
      changesAfter: (number) => ear.deaf(() => changesAfter(client, number)),
      end: () => client.end(),
    }
  }
}

/**
 * What tells one server's life from another's, and whether it follows another one; every role may ask it. A standby that is
 * promoted goes on with its own life, but no two servers begin theirs in the same microsecond.
 */
const LIFE = `extract(epoch from pg_postmaster_start_time())::text as life, pg_is_in_recovery() as standby`

interface Lived {
  readonly newest: number
  readonly life: string
  readonly standby: boolean
}

async function newestOf(client: Client): Promise<Newest> {
  const { rows } = await client.query<Lived>(
    `select seq as newest, ${LIFE} from change_counter where id = 1`,
  )
  return toNewest(rows[0])
}

/** What is heard on a standby may be long ago: its changes are not taken for news. */
function toNewest(row: Lived | undefined): Newest {
  if (row?.standby === true) throw new Error('changes are not heard from a standby')
  return { newest: Number(row?.newest ?? 0), life: row?.life ?? '' }
}

async function changesAfter(client: Client, number: number): Promise<Found> {
  const { rows } = await client.query<
    Lived & { seq: number | null; kind: ChangeKind; subject: string }
  >(
    `select change_counter.seq as newest, ${LIFE}, change.seq, kind, subject
     from change_counter left join change on change.seq > $1
     where change_counter.id = 1 order by change.seq limit ${MOST_AT_ONCE}`,
    [number],
  )
  const changes = rows.flatMap(({ seq, kind, subject }) =>
    seq === null ? [] : [{ seq: Number(seq), change: { kind, subject } }],
  )
  return { ...toNewest(rows[0]), changes }
}

/**
 * Listens on a new connection; says once when nothing is heard, as behind a pooler that lends connections by the
 * transaction. Such a pooler passes what a connection hears, whoever listened there, to the one whose statement runs on it,
 * and may so bring us even our own hello. So another connection sends it while we ask nothing, and only what
 * arrives then was heard.
 */
function createEar({ hail, wake, onRecall, log }: ConnectionParts) {
  let said = false
  let isDeaf = true

  async function deaf<T>(work: () => Promise<T>): Promise<T> {
    isDeaf = true
    return work().finally(() => {
      isDeaf = false
    })
  }

  async function listen(client: Client): Promise<void> {
    const { promise: heard, resolve } = Promise.withResolvers<void>()
    let isHeard = false
    client.on('notification', ({ channel, payload = '' }) => {
      if (!isDeaf) {
        isHeard = true
        resolve()
      }
      if (channel === RECALL_CHANNEL) onRecall(readRecall(payload))
      else if (payload !== HELLO) wake()
    })
    await deaf(() => client.query(`listen ${CHANNEL}; listen ${RECALL_CHANNEL}`))
    let isOver = false
    client.on('end', () => {
      isOver = true
    })
    const judge = () => {
      if (isHeard || isOver || said) return
      said = true
      log?.error(
        {},
        'no notifications arrive from PostgreSQL (a pooler in transaction mode?): changes are looked for every 250 ms instead',
      )
    }
    // Who can't send it learns nothing by that.
    void hail(CHANNEL, HELLO).then(
      () => void setTimeout(judge, HELLO_MS).unref(),
      () => undefined,
    )
    await Promise.race([heard, pause(MOMENT_MS, undefined, { ref: false })])
  }

  return { deaf, listen }
}
