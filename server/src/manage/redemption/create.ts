import Type, { type Static } from 'typebox'
import { Refused } from '../../errors.ts'
import { MOST_UNITS } from '../../ledger/units.ts'
import type { Compilable } from '../../storage/store.ts'
import { auditStatement } from '../audit/record.ts'
import { nowSeconds } from '../now-seconds.ts'
import { type Answer, type Asked, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { digestOf, generateCode } from './code.ts'
import { redemptionSchema, subjectOf, toRecord } from './record.ts'

const MOST_CODES = 100
/** Larger numbers are milliseconds that somebody took for seconds (as for keys, contract 2.1). */
const MOST_SECONDS = 99_999_999_999

const newCodes = Type.Object({
  name: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'For people; all codes of a call share it.',
  }),
  quota: Type.Integer({
    minimum: 1,
    maximum: MOST_UNITS,
    description: 'Quota units that each code is worth.',
  }),
  count: Type.Integer({ minimum: 1, maximum: MOST_CODES, description: 'How many codes to make.' }),
  expires_at: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MOST_SECONDS,
      description: 'Unix seconds. Omitted or 0: never.',
    }),
  ),
})

/** `POST /api/redemption/` */
export const createRedemptions = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/redemption',
    scope: 'admin',
    summary: 'Make codes that add units to the balance of whoever redeems them',
    description:
      '`data` holds the codes, shown this once: only digests are stored. A repeat with the same `Idempotency-Key` makes ' +
      'none, and its `data` holds the records of those that the first call made, without the codes.',
    tag: 'Redeem codes',
    body: newCodes,
    data: Type.Union([
      Type.Array(Type.String({ description: 'A code.' })),
      Type.Array(redemptionSchema, { description: 'To a repeat.' }),
    ]),
    idempotent: true,
    async run(asked) {
      return rooms.once(asked, {
        first: (remember) => create(rooms, asked, remember),
        again: async (batchId) => ({ data: await recordsOf(rooms, batchId ?? 0) }),
      })
    },
  })

async function create(
  rooms: Rooms,
  asked: Asked<unknown, unknown, Static<typeof newCodes>>,
  remember: (batchId: number) => readonly Compilable[],
): Promise<Answer> {
  const { store } = rooms
  const { name, quota, count } = asked.body
  const seconds = nowSeconds(rooms)
  const expiresAt = asked.body.expires_at || null
  // Not asked of a repeat, which may come when they have expired.
  if (expiresAt !== null && expiresAt <= seconds) {
    throw new Refused('invalid_field', 'expires_at must lie in the future, in Unix seconds')
  }
  const codes = Array.from({ length: count }, () => generateCode(rooms.random))
  const ids = await Promise.all(codes.map(() => store.nextId('redemption')))
  // Asked for at the same time, they need not come in order.
  ids.sort((a, b) => a - b)
  const [batchId = 0] = ids
  const rows = ids.map((id, at) => ({
    id,
    batch_id: batchId,
    name,
    ...storedOf(codes[at] ?? ''),
    quota,
    created_at: seconds,
    expires_at: expiresAt,
    redeemed_at: null,
    redeemed_by: null,
  }))
  await store.write([
    store.db.insertInto('redemption').values(rows),
    auditStatement(rooms, asked, {
      action: 'redemption.create',
      subject: subjectOf(batchId),
      after: { name, quota, count, expires_at: expiresAt ?? 0, ids },
    }),
    ...remember(batchId),
  ])
  return { data: codes, secret: true }
}

const storedOf = (code: string) => ({ digest: digestOf(code), hint: code.slice(-4) })

/** What is left of a batch: an unused code may have been withdrawn. */
async function recordsOf(rooms: Rooms, batchId: number) {
  const rows = await rooms.store.db
    .selectFrom('redemption')
    .selectAll()
    .where('batch_id', '=', batchId)
    .orderBy('id')
    .execute()
  return rows.map((row) => toRecord(row, nowSeconds(rooms)))
}
