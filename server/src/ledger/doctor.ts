import { chargedBudgets } from '../storage/charged-budgets.ts'
import { withPostgresSnapshot } from '../storage/postgres/snapshot.ts'
import type { Snapshot } from '../storage/snapshot.ts'
import { withSqliteSnapshot } from '../storage/sqlite-snapshot.ts'
import { describeEntity, ORDINAL_SQL, ordinalsBefore, SWEPT_BEFORE } from './entity.ts'
import { judgeRedeemed, redeemedOtherwise } from './redeemed.ts'

/** One thing that is wrong with the books, with its figures. */
export interface Finding {
  readonly what: FindingKind
  /** `key 12`, or the database itself. */
  readonly subject: string
  readonly says: string
}

export type FindingKind =
  | 'damaged'
  | 'remain_differs'
  | 'used_differs'
  | 'below_zero'
  | 'balance_missing'
  | 'settled_twice'
  | 'redeemed_differs'

/** Named findings of each kind; a broken disk would fill the screen. */
const NAMED = 20

/** What entries, usage records and corrections say each balance must be. Unlimited charges never touched `remain`. */
const booksFrom = ({ wholeUsage: usage, dialect }: Snapshot, sweptBefore: number) => `
  with charge as (
    select key_id * 4 as entity, count(*) as requests, sum(quota) as used, sum(quota * key_charged) as taken
      from ${usage} group by key_id
    union all
    select account_id * 4 + 1, count(*), sum(quota), sum(quota * account_charged)
      from ${usage} group by account_id
    union all
    select entity, count(*), sum(quota), sum(quota) from ${chargedBudgets(dialect, usage)} group by entity
    union all
    select key_id * 4, 0, sum(quota), 0 from correction group by key_id
    union all
    select account_id * 4 + 1, 0, sum(quota), 0 from correction group by account_id
    union all
    select entity, 0, sum(quota), 0 from ${chargedBudgets(dialect, 'correction')} group by entity
    union all
    select entity, requests, used + corrected, taken from closed
  ),
  granted as (select entity, sum(delta) as delta from entry group by entity),
  books as (
    select entity, sum(granted) as granted, sum(requests) as requests, sum(used) as used, sum(taken) as taken
    from (
      select entity, delta as granted, 0 as requests, 0 as used, 0 as taken from granted
      union all select entity, 0, requests, used, taken from charge
      union all select entity, 0, 0, 0, 0 from balance
    ) as parts group by entity
  )
  select books.entity, granted, taken, granted - taken as owed, books.used as counted, books.requests as calls,
    balance.remain, balance.used, balance.requests
  from books left join balance_now as balance on balance.entity = books.entity
  where (balance.entity is null and not (${sweptSql(sweptBefore)})) or balance.remain <> granted - taken or balance.used <> books.used
    or balance.requests <> books.requests or balance.remain < 0 or balance.used < 0`

/** Whether an entity is a budget period that was over before a day, and so may have been swept away with its entries. */
function sweptSql(before: number): string {
  const ordinal = ORDINAL_SQL.replace('entity', 'books.entity')
  const ranges = ordinalsBefore(before).map(
    ([from, until]) => `${ordinal} >= ${from} and ${ordinal} < ${until}`,
  )
  return `books.entity % 4 = 2 and (${ranges.join(' or ')})`
}

/** Request ids are ours, and no two calls share one: a second record is a second charge. */
const REPEATED = `
  with repeated as (
    select request_id from usage group by request_id having count(*) > 1 limit ${NAMED}
  )
  select usage.request_id as id, count(*) as records, sum(quota) as units
  from repeated join usage on usage.request_id = repeated.request_id group by usage.request_id`

/**
 * Recomputes every balance of a file from entries and usage records, and checks the file. Reads one snapshot and writes
 * nothing, so that it may run beside a gateway. An empty list is a clean bill.
 */
export const runDoctor = (file: string): Promise<readonly Finding[]> =>
  withSqliteSnapshot(file, examine)

