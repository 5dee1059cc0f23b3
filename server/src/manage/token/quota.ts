import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { keyEntity } from '../../ledger/entity.ts'
import { MOST_UNITS } from '../../ledger/units.ts'
import type { Compilable } from '../../storage/store.ts'
import { actorOf, auditStatement } from '../audit/record.ts'
import { type Answer, type Asked, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { keyParams } from './fields.ts'
import { ownRow, subjectOf } from './rows.ts'

const body = Type.Object({
  delta: Type.Integer({ description: 'Quota units to add, or below 0 to take.' }),
  reason: Type.Optional(Type.String({ maxLength: 256, description: 'For the books.' })),
})

const remaining = Type.Object({ remain_quota: Type.Integer() })

/** `POST /api/token/{id}/quota`: adds to a key's quota or takes from it, whatever happens at the same time. */
export const changeQuota = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/token/{id}/quota',
    scope: 'keys:write',
    tag: 'Keys',
    summary: 'Add to the quota of an API key, or take from it',
    params: keyParams,
    body,
    data: remaining,
    idempotent: true,
    async run(asked) {
      const { id } = asked.params
      const { delta, reason = '' } = asked.body
      checkDelta(delta)
      const balance = rooms.store.db
        .selectFrom('balance_now')
        .select('remain')
        .where('entity', '=', keyEntity(id))
      return rooms.once(asked, {
        async first(remember) {
          // Not asked of a repeat: the key may have been deleted since.
          await ownRow(rooms, asked.caller.accountId, id)
          const remembered = remember(balance.$castTo())
          return change(rooms, asked, { id, delta, reason, remembered })
        },
        again: async (remain) => ({ data: { remain_quota: remain } }),
      })
    },
  })

function checkDelta(delta: number): void {
  if (Math.abs(delta) <= MOST_UNITS) return
  throw new Refused(
    'quota_out_of_range',
    `delta must be a whole number of quota units from -${MOST_UNITS} to ${MOST_UNITS}, got ${delta}`,
  )
}

interface Change {
  readonly id: number
  readonly delta: number
  readonly reason: string
  readonly remembered: readonly Compilable[]
}

async function change(
  rooms: Rooms,
  asked: Asked,
  { id, delta, reason, remembered }: Change,
): Promise<Answer> {
  const audit = auditStatement(rooms, asked, {
    action: 'key.quota',
    subject: subjectOf(id),
    after: { delta, reason },
  })
  const remain = await rooms.ledger.adjust({
    entity: keyEntity(id),
    delta,
    reason,
    actor: actorOf(asked),
    also: [audit, ...remembered],
  })
  if (remain !== undefined) return { data: { remain_quota: remain } }
  if (delta > 0) {
    throw new Refused(
      'quota_out_of_range',
      `the key would have more than ${MOST_UNITS} quota units`,
    )
  }
  throw new Refused('quota_too_low', `the key has less than ${-delta} quota units`)
}
