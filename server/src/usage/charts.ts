import { sql } from 'kysely'
import { jsonList, type Member } from '../storage/json-list.ts'
import type { Store } from '../storage/store.ts'
import { type Block, createBlocks, type Step } from './blocks.ts'
import type { UsageFilter } from './filter.ts'
import { type SeriesBy, summable } from './summable.ts'
import { countsOf, FIGURES, SUMS } from './totals.ts'

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
}

/** Steps that are kept together. */
const STEPS_A_BLOCK = 24
/** Blocks that one question is about: others can read after each. */
const BLOCKS_AT_ONCE = 8
/** A dozen charts of a month by the hour. */
const MOST_CHARACTERS = 32 * 1024 * 1024

/**
 * Draws charts in blocks of a day's hours, or of some weeks' days, and keeps what it drew. Records are added and never
 * changed, and their sums outlive them: a block with as many requests as are counted now is the same block, however old.
 * So nothing must be forgotten in time, and what other nodes wrote is in the count.
 */
export function createCharts(store: Pick<Store, 'db' | 'dialect' | 'onBehind'>): Charts {
  const kept = createBlocks(MOST_CHARACTERS)
  // A database that went back in time may count the same of other records.
  store.onBehind(() => kept.clear())

  return {
    async draw(filter, wanted) {
      const blockMs = wanted.stepSeconds * STEPS_A_BLOCK * 1000
      // Whole blocks: what was drawn yesterday is a part of what is asked for today.
      const from = Math.floor(filter.from / blockMs) * blockMs
      const until = Math.ceil(filter.until / blockMs) * blockMs
      const counted = await countsOf(store.db, { ...filter, from, until }, blockMs / 1000)
      const named = counted.toReversed().map((block) => ({
        ...block,
        name: nameOf({ ...filter, from: block.from, until: block.until }, wanted),
      }))
      const texts: string[] = []
      let points = 0
      for (const run of runs(named, kept.get, wanted.by)) {
        const drawn = run.known ?? (await drawRun(store, { filter, wanted, run, keep: kept.put }))
        for (const step of drawn) {
          if (step.at * 1000 < filter.from || step.at * 1000 >= filter.until) continue
          points += step.points
          texts.push(step.text)
        }
        if (points > wanted.most) return undefined
      }
      return `[${texts.join(',')}]`
    },
  }
}

interface NamedBlock {
  readonly name: string
  readonly from: number
  readonly until: number
  /** As they are counted now. */
  readonly requests: number
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
    const isKnown = known?.requests === block.requests
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
): Promise<readonly Step[]> {
  const from = blocks[0]?.from ?? 0
  const until = blocks.at(-1)?.until ?? 0
  const rows = await stepsOf(store, { ...filter, from, until }, wanted)
  if (rows.reduce((sum, { points }) => sum + points, 0) > wanted.most) {
    const inner = { from: Math.max(from, filter.from), until: Math.min(until, filter.until) }
    return stepsOf(store, { ...filter, ...inner }, wanted)
  }
  for (const block of blocks) {
    const steps = rows.filter(({ at }) => at * 1000 >= block.from && at * 1000 < block.until)
    keep(block.name, { requests: steps.reduce((sum, step) => sum + step.requests, 0), steps })
  }
  return rows
}

type StepRow = Step & { readonly requests: number }

/** The steps of a filter, oldest first, with `most` and one points altogether at most. */
async function stepsOf(
  { db, dialect }: Pick<Store, 'db' | 'dialect'>,
  filter: UsageFilter,
  { by, stepSeconds, names, most }: ChartWanted,
): Promise<readonly StepRow[]> {
  const members: Member[] = [
    { name: 'created_at', column: 'at', holds: 'number' },
    ...names.map((name) => ({ name, column: 'of', holds: HOLDS[by] })),
    ...FIGURES.map((name) => ({ name, column: name, holds: 'number' as const })),
  ]
  const found = summable(filter, { by, stepSeconds, most: most + 1 })
  const point = sql`
    select at, "of", ${SUMS} from (${found}) as found group by 1, 2 order by 1, 2 limit ${most + 1}`
  const { rows } = await sql<StepRow>`
    select at, count(*) as points, cast(sum(requests) as bigint) as requests,
      ${jsonList({ dialect }, members, ['of'])} as text
    from (${point}) as point group by at order by at`.execute(db)
  return rows.map(({ at, points, requests, text }) => ({
    ...{ at: Number(at), points: Number(points), requests: Number(requests) },
    text: text.slice(1, -1),
  }))
}

const HOLDS = { model: 'text', group: 'text', key: 'number' } as const
