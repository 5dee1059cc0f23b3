import { sql } from 'kysely'
import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { generateKey } from '../../keys/secret.ts'
import { type Compilable, mustChange } from '../../storage/store.ts'
import { auditStatement } from '../audit/record.ts'
import { nowSeconds } from '../now-seconds.ts'
import { type Answer, type Asked, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { keyParams } from './fields.ts'
import { keyRecord, toRecord } from './record.ts'
import { ownRow, subjectOf, updateKey } from './rows.ts'
import { masked, openValue, toColumns } from './value.ts'

const LONGEST_GRACE = 30 * 24 * 60 * 60

const body = Type.Object({
  grace_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LONGEST_GRACE,
      description:
        'How long the former value stays valid; 0 (default) = it ends now. Values of earlier rotations end then too.',
    }),
  ),
})

/** `POST /api/token/{id}/rotate`: a new value for the same record. */
export const rotateKey = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/token/{id}/rotate',
    scope: 'keys:write',
    tag: 'Keys',
    summary: 'Give an API key a new value',
    params: keyParams,
    body,
    data: keyRecord,
    idempotent: true,
    async run(asked) {
      const id = asked.params.id
      await ownRow(rooms, asked.caller.accountId, id)
      const grace = asked.body.grace_seconds ?? 0
      return rooms.once(asked, {
        first: (remember) => rotate(rooms, asked, { id, grace, remembered: remember(id) }),
        again: () => answer(rooms, asked, id),
      })
    },
  })

interface Rotation {
  readonly id: number
  readonly grace: number
  readonly remembered: readonly Compilable[]
}

async function rotate(
  rooms: Rooms,
  asked: Asked,
  { id, grace, remembered }: Rotation,
): Promise<Answer> {
  const { store } = rooms
  const value = generateKey(rooms.random)
  const until = nowSeconds(rooms) + grace
  const written = await store.write(
    [
      ...keepFormer(rooms, id, until),
      mustChange(updateKey(rooms, asked.caller.accountId, id).set(toColumns(rooms, id, value))),
      auditStatement(rooms, asked, {
        action: 'key.rotate',
        subject: subjectOf(id),
        after: { grace_seconds: grace },
      }),
      ...remembered,
    ],
    [{ kind: 'key', subject: String(id) }],
  )
  if (!written.done) throw new Refused('key_not_found')
  return answer(rooms, asked, id, value)
}

/** The present digest joins the former ones; none outlives this grace, so that a grace of 0 ends every earlier value. */
function keepFormer({ store, now }: Rooms, id: number, until: number): readonly Compilable[] {
  const { db } = store
  return [
    db
      .insertInto('key_former')
      .columns(['digest', 'key_id', 'pepper_id', 'valid_until'])
      .expression(
        db
          .selectFrom('key')
          .select(['digest', 'id', 'pepper_id', sql<number>`cast(${until} as bigint)`.as('until')])
          .where('id', '=', id)
          .where('deleted_at', 'is', null),
      ),
    db
      .updateTable('key_former')
      .set({ valid_until: until })
      .where('key_id', '=', id)
      .where('valid_until', '>', until),
    db.deleteFrom('key_former').where('valid_until', '<=', Math.floor(now() / 1000)),
  ]
}

/** A repeat has the value only where it is stored. */
async function answer(rooms: Rooms, asked: Asked, id: number, value?: string): Promise<Answer> {
  const row = await ownRow(rooms, asked.caller.accountId, id)
  const shown = value ?? openValue(rooms, row) ?? masked(row)
  return { data: toRecord(row, shown, nowSeconds(rooms)), secret: true }
}
