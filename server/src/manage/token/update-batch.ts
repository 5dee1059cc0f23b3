import Type, { type Static } from 'typebox'
import { Refused } from '../../errors.ts'
import { KEY_DISABLED } from '../../keys/stored-key.ts'
import { type Asked, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { MOST_IDS } from './remove-batch.ts'
import { KEY_ENABLED } from './status.ts'
import { applyUpdate } from './update.ts'

const body = Type.Object({
  ids: Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), {
    minItems: 1,
    maxItems: MOST_IDS,
    description: `Up to ${MOST_IDS} ids.`,
  }),
  status: Type.Union([Type.Literal(KEY_ENABLED), Type.Literal(KEY_DISABLED)], {
    description: '1 enables, 2 disables.',
  }),
})

const refusal = Type.Object({
  id: Type.Integer(),
  code: Type.String(),
  message: Type.String(),
})
const outcome = Type.Object({
  changed: Type.Integer({ description: 'How many have this status now, also those that had it.' }),
  refused: Type.Array(refusal, { description: 'The others, and why.' }),
})

/** `PUT /api/token/batch`: enables or disables several keys. Each by itself: one that can't be enabled stops no other. */
export const updateKeys = (rooms: Rooms) =>
  operation({
    method: 'PUT',
    path: '/api/token/batch',
    scope: 'keys:write',
    tag: 'Keys',
    summary: 'Enable or disable several API keys',
    body,
    data: outcome,
    async run(asked) {
      const ids = [...new Set(asked.body.ids)]
      // Together, so that they share a commit.
      const outcomes = await Promise.all(
        ids.map((id) => changeStatus(rooms, asked, { id, status: asked.body.status })),
      )
      const refused = outcomes.filter((one) => one !== undefined)
      return { data: { changed: ids.length - refused.length, refused } }
    },
  })

/** Undefined when it was done. */
async function changeStatus(
  rooms: Rooms,
  asked: Asked,
  sent: { readonly id: number; readonly status: Static<typeof body>['status'] },
): Promise<Static<typeof refusal> | undefined> {
  try {
    await applyUpdate(rooms, asked, sent)
    return undefined
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { id: sent.id, code: error.code, message: error.message }
  }
}
