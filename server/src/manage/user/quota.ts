import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { accountEntity } from '../../ledger/entity.ts'
import { MOST_UNITS } from '../../ledger/units.ts'
import { actorOf, auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { accountOf, accountParams } from './record.ts'

/** `POST /api/user/{id}/quota` */
export const adjustUserQuota = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/user/{id}/quota',
    scope: 'admin',
    summary: "Add to an account's balance, or take from it",
    tag: 'Accounts',
    params: accountParams,
    idempotent: true,
    body: Type.Object({
      delta: Type.Integer({
        minimum: -MOST_UNITS,
        maximum: MOST_UNITS,
        description: 'Quota units; negative takes.',
      }),
      reason: Type.Optional(Type.String({ maxLength: 500 })),
    }),
    data: Type.Object({ quota: Type.Integer({ description: 'What is left afterwards.' }) }),
    async run(asked) {
      const { id } = asked.params
      const { delta, reason = '' } = asked.body
      const entity = accountEntity(id)
      const audited = auditStatement(rooms, asked, {
        action: 'account.quota',
        subject: `account ${id}`,
        after: { delta, reason },
      })
      // What the first call answered is read inside its own transaction, after the balance was changed.
      const remain = rooms.store.db
        .selectFrom('balance_now')
        .select('remain')
        .where('entity', '=', entity)
        .$asScalar()
      return rooms.once(asked, {
        async first(remember) {
          // Not asked of a repeat: the account may have been deleted since.
          await accountOf(rooms, id)
          const quota = await rooms.ledger.adjust({
            entity,
            delta,
            reason,
            actor: actorOf(asked),
            also: [audited, ...remember(remain)],
          })
          if (quota === undefined) {
            throw new Refused(delta < 0 ? 'quota_too_low' : 'quota_out_of_range')
          }
          return { data: { quota } }
        },
        again: async (quota) => ({ data: { quota } }),
      })
    },
  })
