import Type from 'typebox'
import { standingsOf } from '../../budgets/standing.ts'
import { Refused } from '../../errors.ts'
import type { ApiKey } from '../../keys/api-key.ts'
import { listModels } from '../../keys/model-limits.ts'
import { NEVER_EXPIRES } from '../../keys/stored-key.ts'
import { budgetStanding, toStanding } from '../budgets.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { findRow, type KeyRow } from '../token/rows.ts'
import { proveKey, refusalShape } from './prove-key.ts'

const usageOfKey = Type.Object({
  object: Type.Literal('token_usage'),
  name: Type.String(),
  total_granted: Type.Integer({ description: 'total_used + total_available.' }),
  total_used: Type.Integer(),
  total_available: Type.Integer(),
  unlimited_quota: Type.Boolean(),
  model_limits: Type.Record(Type.String(), Type.Literal(true)),
  model_limits_enabled: Type.Boolean(),
  expires_at: Type.Integer({ description: 'Unix seconds; 0 = never.' }),
  budgets: Type.Optional(
    Type.Array(budgetStanding, {
      description:
        'How the budgets of the key stand; those of its account too, unless `balance.scope` is `key`. Absent without any.',
    }),
  ),
})

/** `GET /api/usage/token`: what the key that asks has used and has left. */
export const usageOfCurrentKey = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/usage/token',
    scope: 'public',
    credential: 'api key',
    crossOrigin: true,
    tag: 'Current key',
    summary: 'Usage of the API key that asks',
    description: 'Expired and exhausted keys may ask, disabled ones not. `allow_ips` applies.',
    whole: Type.Object({
      code: Type.Literal(true),
      message: Type.Literal('ok'),
      data: usageOfKey,
    }),
    refusal: refusalShape,
    async run(asked) {
      const key = await proveKey(rooms, asked)
      const row = await findRow(rooms, key.accountId, key.id)
      if (row === undefined) throw new Refused('key_unknown')
      const budgets = await standingsSeenBy(rooms, key)
      return { raw: { code: true, message: 'ok', data: { ...toUsage(row), ...budgets } } }
    },
  })

/** Whoever holds the key may not be meant to know how its account stands. */
async function standingsSeenBy({ store, settings, now }: Rooms, { budgets = [] }: ApiKey) {
  const alone = settings.get('balance.scope') === 'key'
  const seen = alone ? budgets.filter(({ whose }) => whose === 'key') : budgets
  if (seen.length === 0) return {}
  return { budgets: (await standingsOf(store, seen, now())).map(toStanding) }
}

function toUsage(row: KeyRow) {
  return {
    object: 'token_usage',
    name: row.name,
    total_granted: row.used + row.remain,
    total_used: row.used,
    total_available: row.remain,
    unlimited_quota: row.unlimited_quota === 1,
    model_limits: Object.fromEntries(listModels(row.model_limits).map((id) => [id, true])),
    model_limits_enabled: row.model_limits_enabled === 1,
    expires_at: row.expired_time === NEVER_EXPIRES ? 0 : row.expired_time,
  }
}
