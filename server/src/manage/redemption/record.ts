import type { Selectable } from 'kysely'
import Type from 'typebox'
import type { RedemptionTable } from '../../storage/tables.ts'

export type RedemptionRow = Selectable<RedemptionTable>

const UNUSED = 1
const REDEEMED = 2
const EXPIRED = 3

/** What administrators read of a code; never the code. */
export const redemptionSchema = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  hint: Type.String({ description: 'The last four characters of the code.' }),
  quota: Type.Integer({ description: 'Quota units it is worth.' }),
  status: Type.Integer({ description: '1 unused, 2 redeemed, 3 expired.' }),
  created_time: Type.Integer(),
  expires_at: Type.Integer({ description: 'Unix seconds; 0 = never.' }),
  redeemed_time: Type.Integer({ description: 'Unix seconds; 0 = not yet.' }),
  redeemed_by: Type.Integer({ description: 'The account; 0 = not yet.' }),
})

/** A code as administrators read it, with the status that counts now. */
export const toRecord = (row: RedemptionRow, seconds: number) => ({
  id: row.id,
  name: row.name,
  hint: row.hint,
  quota: row.quota,
  status: statusOf(row, seconds),
  created_time: row.created_at,
  expires_at: row.expires_at ?? 0,
  redeemed_time: row.redeemed_at ?? 0,
  redeemed_by: row.redeemed_by ?? 0,
})

function statusOf(row: RedemptionRow, seconds: number): number {
  if (row.redeemed_at !== null) return REDEEMED
  return isExpired(row, seconds) ? EXPIRED : UNUSED
}

export const isExpired = ({ expires_at }: RedemptionRow, seconds: number): boolean =>
  expires_at !== null && expires_at <= seconds

/** In the audit log and in the books. */
export const subjectOf = (id: number): string => `redemption ${id}`