/** The same for the PostgreSQL database of a URL. */
export const runDoctorOn = (url: string): Promise<readonly Finding[]> =>
  withPostgresSnapshot(url, examine)

async function examine(snapshot: Snapshot): Promise<readonly Finding[]> {
  return [
    ...(await asFarAsReadable(snapshot, damages, "the database can't be read whole")),
    ...(await asFarAsReadable(snapshot, differences, "the books can't be added up")),
    ...(await asFarAsReadable(snapshot, repeated, "the calls can't be told apart")),
    ...(await asFarAsReadable(snapshot, redeemed, "redeemed codes can't be compared")),
  ]
}

/** What is wrong may keep even the looking from its end. */
async function asFarAsReadable(
  snapshot: Snapshot,
  look: (snapshot: Snapshot) => Promise<Finding[]>,
  says: string,
): Promise<Finding[]> {
  try {
    return await look(snapshot)
  } catch (failure) {
    if (!snapshot.isDamage(failure)) throw failure
    return [{ what: 'damaged', subject: 'database', says: `${says}: ${String(failure)}` }]
  }
}

async function damages(snapshot: Snapshot): Promise<Finding[]> {
  const found = await snapshot.damages(NAMED)
  return found.map((says) => ({ what: 'damaged', subject: 'database', says }))
}

async function repeated(snapshot: Snapshot): Promise<Finding[]> {
  const rows = await snapshot.rows(REPEATED)
  return [...rows].map(({ id, records, units }) => ({
    what: 'settled_twice',
    subject: `request ${id}`,
    says: `${records} usage records charge ${units} units for it`,
  }))
}

async function redeemed(snapshot: Snapshot): Promise<Finding[]> {
  const rows = await snapshot.rows(redeemedOtherwise(NAMED))
  return [...rows].map((row) => ({ what: 'redeemed_differs', ...judgeRedeemed(row) }))
}

async function differences(snapshot: Snapshot): Promise<Finding[]> {
  const [swept] = await snapshot.rows(`select value from meta where name = '${SWEPT_BEFORE}'`)
  const rows = await snapshot.rows(booksFrom(snapshot, Number(swept?.value ?? 0)))
  const named = new Map<FindingKind, Finding[]>()
  const unnamed = new Map<FindingKind, number>()
  for (const row of rows) {
    for (const finding of judge(row)) {
      const found = named.get(finding.what) ?? []
      named.set(finding.what, found)
      if (found.length < NAMED) found.push(finding)
      else unnamed.set(finding.what, (unnamed.get(finding.what) ?? 0) + 1)
    }
  }
  const rest = [...unnamed].map(([what, count]) => ({
    what,
    subject: `${count} more`,
    says: `${count} more balances with the same finding`,
  }))
  return [...[...named.values()].flat(), ...rest]
}

/** What is wrong with one balance; its row says what the books and the balance say. */
function judge(row: Record<string, unknown>): Finding[] {
  const subject = describeEntity(Number(row.entity))
  if (row.remain === null) {
    const says = `no balance, but ${row.calls} calls for ${row.counted} units and entries of ${row.granted}`
    return [{ what: 'balance_missing', subject, says }]
  }
  const findings: Finding[] = []
  if (Number(row.remain) < 0 || Number(row.used) < 0) {
    findings.push({ what: 'below_zero', subject, says: `remain ${row.remain}, used ${row.used}` })
  }
  if (row.remain !== row.owed) {
    const says = `remain is ${row.remain}, but entries of ${row.granted} less ${row.taken} charged leave ${row.owed}`
    findings.push({ what: 'remain_differs', subject, says })
  }
  if (row.used !== row.counted || row.requests !== row.calls) {
    const says =
      `used is ${row.used} in ${row.requests} calls, ` +
      `but its usage records and corrections say ${row.counted} in ${row.calls}`
    findings.push({ what: 'used_differs', subject, says })
  }
  return findings
}
