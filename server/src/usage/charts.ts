import { sql } from 'kysely'
import { jsonList, type Member } from '../storage/json-list.ts'
import type { Store } from '../storage/store.ts'
import { type Block, createBlocks, type Step } from './blocks.ts'
import { someOf, type UsageFilter } from './filter.ts'
import { HOUR_SECONDS } from './levels.ts'
import {
  EVERYBODY,
  FIGURES,
  isNarrowed,
  isOneRow,
  type SeriesBy,
  summable,
  summed,
  unsummed,
} from './summable.ts'
import { growingSpans, numbersOf, SUMS, type Totals } from './totals.ts'

/** What a chart shows of the records it is asked for. */
export interface ChartWanted {
  readonly by: SeriesBy
  /** Length of a step: 3 600 or 86 400 seconds. Days begin at midnight UTC. */
  readonly stepSeconds: number
  /** What a point's model, key or group is called; several names get the same value. */
  readonly names: readonly string[]
  /** No chart has more points. */
  readonly most: number
}

/** Records that sums know, of a time in whole steps. */
export type ChartFilter = UsageFilter & { readonly from: number; readonly until: number }

export interface Charts {
  /**
   * The points of a chart as the text of a JSON list, oldest first: `created_at` (Unix seconds), the names, and the sums.
   * Steps without usage are left out. Undefined when there are more points than `most`.
   */
  draw(filter: ChartFilter, wanted: ChartWanted): Promise<string | undefined>
  /** The steps of the same chart. */
  steps(filter: ChartFilter, wanted: ChartWanted): Promise<readonly Step[] | undefined>
}

/** Hours that are kept together. */
const HOURS_A_BLOCK = 24
const BLOCK_MS = HOURS_A_BLOCK * HOUR_SECONDS * 1000
/** Blocks that one question is about: others can read after each. */
const BLOCKS_AT_ONCE = 8
/** A dozen charts of a month by the hour. */
const MOST_CHARACTERS = 32 * 1024 * 1024

/**
 * Draws charts by the hour in blocks of a day, and keeps what it drew; those by the day are drawn as soon as their records
 * are counted. Records are added and never changed, so are their corrections, and their sums outlive them: a block with as many
 * requests and corrections as are counted now is the same block, however old. So nothing must be forgotten in time, and what other nodes wrote is in the
 * count.
 */
export function createCharts(store: Pick<Store, 'db' | 'dialect' | 'onBehind'>): Charts {
  const kept = createBlocks(MOST_CHARACTERS)
  // A database that went back in time may count the same of other records.
  store.onBehind(() => kept.clear())

  async function* partsOf(filter: ChartFilter, wanted: ChartWanted) {
    if (wanted.stepSeconds !== HOUR_SECONDS) {
      for (const span of wanted.by === 'key' ? growingSpans(filter) : [filter])
        yield await stepsOf(store, { ...filter, ...span }, wanted, 'all')
      return
    }
    for (const run of runs(await blocksOf(store.db, filter, wanted), kept.get, wanted.by))
      yield run.known ?? (await drawRun(store, { filter, wanted, run, keep: kept.put }))
  }

  const steps: Charts['steps'] = async (filter, wanted) => {
    const drawn: Step[] = []
    let points = 0
    for await (const part of partsOf(filter, wanted)) {
      if (part === undefined) return undefined
      for (const step of part) {
        if (step.at * 1000 < filter.from || step.at * 1000 >= filter.until) continue
        points += step.points
        drawn.push(step)
      }
      if (points > wanted.most) return undefined
    }
    return drawn
  }
  return {
    steps,
    async draw(filter, wanted) {
      const drawn = await steps(filter, wanted)
      return drawn && `[${drawn.map(({ text }) => text).join(',')}]`
    },
  }
}

interface NamedBlock {
  readonly name: string
  readonly from: number
  readonly until: number
  /** As they are counted now. */
  readonly requests: number
  /** Those of them that are not summed yet. */
  readonly unsummed: number
  /** Corrections that there ever were of the accounts' calls of that day. */
  readonly corrections: number
  /** Whether the sums by model alone and by group alone are filled. */
  readonly isNarrowed: boolean
}

/**
 * The days of a chart that have requests, oldest first. Whole ones: what was drawn yesterday is a part of what is asked for
 * today. Days of keys are too large for that.
 */
async function blocksOf(
  db: Store['db'],
  filter: ChartFilter,
  wanted: ChartWanted,
): Promise<readonly NamedBlock[]> {
  const isWide = wanted.by !== 'key'
  const from = isWide ? Math.floor(filter.from / BLOCK_MS) * BLOCK_MS : filter.from
  const until = isWide ? Math.ceil(filter.until / BLOCK_MS) * BLOCK_MS : filter.until
  const wide = { ...filter, from, until }
  const grouping = { stepSeconds: BLOCK_MS / 1000, only: 'requests' } as const
  const accounts = sql.join([...someOf(filter.accounts ?? [EVERYBODY])])
  const { rows } = await sql<Counted>`
    select at, sum(requests) as requests, sum(unsummed) as unsummed, ${isNarrowed} as narrowed,
      (select coalesce(sum(corrections), 0) from corrected_day where account_id in (${accounts}) and day = at) as corrections
    from (
      select at, requests, 0 as unsummed from (${summed(wide, grouping)}) as summed
      union all
      select at, requests, requests from (${unsummed(wide, grouping)}) as coming
    ) as found group by at order by at`.execute(db)
  return rows.map((row) => {
    const block = {
      from: Math.max(Number(row.at) * 1000, from),
      until: Math.min(Number(row.at) * 1000 + BLOCK_MS, until),
    }
    return {
      ...block,
      name: nameOf({ ...filter, ...block }, wanted),
      requests: Number(row.requests),
      unsummed: Number(row.unsummed),
      corrections: Number(row.corrections),
      isNarrowed: Number(row.narrowed) === 1,
    }
  })
}

