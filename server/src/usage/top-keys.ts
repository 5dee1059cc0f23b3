import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from '../storage/tables.ts'
import type { ChartFilter } from './charts.ts'
import type { UsageFilter } from './filter.ts'
import { withKnownKeys } from './known-names.ts'
import { DAY_SECONDS } from './levels.ts'
import { EVERYBODY, summable } from './summable.ts'
import { correctionsOfDays } from './top-days.ts'
import { countsOf } from './totals.ts'

const DAY_MS = DAY_SECONDS * 1000
/** Keys that are added up over the whole time, for each that is wanted: those that may be among the first. */
const CANDIDATES = 3
/** Where lists leave more gaps, few keys are used on each day: all of it is added up as soon. */
const MOST_GAPS = 4

/** Keys and what they spent, largest first; no other one spent more than `beyond`. */
interface Ranking {
  readonly keys: readonly Spent[]
  readonly beyond: number
}
type Spent = readonly [key: number, quota: number]

/** The ids of the keys that spent most, largest first; of those that spent the same, the older ones. */
export async function topKeys(
  db: Kysely<Tables>,
  filter: ChartFilter,
  most: number,
): Promise<readonly number[]> {
  const keys =
    (await topOfLists(db, filter, most)) ?? (await ranking(db, [filter], most)).keys.slice(0, most)
  return keys.map(([key]) => key)
}

/**
 * The same out of what is listed of each day (usage/top-days.ts). Whoever is first on none of them may still be first on the
 * whole, so the candidates are added up, and it is undefined unless no other key can have spent as much as the last of them.
 */
async function topOfLists(
  db: Kysely<Tables>,
  filter: ChartFilter,
  most: number,
): Promise<readonly Spent[] | undefined> {
  const lists = await listsOf(db, filter)
  if (lists.length === 0) return undefined
  const gaps = gapsOf(filter, lists)
  if (gaps.length > MOST_GAPS) return undefined
  const listed = Math.max(...lists.map(({ keys }) => keys.length))
  const rest = gaps.map((gap) => ({ ...filter, ...gap }))
  const parts = rest.length === 0 ? lists : [...lists, await ranking(db, rest, listed)]
  const seen = sortedSums(parts.flatMap(({ keys }) => keys))
  const candidates = seen.slice(0, most * CANDIDATES)
  const beyond =
    (seen[candidates.length]?.[1] ?? 0) + parts.reduce((sum, part) => sum + part.beyond, 0)
  const keyIds = candidates.map(([key]) => key)
  const known = await withKnownKeys(db, { ...filter, keyIds })
  const { keys } = await ranking(db, [known], keyIds.length)
  const last = keys[most - 1]?.[1] ?? 0
  return last > beyond || (keyIds.length === seen.length && beyond === 0)
    ? keys.slice(0, most)
    : undefined
}

type List = Ranking & { readonly from: number; readonly until: number }

/** The lists of whole days, oldest first, as far as they are of all requests and corrections that are counted now. */
async function listsOf(db: Kysely<Tables>, filter: ChartFilter): Promise<readonly List[]> {
  const { accounts = [EVERYBODY], from, until, ...narrowed } = filter
  const [account, ...others] = accounts
  if (account === undefined || others.length > 0 || Object.keys(narrowed).length > 0) return []
  const lists = await db
    .selectFrom('top_day')
    .selectAll()
    .where('account_id', '=', account)
    .where('day', '>=', from / 1000)
    .where('day', '<=', (until - DAY_MS) / 1000)
    .orderBy('day')
    .execute()
  if (lists.length === 0) return []
  const counts = await countsOf(db, filter, DAY_SECONDS)
  const counted = new Map(counts.map((day) => [day.from, day.requests]))
  const corrected = await correctionsOfDays(db, { account, from: from / 1000 })
  return lists
    .filter(({ day, requests }) => counted.get(day * 1000) === requests)
    .filter(({ day, corrections }) => (corrected.get(day) ?? 0) === corrections)
    .map(({ day, beyond, keys }) => ({
      ...{ from: day * 1000, until: day * 1000 + DAY_MS, beyond },
      keys: JSON.parse(keys) as Spent[],
    }))
}

type Time = Pick<ChartFilter, 'from' | 'until'>

/** What is left of a time between others, which are in order. */
function gapsOf({ from, until }: Time, others: readonly Time[]): readonly Time[] {
  const gaps: Time[] = []
  let begin = from
  for (const other of [...others, { from: until, until }]) {
    if (begin < other.from) gaps.push({ from: begin, until: other.from })
    begin = other.until
  }
  return gaps
}

/** The first keys of all filters together. */
async function ranking(
  db: Kysely<Tables>,
  filters: readonly UsageFilter[],
  most: number,
): Promise<Ranking> {
  const found: RawBuilder<unknown>[] = filters.map((filter) =>
    summable(filter, { by: 'key', only: 'quota' }),
  )
  const { rows } = await sql<{ of: number; quota: number }>`
    select "of", cast(sum(quota) as bigint) as quota from (${sql.join(found, sql` union all `)}) as found
    group by 1 order by 2 desc, 1 limit ${most + 1}`.execute(db)
  const keys = rows.map(({ of, quota }): Spent => [Number(of), Number(quota)])
  return { keys: keys.slice(0, most), beyond: keys[most]?.[1] ?? 0 }
}

function sortedSums(all: readonly Spent[]): readonly Spent[] {
  const sums = new Map<number, number>()
  for (const [key, quota] of all) sums.set(key, (sums.get(key) ?? 0) + quota)
  return [...sums].toSorted(([, a], [, b]) => b - a)
}
