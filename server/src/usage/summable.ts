import { type RawBuilder, sql } from 'kysely'
import { someOf, type UsageFilter } from './filter.ts'
import { HOUR_SECONDS, levelsOf, type Part, type Span } from './levels.ts'

/** Answers below this were a success; the others count as failed. */
export const FIRST_NOT_OK = 300
/** The row of `meta` that says up to which usage record the sums are made. */
export const SUMMED_UP_TO = 'usage_added'
/** The row of `meta` that is there once everybody's sums by model alone and by group alone are filled. */
export const NARROWED = 'usage_narrowed'
/** In `account_hour` and `account_day`: all accounts together. */
export const EVERYBODY = 0

/** Columns that sums keep apart, hence the only ones that can be asked of them. */
const SUMMED = ['accounts', 'keyIds', 'model', 'group', 'channelId', 'from', 'until'] as const
export const isSummed = (filter: UsageFilter): boolean =>
  Object.keys(filter).every((name) => (SUMMED as readonly string[]).includes(name))

export type SeriesBy = 'model' | 'key' | 'group'

export interface Grouping {
  /** One row for each of them; for all together when absent. */
  readonly by?: SeriesBy
  /** One row for each step of time, 3 600 or 86 400 seconds; for all time when absent. */
  readonly stepSeconds?: number
  /** Only this one: the other sums cost as much again, each. */
  readonly only?: 'requests' | 'quota'
  /** No more rows of one part are of use. */
  readonly most?: number
  /** The sums by model alone and by group alone are known to be filled: the others need not be asked as well. */
  readonly isNarrowed?: boolean
}

const COLUMN_OF = { model: 'model', key: 'key_id', group: 'group_name' } as const

/** The names of the sums, in their order. */
export const FIGURES = [
  'requests',
  'failed',
  'quota',
  'shortfall',
  'prompt_tokens',
  'completion_tokens',
] as const

/** Else one database adds the sums of parts up as decimal numbers, which takes several times as long. */
const whole = (name: string) => sql`cast(sum(${sql.ref(name)}) as bigint) as ${sql.ref(name)}`
const REST = sql.join(['quota', 'shortfall', 'prompt_tokens', 'completion_tokens'].map(whole))
/** Of sums, of single records, and of corrections, which are no requests. */
const COUNT = {
  sums: whole('requests'),
  records: sql`count(*) as requests`,
  corrections: sql`0 as requests`,
} as const
const OTHERS = {
  sums: sql`${whole('failed')}, ${REST}`,
  records: sql`sum(case when status < ${sql.lit(FIRST_NOT_OK)} then 0 else 1 end) as failed, ${REST}`,
  corrections: sql`0 as failed, ${whole('quota')}, ${whole('shortfall')}, 0 as prompt_tokens, 0 as completion_tokens`,
} as const

/** How sums and what is not summed yet are joined: exact at every moment, in one snapshot. */
export const summedUpTo = sql`coalesce((select cast(value as bigint) from meta where name = ${SUMMED_UP_TO}), 0)`

/**
 * Rows that add up to what a filter asks for, with `at` and `of` where a grouping wants them apart: whole days and hours where
 * they are summed already, single records at the two ends of the time and for the last moments. A year of a busy account is
 * then a few thousand rows instead of a hundred million.
 */
export function summable(filter: UsageFilter, grouping: Grouping = {}): RawBuilder<unknown> {
  if (!isSummed(filter))
    return corrected(ofRecords(filter, grouping, filter, 'indexed'), filter, grouping, filter)
  return sql`${summed(filter, grouping)} union all ${unsummed(filter, grouping)}`
}

/** The same of what is summed already. The filter must be one that sums know. */
export function summed(filter: UsageFilter, grouping: Grouping): RawBuilder<unknown> {
  const { sums, edges } = levelsOf(filter, grouping.stepSeconds)
  const parts = [
    ...sums.map((part) => ofSums(filter, grouping, part)),
    ...edges.map((edge) =>
      corrected(ofRecords(filter, grouping, edge, 'summed'), filter, grouping, edge),
    ),
  ]
  return sql.join(parts, sql` union all `)
}

/** The same of what is not summed yet. */
export const unsummed = (filter: UsageFilter, grouping: Grouping): RawBuilder<unknown> =>
  ofRecords(filter, grouping, filter, 'unsummed')

type SumsBy = 'usage' | 'account' | 'model' | 'group'

/** The fewest rows that know what is asked for: those with keys are many times those without, and so on. */
function sumsBy(filter: UsageFilter, by: SeriesBy | undefined): SumsBy {
  if (filter.keyIds !== undefined || by === 'key') return 'usage'
  const byModel = filter.model !== undefined || by === 'model'
  const byGroup = filter.group !== undefined || by === 'group'
  if (filter.accounts || filter.channelId !== undefined || (byModel && byGroup)) return 'account'
  return byModel ? 'model' : 'group'
}

