import { type RawBuilder, sql } from 'kysely'
import { someOf, type UsageFilter } from './filter.ts'

export const HOUR_SECONDS = 3_600
const HOUR_MS = HOUR_SECONDS * 1000
/** Answers below this were a success; the others count as failed. */
const FIRST_NOT_OK = 300
/** The row of `meta` that says up to which usage record the hours are summed. */
export const ROLLED_UP_TO = 'usage_rolled'

/** Columns that hours keep apart, hence the only ones that can be asked of them. */
const HOURLY = ['accounts', 'keyId', 'model', 'group', 'channelId', 'from', 'until'] as const

/** Usage summed by hour, account, key, model, group and channel. */
const FIGURES = sql`hour, key_id, model, group_name, requests, failed, quota, shortfall, prompt_tokens, completion_tokens`

/** The figures of single records, in the columns of the hours. `+` keeps the planner to the bound on the left. */
const figuresOf = (condition: RawBuilder<unknown>) => sql`
  select (created_at_ms / ${sql.lit(HOUR_MS)}) * ${sql.lit(HOUR_SECONDS)} as hour, key_id, model, group_name,
    1 as requests, case when status < ${sql.lit(FIRST_NOT_OK)} then 0 else 1 end as failed,
    quota, shortfall, prompt_tokens, completion_tokens
  from usage where ${condition}`

/** How the records of `usage_hour` and of what is not summed yet are joined: exact at every moment, in one snapshot. */
const rolledUpTo = sql`coalesce((select cast(value as bigint) from meta where name = ${ROLLED_UP_TO}), 0)`

/**
 * Rows to sum for a filter: whole hours where they are summed already, single records at the two ends of the time and
 * for the last minutes. A year of a busy account is then a few thousand rows instead of a hundred million.
 */
export function summable(filter: UsageFilter): RawBuilder<unknown> {
  const onlyHourly = Object.keys(filter).every((name) =>
    (HOURLY as readonly string[]).includes(name),
  )
  const first = filter.from === undefined ? 0 : Math.ceil(filter.from / HOUR_MS) * HOUR_MS
  const end = filter.until === undefined ? undefined : Math.floor(filter.until / HOUR_MS) * HOUR_MS
  if (!onlyHourly || (end !== undefined && end <= first))
    return figuresOf(matching(filter, 'indexed'))

  const parts = [
    sql`select ${FIGURES} from usage_hour where ${hours(filter, first / 1000, end === undefined ? undefined : end / 1000)}`,
    figuresOf(sql`id > ${rolledUpTo} and ${matching(filter, 'scanned')}`),
  ]
  if (filter.from !== undefined && filter.from < first)
    parts.push(edge({ ...filter, until: first }))
  if (end !== undefined && filter.until !== undefined && end < filter.until)
    parts.push(edge({ ...filter, from: end }))
  return sql.join(parts, sql` union all `)
}

/** Records of a part of an hour that are also in the hour's sum. */
const edge = (filter: UsageFilter) =>
  figuresOf(sql`${matching(filter, 'indexed')} and id <= ${rolledUpTo}`)

function hours(filter: UsageFilter, from: number, until: number | undefined) {
  const conditions = [sql`hour >= ${from}`, ...sameColumns(filter, 'indexed')]
  if (until !== undefined) conditions.push(sql`hour < ${until}`)
  return sql.join(conditions, sql` and `)
}

/** `scanned`: the rows are few and found by their id, so no index must be preferred to that. */
type Way = 'indexed' | 'scanned'
const column = (name: string, way: Way) =>
  way === 'scanned' ? sql`+${sql.ref(name)}` : sql.ref(name)

function matching(filter: UsageFilter, way: Way) {
  const conditions = [sql`1 = 1`, ...sameColumns(filter, way)]
  const texts = { key_name: filter.keyName, request_id: filter.requestId }
  for (const [name, wanted] of Object.entries(texts)) {
    if (wanted !== undefined) conditions.push(sql`${sql.ref(name)} = ${wanted}`)
  }
  if (filter.status !== undefined) conditions.push(sql`status = ${filter.status}`)
  if (filter.from !== undefined)
    conditions.push(sql`${column('created_at_ms', way)} >= ${filter.from}`)
  if (filter.until !== undefined)
    conditions.push(sql`${column('created_at_ms', way)} < ${filter.until}`)
  return sql.join(conditions, sql` and `)
}

/** Conditions on columns that records and hours share. */
function sameColumns(filter: UsageFilter, way: Way): RawBuilder<unknown>[] {
  const conditions: RawBuilder<unknown>[] = []
  if (filter.accounts)
    conditions.push(
      sql`${column('account_id', way)} in (${sql.join([...someOf(filter.accounts)])})`,
    )
  if (filter.keyId !== undefined) conditions.push(sql`${column('key_id', way)} = ${filter.keyId}`)
  if (filter.channelId !== undefined) conditions.push(sql`channel_id = ${filter.channelId}`)
  if (filter.model !== undefined) conditions.push(sql`model = ${filter.model}`)
  if (filter.group !== undefined) conditions.push(sql`group_name = ${filter.group}`)
  return conditions
}
