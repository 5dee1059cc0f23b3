import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { mustChange } from '../../storage/store.ts'
import { auditStatement } from '../audit/record.ts'
import { nowSeconds } from '../now-seconds.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { subjectOf, toRecord } from './record.ts'

/** `DELETE /api/redemption/{id}`: ours; the contract knows no way to take a code back. */
export const withdrawRedemption = (rooms: Rooms) =>
  operation({
    method: 'DELETE',
    path: '/api/redemption/{id}',
    scope: 'admin',
    summary: 'Withdraw a redeem code that nobody has used',
    description: 'A code that was redeemed stays in the books.',
    tag: 'Redeem codes',
    params: Type.Object({ id: Type.Integer() }),
    async run(asked) {
      const { id } = asked.params
      const { store } = rooms
      const row = await store.db
        .selectFrom('redemption')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst()
      if (row === undefined) throw new Refused('not_found', `there is no redeem code ${id}`)
      const written = await store.write([
        mustChange(
          store.db.deleteFrom('redemption').where('id', '=', id).where('redeemed_at', 'is', null),
        ),
        auditStatement(rooms, asked, {
          action: 'redemption.withdraw',
          subject: subjectOf(id),
          before: toRecord(row, nowSeconds(rooms)),
        }),
      ])
      if (written.done) return {}
      throw new Refused('redemption_used', `redeem code ${id} was used, and stays in the books`)
    },
  })
