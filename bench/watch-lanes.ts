/** What PostgreSQL shows of the lanes of nodes, every few milliseconds. */
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '../server/src/storage/postgres/pool.ts'

export interface LanesSeen {
  /** The most transactions that one lane of one node had in flight. */
  readonly most: number
  /** How many lanes were seen at work. */
  readonly lanes: number
  /** How often one was. */
  readonly busy: number
  readonly looks: number
}

const EVERY_MS = 3
const ANSWER_MS = 5_000

/** A node is told by the name of its connections, a lane by the function that it calls. */
const AT_WORK = `
  select application_name || ' ' || substring(query from 'turnpike_(move|settle)') as lane, count(*)::int as transactions
  from pg_stat_activity
  where datname = current_database() and state <> 'idle' and query ~ 'turnpike_(move|settle)' and pid <> pg_backend_pid()
  group by 1`

/** Looks until it is ended, on a connection of its own. */
export async function watchLanes(url: string): Promise<{ end(): Promise<LanesSeen> }> {
  const client = await connect(url, ANSWER_MS)
  const seen = new Set<string>()
  let [most, busy, looks, on] = [0, 0, 0, true]
  async function look(): Promise<void> {
    while (on) {
      const { rows } = await client.query<{ lane: string; transactions: number }>(AT_WORK)
      looks += 1
      busy += rows.length
      for (const { lane, transactions } of rows) {
        seen.add(lane)
        most = Math.max(most, transactions)
      }
      await pause(EVERY_MS)
    }
  }
  const looking = look()
  return {
    async end() {
      on = false
      await looking.finally(() => client.end())
      return { most, lanes: seen.size, busy, looks }
    },
  }
}