interface Counted {
  readonly at: number
  readonly requests: number
  readonly unsummed: number
  readonly narrowed: number
  readonly corrections: number
}

/** A block that is known, or blocks that follow each other and must be asked for. */
interface Run {
  readonly known?: readonly Step[]
  readonly blocks: readonly NamedBlock[]
}

/** Charts by key may have more points than they can show, which mostly their first block tells. */
function* runs(
  blocks: readonly NamedBlock[],
  get: (name: string) => Block | undefined,
  by: SeriesBy,
): Generator<Run> {
  let most = by === 'key' ? 1 : BLOCKS_AT_ONCE
  let asked: NamedBlock[] = []
  for (const block of blocks) {
    const known = get(block.name)
    const isKnown = known?.requests === block.requests && known.corrections === block.corrections
    if (asked.length > 0 && (isKnown || asked.length >= most)) {
      yield { blocks: asked }
      asked = []
      most = BLOCKS_AT_ONCE
    }
    if (isKnown) yield { known: known.steps, blocks: [block] }
    else asked.push(block)
  }
  if (asked.length > 0) yield { blocks: asked }
}

const nameOf = (filter: ChartFilter, { by, stepSeconds, names }: ChartWanted): string => {
  const { accounts, keyIds, model, group, channelId, from, until } = filter
  return JSON.stringify([
    ...[by, stepSeconds, names, from, until],
    ...[accounts ?? 0, keyIds ?? 0, model ?? 0, group ?? 0, channelId ?? 0],
  ])
}

interface Drawing {
  readonly filter: ChartFilter
  readonly wanted: ChartWanted
  readonly run: Run
  readonly keep: (name: string, block: Block) => void
}

/** Asks for blocks that follow each other, and keeps them; where they are too much, only for what is wanted of them. */
async function drawRun(
  store: Pick<Store, 'db' | 'dialect'>,
  { filter, wanted, run: { blocks }, keep }: Drawing,
): Promise<readonly Step[] | undefined> {
  const from = blocks[0]?.from ?? 0
  const until = blocks.at(-1)?.until ?? 0
  // What comes from now on is counted the next time.
  const isSummed = blocks.every(({ unsummed }) => unsummed === 0)
  const records = !isSummed
    ? 'all'
    : blocks.every((block) => block.isNarrowed)
      ? 'narrowed'
      : 'summed'
  const rows = await stepsOf(store, { ...filter, from, until }, wanted, records)
  if (rows === undefined) {
    const inner = { from: Math.max(from, filter.from), until: Math.min(until, filter.until) }
    const isInner = inner.from === from && inner.until === until
    return isInner ? undefined : stepsOf(store, { ...filter, ...inner }, wanted, records)
  }
  for (const block of blocks) {
    const steps = rows.filter(({ at }) => at * 1000 >= block.from && at * 1000 < block.until)
    const requests = steps.reduce((sum, step) => sum + step.sums.requests, 0)
    // Those that came since they were counted are drawn, too, and count the next time.
    keep(block.name, { requests, corrections: block.corrections, steps })
  }
  return rows
}

type StepRow = Omit<Step, 'sums'> & Totals

/** The steps of a filter, oldest first. Undefined, and soon, where they have too many points for a chart. */
async function stepsOf(
  { db, dialect }: Pick<Store, 'db' | 'dialect'>,
  filter: UsageFilter,
  { by, stepSeconds, names, most }: ChartWanted,
  records: 'all' | 'summed' | 'narrowed',
): Promise<readonly Step[] | undefined> {
  const members: Member[] = [
    { name: 'created_at', column: 'at', holds: 'number' },
    ...names.map((name) => ({ name, column: 'of', holds: HOLDS[by] })),
    ...FIGURES.map((name) => ({ name, column: name, holds: 'number' as const })),
  ]
  const grouping = { by, stepSeconds, most: most + 1, isNarrowed: records === 'narrowed' }
  const found = records === 'all' ? summable(filter, grouping) : summed(filter, grouping)
  const added = isOneRow(filter, grouping)
    ? found
    : sql`select at, "of", ${SUMS} from (${found}) as found group by 1, 2 limit ${most + 1}`
  // Their text is what takes long: none is made of what is not shown.
  const { rows } = await sql<StepRow>`
    with point as materialized (${added}), counted as (select count(*) as points from point)
    select at, count(*) as points, ${SUMS}, ${jsonList({ dialect }, members, ['of'])} as text
    from point where (select points from counted) <= ${most} group by at
    union all
    select ${sql.lit(TOO_MANY)}, points, ${NO_SUMS}, '[]' from counted where points > ${most}
    order by at`.execute(db)
  if (Number(rows[0]?.at) === TOO_MANY) return undefined
  return rows.map((row) => ({
    ...{ at: Number(row.at), points: Number(row.points), sums: numbersOf(row) },
    text: row.text.slice(1, -1),
  }))
}

const NO_SUMS = sql.join(FIGURES.map(() => sql.lit(0)))
/** A step that nothing begins at. */
const TOO_MANY = -1
const HOLDS = { model: 'text', group: 'text', key: 'number' } as const
