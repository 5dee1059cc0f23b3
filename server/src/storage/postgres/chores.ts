import type { Client } from 'pg'
import type { Log } from '../commit-queue.ts'
import { connect } from './pool.ts'

/** What some node must do now and then, and any may. */
export interface Chores {
  /** Begins what is due, on a connection of its own: nobody waits for it, least of all changes. */
  begin(): void
  /** What is under way is broken off: the database undoes what was not committed. */
  close(): Promise<void>
}

export interface ChoresParts {
  readonly url: string
  /** Milliseconds of a clock that nobody sets. */
  readonly steady: () => number
  readonly log?: Log | undefined
}

interface Chore {
  readonly everyMs: number
  readonly what: string
  run(client: Client): Promise<unknown>
}

const CHANGES_KEPT_SECONDS = 3_600
/** The first sweep after a bad day has much to do. */
const ANSWER_MS = 60_000

const CHORES: readonly Chore[] = [
  {
    everyMs: 60_000,
    what: 'old changes were not swept',
    run: (client) =>
      client.query(
        'delete from change where created_at < extract(epoch from clock_timestamp()) - $1::bigint',
        [CHANGES_KEPT_SECONDS],
      ),
  },
  {
    everyMs: 86_400_000,
    what: 'no partitions were made for the months to come',
    run: (client) => client.query('select usage_partitions()'),
  },
]

/** The first time is a whole period after the start, which has made partitions itself. */
export function createChores({ url, steady, log }: ChoresParts): Chores {
  const begunAt = new Map(CHORES.map((chore) => [chore, steady()]))
  let running: Promise<void> | undefined
  let client: Client | undefined
  let closed = false

  async function run(chore: Chore): Promise<void> {
    try {
      client = await connect(url, ANSWER_MS)
      if (!closed) await chore.run(client)
    } catch (failure) {
      if (!closed) log?.error({ err: failure }, `${chore.what}: trying again when it is due again`)
    } finally {
      await client?.end().catch(() => undefined)
      client = undefined
    }
  }

  return {
    begin() {
      if (running !== undefined || closed) return
      const now = steady()
      const due = CHORES.find((one) => now - (begunAt.get(one) ?? now) >= one.everyMs)
      if (due === undefined) return
      begunAt.set(due, now)
      running = run(due).finally(() => {
        running = undefined
      })
    },
    async close() {
      closed = true
      await client?.end().catch(() => undefined)
      await running
    },
  }
}
