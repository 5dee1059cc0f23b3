import Type, { type Static } from 'typebox'
import { MOST_UNITS } from '../../ledger/units.ts'
import { budgetFields } from '../budgets.ts'
import { byName } from '../by-name.ts'
import { fallbackModels } from '../fallback-models.ts'
import { limitFields } from '../rate-limits.ts'

/** Most entries of our own lists and of `metadata`. */
const MOST_GROUPS = 32

const flag = (description: string) => Type.Optional(Type.Boolean({ description }))
const words = (maxItems: number, maxLength: number, description: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength }), { maxItems, description }))

/** What can be sent of a key, to create or to update. The rules that a schema can't say stand in rules.ts. */
export const keyFields = {
  name: Type.Optional(Type.String({ description: 'At most 50 Unicode characters (code points).' })),
  expired_time: Type.Optional(
    Type.Integer({ description: 'Unix seconds; -1 (default) = never. The past blocks the key.' }),
  ),
  remain_quota: Type.Optional(
    Type.Integer({
      description: `Quota units (500 000 = 1 US dollar), 0 (default) to ${MOST_UNITS}.`,
    }),
  ),
  unlimited_quota: flag("Skips the key's own quota check, never the account's balance."),
  model_limits_enabled: flag('false (default): model_limits is ignored.'),
  model_limits: Type.Optional(
    Type.String({ description: 'Model ids with commas between; "" (default) = any model.' }),
  ),
  allow_ips: Type.Optional(
    Type.Union([Type.String(), Type.Null()], {
      description:
        'One IPv4, IPv6 or CIDR a line, lines ended by \\n; null and "" = from anywhere.',
    }),
  ),
  group: Type.Optional(
    Type.String({
      description: '"" (default) = the own group of the account; `auto` walks several.',
    }),
  ),
  cross_group_retry: flag(
    'With the group `auto`: whether a call that failed in one group goes on to the next.',
  ),
  auto_groups: words(MOST_GROUPS, 64, 'The groups that `auto` walks for this key, in order.'),
  fallback_models: fallbackModels(
    'Models to try, in order, when nobody can serve the asked one. The answer is charged at the price of the model that served.',
  ),
  metadata: Type.Optional(
    byName(Type.String({ maxLength: 512 }), {
      description: 'Up to 16 entries of your own; names up to 64 characters, values up to 512.',
    }),
  ),
  ...limitFields,
  ...budgetFields,
}

const sent = Type.Object(keyFields)
/** Fields of a key as they were sent, of the right types. */
export type SentFields = Static<typeof sent>

export const keyParams = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Id of the key.' }),
})
