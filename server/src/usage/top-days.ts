import { setTimeout as pause } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import type { Store } from '../storage/store.ts'
import type { TopDayTable } from '../storage/usage-tables.ts'
import { DAY_SECONDS } from './levels.ts'
import { createRounds, type Rounds } from './rounds.ts'
import { EVERYBODY } from './summable.ts'
import { countsOf } from './totals.ts'

export interface TopDaysParts {
  readonly store: Pick<Store, 'db' | 'write'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told when a round failed; the next one tries again. */
  readonly failed: (error: unknown) => void
  /** How long a list is; an account with fewer keys on a day has none. */
  readonly listed?: number
}

/** Soon after midnight (UTC). */
const EVERY_MS = 60_000
const LISTED = 200
/** No chart shows more. */
const MOST_DAYS = 400

/**
 * Lists the keys that spent most on each day that is over, behind the calls: of everybody, and of accounts that used more keys
 * than a list has. A day is one row then for whoever asks which keys spent most, and not one for each key. Records and
 * corrections only come, so a list of as many requests and corrections as are counted is still right; another is made again.
 */
export function createTopDays({ store, now, failed, listed = LISTED }: TopDaysParts): Rounds {
  async function round(over: () => boolean) {
    const today = Math.floor(now() / 1000 / DAY_SECONDS) * DAY_SECONDS
    for (const day of await unlistedDays(store.db, today)) {
      if (over()) return
      const startedAt = performance.now()
      await list(store, day, listed)
      // Half of the time is everybody else's.
      await pause(performance.now() - startedAt)
    }
  }
  return createRounds({ everyMs: EVERY_MS, round, failed })
}

/** Newest first: they are asked for most. */
async function unlistedDays(db: Store['db'], today: number): Promise<readonly number[]> {
  const first = today - MOST_DAYS * DAY_SECONDS
  const lists = await db
    .selectFrom('top_day')
    .select(['day', 'requests', 'corrections'])
    .where('account_id', '=', EVERYBODY)
    .where('day', '>=', first)
    .execute()
  const corrections = await correctionsOfDays(db, { account: EVERYBODY, from: first })
  const listed = new Map(
    lists
      .filter((list) => list.corrections === (corrections.get(list.day) ?? 0))
      .map(({ day, requests }) => [day * 1000, requests]),
  )
  const days = await countsOf(db, { from: first * 1000, until: today * 1000 }, DAY_SECONDS)
  return days
    .filter(({ from, requests }) => listed.get(from) !== requests)
    .map(({ from }) => from / 1000)
}

interface OfDays {
  readonly account: number
  /** Unix seconds. */
  readonly from: number
}

/** How many corrections there ever were of the calls of each day. */
export async function correctionsOfDays(
  db: Store['db'],
  { account, from }: OfDays,
): Promise<ReadonlyMap<number, number>> {
  const rows = await db
    .selectFrom('corrected_day')
    .select(['day', 'corrections'])
    .where('account_id', '=', account)
    .where('day', '>=', from)
    .execute()
  return new Map(rows.map(({ day, corrections }) => [day, corrections]))
}

async function list({ db, write }: TopDaysParts['store'], day: number, listed: number) {
  // Read first: whatever comes meanwhile makes the list another one.
  const corrected = await db
    .selectFrom('corrected_day')
    .select(['account_id', 'corrections'])
    .where('day', '=', day)
    .execute()
  const corrections = new Map(corrected.map((row) => [row.account_id, row.corrections]))
  const ofAccounts = await listsOf(db, sql`account_id`, { day, listed, fewest: listed + 1 })
  const ofEverybody = await listsOf(db, sql.lit(EVERYBODY), { day, listed, fewest: 1 })
  await write(
    [...ofAccounts, ...ofEverybody].map((found) => {
      const made = { ...found, corrections: corrections.get(found.account_id) ?? 0 }
      return db
        .insertInto('top_day')
        .values(made)
        .onConflict((on) => on.columns(['account_id', 'day']).doUpdateSet(made))
    }),
  )
}

interface Wanted {
  readonly day: number
  readonly listed: number
  /** An account with fewer keys has no list. */
  readonly fewest: number
}

async function listsOf(
  db: Store['db'],
  account: RawBuilder<unknown>,
  { day, listed, fewest }: Wanted,
): Promise<readonly Omit<TopDayTable, 'corrections'>[]> {
  const { rows } = await sql<Place>`
    select owner, key_id, quota, place, of_all as requests from (
      select owner, key_id, quota, row_number() over (partition by owner order by quota desc, key_id) as place,
        count(*) over (partition by owner) as keys, sum(requests) over (partition by owner) as of_all
      from (
        select ${account} as owner, key_id, sum(quota) as quota, sum(requests) as requests
        from usage_day where day = ${day} group by 1, 2
      ) as used
    ) as placed where keys >= ${fewest} and place <= ${listed + 1} order by owner, place`.execute(
    db,
  )
  return [...Map.groupBy(rows, ({ owner }) => Number(owner))].map(([owner, places]) => ({
    account_id: owner,
    day,
    requests: Number(places[0]?.requests),
    beyond: Number(places[listed]?.quota ?? 0),
    keys: JSON.stringify(
      places.slice(0, listed).map(({ key_id, quota }) => [Number(key_id), Number(quota)]),
    ),
  }))
}

interface Place {
  readonly owner: number
  readonly key_id: number
  readonly quota: number
  readonly requests: number
}
