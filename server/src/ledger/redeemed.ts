import { describeEntity, type Entity } from './entity.ts'

/**
 * Redeemed codes and entries of that kind that don't belong together, at most so many: a code counts once, for what it
 * is worth, for whoever redeemed it. Standard SQL.
 */
export const redeemedOtherwise = (most: number) => `
  with code as (
    select 'redeem:' || cast(id as text) as name, id, quota, redeemed_by * 4 + 1 as entity
      from redemption where redeemed_at is not null
  ),
  added as (select idempotency as name, id, delta, entity from entry where kind = 'redeem')
  select code.id as code, code.quota as worth, code.entity as redeemer, added.id as entry, added.delta, added.entity
  from code full join added on added.name = code.name
  where code.id is null or added.id is null or code.quota <> added.delta or code.entity <> added.entity
  order by code.id, added.id limit ${most}`

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
