import { describeEntity, type Entity } from './entity.ts'

/**
 * Redeemed codes and entries of that kind that don't belong together, at most so many: a code counts once, for what it
 * is worth, for whoever redeemed it. Sorted together and not joined: SQLite would compare each with each.
 */
export const redeemedOtherwise = (most: number) => `
  select max(code) as code, max(worth) as worth, max(redeemer) as redeemer, max(entry) as entry, max(delta) as delta,
    max(entity) as entity
  from (
    select 'redeem:' || cast(id as text) as name, id as code, quota as worth, redeemed_by * 4 + 1 as redeemer,
        null as entry, null as delta, null as entity
      from redemption where redeemed_at is not null
    union all
    select coalesce(idempotency, 'entry:' || cast(id as text)), null, null, null, id, delta, entity
      from entry where kind = 'redeem'
  ) as parts
  group by name
  having count(code) = 0 or count(entry) = 0 or max(worth) <> max(delta) or max(redeemer) <> max(entity)
  order by max(code), max(entry) limit ${most}`

/** Says what is wrong with a row of it. */
export function judgeRedeemed(row: Record<string, unknown>): { subject: string; says: string } {
  const entry = `adds ${row.delta} units to ${describeEntity(Number(row.entity) as Entity)}`
  if (row.code === null) {
    return { subject: `entry ${row.entry}`, says: `it ${entry}, but no code was redeemed for it` }
  }
  const redeemer = describeEntity(Number(row.redeemer) as Entity)
  const book = row.entry === null ? 'no entry says so' : `its entry ${entry}`
  return {
    subject: `redemption ${row.code}`,
    says: `redeemed for ${row.worth} units by ${redeemer}, but ${book}`,
  }
}