/** A step of this grouping is one row of the sums, for each model or group. */
export const isOneRow = (filter: UsageFilter, { by, stepSeconds, isNarrowed }: Grouping) =>
  isNarrowed === true && stepSeconds === HOUR_SECONDS && by === sumsBy(filter, by)

function ofSums(filter: UsageFilter, grouping: Grouping, part: Part): RawBuilder<unknown> {
  const sums = sumsBy(filter, grouping.by)
  if (sums === 'usage') return ofKeySums(filter, grouping, part)
  const { until } = part
  if (sums === 'account' || grouping.isNarrowed)
    return ofSumsBy(filter, grouping, { ...part, sums, until })
  // One of both has no time: an end in the place of a condition, so that its rows are not even looked at.
  const end = until ?? Number.MAX_SAFE_INTEGER
  const ends = (narrow: number, wide: number) =>
    sql`case when ${isNarrowed} = 1 then cast(${narrow} as bigint) else cast(${wide} as bigint) end`
  return sql`${ofSumsBy(filter, grouping, { ...part, sums, until: ends(end, 0) })} union all
    ${ofSumsBy(filter, grouping, { ...part, sums: 'account', until: ends(0, end) })}`
}

/** 1 or 0. */
export const isNarrowed = sql<number>`(select count(*) from meta where name = ${NARROWED})`

interface PartBy extends Omit<Part, 'until'> {
  readonly sums: SumsBy
  readonly until: number | RawBuilder<unknown> | undefined
}

function ofSumsBy(filter: UsageFilter, grouping: Grouping, { sums, ...part }: PartBy) {
  const time = sql.ref(part.unit)
  const from = sql.ref(`${sums}_${part.unit}`)
  const conditions = [...sameColumns(filter)]
  if (sums === 'account') conditions.push(accountsIn(filter.accounts ?? [EVERYBODY]))
  if (part.from !== undefined) conditions.push(sql`${time} >= ${part.from}`)
  if (part.until !== undefined) conditions.push(sql`${time} < ${part.until}`)
  const source = { time, seconds: part.seconds, conditions }
  return isOneRow(filter, grouping)
    ? asTheyAre(grouping, from, source)
    : grouped(grouping, 'sums', from, source)
}

/** Nothing to add up: that would take longer than reading. */
function asTheyAre(
  { by = 'model', most }: Grouping,
  from: RawBuilder<unknown>,
  { time, conditions }: Source,
): RawBuilder<unknown> {
  const figures = sql.join(FIGURES.map((name) => sql.ref(name)))
  const limit = most === undefined ? sql`` : sql` limit ${most}`
  return sql`select * from (
    select ${time} as at, ${sql.ref(COLUMN_OF[by])} as "of", ${figures} from ${from}
    where ${sql.join([...conditions], sql` and `)}${limit}) as part`
}

function ofKeySums(filter: UsageFilter, grouping: Grouping, part: Part): RawBuilder<unknown> {
  const time = sql.ref(part.unit)
  const from = sql.ref(`usage_${part.unit}`)
  const conditions = [...sameColumns(filter)]
  if (part.from !== undefined) conditions.push(sql`${time} >= ${part.from}`)
  if (part.until !== undefined) conditions.push(sql`${time} < ${part.until}`)
  const source = { time, seconds: part.seconds, conditions }
  if (!filter.accounts) return grouped(grouping, 'sums', from, source)
  // Each hour has its accounts and keys in order: looked up in each, not searched for in all.
  const steps = stepsOf(part, from)
  conditions.push(sql`${time} = step.at`, accountsIn(filter.accounts))
  return grouped(grouping, 'sums', sql`${steps} as step cross join ${from}`, source)
}

/** The begins of all hours or days of a part that there can be sums of. */
function stepsOf({ unit, seconds, from, until }: Part, table: RawBuilder<unknown>) {
  const time = sql.ref(unit)
  const first = from === undefined ? sql`(select min(${time}) from ${table})` : sql`${from}`
  const end =
    until === undefined
      ? sql`(select max(${time}) + 1 from ${table})`
      : sql`cast(${until} as bigint)`
  return sql`(
    with recursive span as (select cast(${first} as bigint) as first, ${end} as past),
      step(at, past) as (
        select first, past from span where first < past
        union all select at + ${sql.lit(seconds)}, past from step where at + ${sql.lit(seconds)} < past
      )
    select at from step
  )`
}

/** `summed`: in the sums already. `unsummed`: few, and found by their ids, so no index must be preferred to that. */
type Which = 'indexed' | 'summed' | 'unsummed'

