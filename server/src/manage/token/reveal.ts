import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { keyParams } from './fields.ts'
import { ownRow, subjectOf } from './rows.ts'
import { openValue } from './value.ts'

/** `POST /api/token/{id}/key`: the value of a key, where reads give a mask only. Audited before it is shown. */
export const revealKey = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/token/{id}/key',
    scope: 'keys:reveal',
    tag: 'Keys',
    summary: 'Reveal the value of an API key',
    params: keyParams,
    data: Type.Object({ id: Type.Integer(), key: Type.String() }),
    async run(asked) {
      const row = await ownRow(rooms, asked.caller.accountId, asked.params.id)
      const key = openValue(rooms, row)
      if (key === undefined) throw new Refused('key_not_stored')
      await rooms.store.write([
        auditStatement(rooms, asked, { action: 'key.reveal', subject: subjectOf(row.id) }),
      ])
      return { data: { id: row.id, key }, secret: true }
    },
  })
