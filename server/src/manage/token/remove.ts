import { Refused } from '../../errors.ts'
import { mustChange } from '../../storage/store.ts'
import { auditStatement } from '../audit/record.ts'
import { nowSeconds } from '../now-seconds.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { keyParams } from './fields.ts'
import { ownRow, subjectOf, updateKey } from './rows.ts'

/** `DELETE /api/token/{id}`: ends a key for good. The row stays as a tombstone, its value does not. */
export const removeKey = (rooms: Rooms) =>
  operation({
    method: 'DELETE',
    path: '/api/token/{id}',
    scope: 'keys:write',
    tag: 'Keys',
    summary: 'Delete an API key, for good',
    params: keyParams,
    async run(asked) {
      const { id, name } = await ownRow(rooms, asked.caller.accountId, asked.params.id)
      const written = await rooms.store.write(
        [
          mustChange(
            updateKey(rooms, asked.caller.accountId, id).set({
              deleted_at: nowSeconds(rooms),
              sealed: null,
            }),
          ),
          rooms.store.db.deleteFrom('key_former').where('key_id', '=', id),
          auditStatement(rooms, asked, {
            action: 'key.delete',
            subject: subjectOf(id),
            before: { name },
          }),
        ],
        [{ kind: 'key', subject: String(id) }],
      )
      if (!written.done) throw new Refused('key_not_found')
      return {}
    },
  })