function ofRecords(
  filter: UsageFilter,
  grouping: Grouping,
  span: Span,
  which: Which,
): RawBuilder<unknown> {
  const plus = which === 'unsummed' ? sql`+` : sql``
  const conditions = [...sameColumns(filter, plus)]
  const accountPlus = filter.keyIds === undefined ? plus : sql`+`
  if (filter.accounts) conditions.push(accountsIn(filter.accounts, accountPlus))
  conditions.push(...rareColumns(filter))
  if (span.from !== undefined) conditions.push(sql`${plus}created_at_ms >= ${span.from}`)
  if (span.until !== undefined) conditions.push(sql`${plus}created_at_ms < ${span.until}`)
  if (which === 'summed') conditions.push(sql`+id <= ${summedUpTo}`)
  if (which === 'unsummed') conditions.push(sql`id > ${summedUpTo}`)
  const time = sql`(created_at_ms / 1000)`
  // The index on keys has them in order, which would have all records read.
  const key = sql`+key_id`
  return grouped(grouping, 'records', sql`usage`, { time, conditions, key })
}

/** Records together with what corrects them; where records are only counted, that is nothing. */
function corrected(
  records: RawBuilder<unknown>,
  filter: UsageFilter,
  grouping: Grouping,
  { from, until }: Span,
): RawBuilder<unknown> {
  if (grouping.only === 'requests') return records
  const conditions = [...sameColumns(filter), ...rareColumns(filter)]
  if (filter.accounts) conditions.push(accountsIn(filter.accounts))
  if (from !== undefined) conditions.push(sql`called_at_ms >= ${from}`)
  if (until !== undefined) conditions.push(sql`called_at_ms < ${until}`)
  const source = { time: sql`(called_at_ms / 1000)`, conditions }
  const corrections = grouped(grouping, 'corrections', sql`correction`, source)
  return sql`${records} union all ${corrections}`
}

const accountsIn = (accounts: readonly number[], plus = sql``) =>
  sql`${plus}account_id in (${sql.join([...someOf(accounts)])})`

/** Conditions on columns that records and sums share. */
function sameColumns(filter: UsageFilter, plus = sql``): RawBuilder<unknown>[] {
  const conditions: RawBuilder<unknown>[] = [sql`1 = 1`]
  if (filter.keyIds)
    conditions.push(sql`${plus}key_id in (${sql.join([...someOf(filter.keyIds)])})`)
  if (filter.channelId !== undefined) conditions.push(sql`channel_id = ${filter.channelId}`)
  if (filter.model !== undefined) conditions.push(sql`model = ${filter.model}`)
  if (filter.group !== undefined) conditions.push(sql`group_name = ${filter.group}`)
  return conditions
}

/** The same on columns that sums don't keep apart. */
function rareColumns({ keyName, requestId, status }: UsageFilter): RawBuilder<unknown>[] {
  const conditions: RawBuilder<unknown>[] = []
  if (keyName !== undefined) conditions.push(sql`key_name = ${keyName}`)
  if (requestId !== undefined) conditions.push(sql`request_id = ${requestId}`)
  if (status !== undefined) conditions.push(sql`status = ${status}`)
  return conditions
}

interface Source {
  /** Unix seconds. */
  readonly time: RawBuilder<unknown>
  /** Of what the rows are sums already: their time needs no rounding, and is in order. */
  readonly seconds?: number
  readonly conditions: readonly RawBuilder<unknown>[]
  /** What the rows of a key are grouped by, where its column would be taken for an order to read in. */
  readonly key?: RawBuilder<unknown>
}

function grouped(
  { by, stepSeconds, most, only }: Grouping,
  kind: keyof typeof COUNT,
  from: RawBuilder<unknown>,
  { time, seconds, conditions, key }: Source,
): RawBuilder<unknown> {
  const columns: RawBuilder<unknown>[] = []
  const groups: RawBuilder<unknown>[] = []
  if (stepSeconds !== undefined) {
    const step = sql.lit(stepSeconds)
    const at = seconds === stepSeconds ? time : sql`(${time} / ${step}) * ${step}`
    columns.push(sql`${at} as at`)
    groups.push(at)
  }
  if (by !== undefined) {
    const of = (by === 'key' && key) || sql.ref(COLUMN_OF[by])
    columns.push(sql`${of} as "of"`)
    groups.push(of)
  }
  const figures =
    only === undefined
      ? [COUNT[kind], OTHERS[kind]]
      : [only === 'requests' ? COUNT[kind] : whole(only)]
  const where = sql.join([...conditions], sql` and `)
  const selected = sql`select ${sql.join([...columns, ...figures])} from ${from} where ${where}`
  if (groups.length === 0) return selected
  const limit = most === undefined ? sql`` : sql` limit ${most}`
  return sql`select * from (${selected} group by ${sql.join(groups)}${limit}) as part`
}
