import Type from 'typebox'
import { auditStatement } from '../audit/record.ts'
import { nowSeconds } from '../now-seconds.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { subjectOf } from './rows.ts'

export const MOST_IDS = 100

const body = Type.Object({
  ids: Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), {
    minItems: 1,
    maxItems: MOST_IDS,
    description: `Up to ${MOST_IDS} ids; those that are not keys of the account are skipped.`,
  }),
})

/** `POST /api/token/batch`: deletes several keys at once. `data`: how many. */
export const removeKeys = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/token/batch',
    scope: 'keys:write',
    tag: 'Keys',
    summary: 'Delete several API keys, for good',
    body,
    data: Type.Integer({ description: 'How many were deleted.' }),
    async run(asked) {
      const { store } = rooms
      const own = await store.db
        .selectFrom('key')
        .select(['id', 'name'])
        .where('account_id', '=', asked.caller.accountId)
        .where('id', 'in', asked.body.ids)
        .where('deleted_at', 'is', null)
        .execute()
      if (own.length === 0) return { data: 0 }
      const ids = own.map(({ id }) => id)
      const written = await store.write(
        [
          store.db
            .updateTable('key')
            .set({ deleted_at: nowSeconds(rooms), sealed: null })
            .where('id', 'in', ids)
            .where('deleted_at', 'is', null),
          store.db.deleteFrom('key_former').where('key_id', 'in', ids),
          ...own.map(({ id, name }) =>
            auditStatement(rooms, asked, {
              action: 'key.delete',
              subject: subjectOf(id),
              before: { name },
            }),
          ),
        ],
        ids.map((id) => ({ kind: 'key', subject: String(id) })),
      )
      return { data: written.done ? (written.changed[0] ?? 0) : 0 }
    },
  })
