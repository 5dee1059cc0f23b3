import { sql } from 'kysely'
import type { Store } from '../storage/store.ts'
import { createRounds, type Rounds } from '../usage/rounds.ts'
import type { Look, News, Span } from './balance-looks.ts'
import { isFirstNode } from './first-node.ts'

export interface FollowParts {
  readonly store: Store
  /** Asked in this order. */
  readonly looks: readonly Look[]
  /** Told when a round failed; the next one tries again. */
  readonly failed: (error: unknown) => void
}

const EVERY_MS = 2_000
/** Ids of usage records are given before their commits: so often a round waits for all of them, and none is missed. */
const WHOLE_EVERY_ROUNDS = 30
/** Records that one look takes in, in some milliseconds; of ten times as many, one database looks at every key there is. */
const RECORDS_A_LOOK = 2_000
/** The rows of `meta` that say how far the books were read, for whoever starts next. */
export const USAGE_MARK = 'events_usage'
export const ENTRY_MARK = 'events_entry'

/**
 * Starts the rounds that look at what is new in the books, at one node: behind the calls, which know nothing of it, and
 * never ahead of a commit. A process that dies has lost nothing: the next one reads on from the marks in `meta`, and what
 * was told already is marked.
 */
export async function followBooks({ store, looks, failed }: FollowParts): Promise<Rounds> {
  await begin(store)
  let seen: Seen | undefined
  let rounds = 0

  async function round(over: () => boolean): Promise<void> {
    if (!(await isFirstNode(store))) {
      seen = undefined
      return
    }
    const kept = await readMarks(store)
    seen ??= kept
    const isWhole = rounds++ % WHOLE_EVERY_ROUNDS === 0
    const end = await endOf(store, isWhole)
    const from = isWhole ? kept : seen
    for (const news of slices(from, end)) {
      if (over()) return
      for (const look of looks) await look(news)
      // Who is far behind gets there, however often it is stopped on the way.
      if (isWhole) await keepMarks(store, { usage: news.usage.to, entry: news.entries.to })
    }
    seen = end
  }

  return createRounds({ everyMs: EVERY_MS, round, failed })
}

/** The newest ids that were looked at. */
interface Seen {
  readonly usage: number
  readonly entry: number
}

/** What happened before there were events is not told afterwards. */
async function begin(store: Store): Promise<void> {
  const marks = await store.db
    .selectFrom('meta')
    .select('name')
    .where('name', 'in', [USAGE_MARK, ENTRY_MARK])
    .execute()
  if (marks.length < 2) await keepMarks(store, await endOf(store, true), 'unless there')
}

async function readMarks({ db }: Store): Promise<Seen> {
  const rows = await db
    .selectFrom('meta')
    .select(['name', 'value'])
    .where('name', 'in', [USAGE_MARK, ENTRY_MARK])
    .execute()
  const values = new Map(rows.map(({ name, value }) => [name, Number(value)]))
  return { usage: values.get(USAGE_MARK) ?? 0, entry: values.get(ENTRY_MARK) ?? 0 }
}

async function endOf(store: Store, isWhole: boolean): Promise<Seen> {
  const { rows } = await sql<{ usage: number; entry: number }>`
    select coalesce((select max(id) from usage), 0) as usage,
      coalesce((select max(id) from entry), 0) as entry`.execute(store.db)
  const [newest = { usage: 0, entry: 0 }] = rows
  const usage = isWhole ? await store.newestUsage() : Number(newest.usage)
  return { usage, entry: Number(newest.entry) }
}

/** All entries come with the first slice of records. */
function* slices(from: Seen, end: Seen): Generator<News> {
  let entries: Span = { from: from.entry, to: end.entry }
  let at = from.usage
  do {
    const to = Math.min(at + RECORDS_A_LOOK, end.usage)
    if (to > at || entries.to > entries.from) yield { usage: { from: at, to }, entries }
    entries = { from: end.entry, to: end.entry }
    at = to
  } while (at < end.usage)
}

async function keepMarks(store: Store, { usage, entry }: Seen, unlessThere?: 'unless there') {
  const rows = [
    { name: USAGE_MARK, value: String(usage) },
    { name: ENTRY_MARK, value: String(entry) },
  ]
  await store.write(
    rows.map((row) =>
      store.db
        .insertInto('meta')
        .values(row)
        .onConflict((on) =>
          unlessThere === undefined
            ? on.column('name').doUpdateSet({ value: row.value })
            : on.column('name').doNothing(),
        ),
    ),
  )
}
