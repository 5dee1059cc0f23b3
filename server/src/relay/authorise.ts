import { Refused, saysOf } from '../errors.ts'
import { AUTO } from '../groups/groups.ts'
import type { ApiKey } from '../keys/api-key.ts'
import { firstRefusal, groupAvailable, modelRules } from '../keys/rules.ts'
import { quoted } from './quoted.ts'
import type { Admitted, Grant, ModelCall, Offer } from './values.ts'

/** Contract 3.1, checks 8 and 9. */
export function authorise(key: ApiKey, call: ModelCall): Grant {
  const { model } = call.parsed
  const refusal = firstRefusal(modelRules, key, { ip: call.ip ?? '', model }, 0)
  if (refusal === 'model_not_allowed') throw mayNotUse(model)
  if (refusal === 'group_not_available') throw noAccess(key)
  if (refusal !== undefined) throw new Refused(refusal)
  return { key, call }
}

/** The same of a call that had to wait since it was routed: also where it was to begin must still be open. */
export function authoriseAgain(key: ApiKey, { call, running }: Admitted): void {
  authorise(key, call)
  if (key === running.key) return
  requireOffer(key, running.offer)
  running.key = key
}

/** @throws Refused when the key may no longer use the group that a call of it is in, or the fallback that it turned to. */
export function requireOffer(key: ApiKey, { group, model }: Offer): void {
  if (!key.accountGroups.includes(group)) throw noAccessTo(group)
  if (!key.mayUseModel(model)) throw mayNotUse(model)
}

/** Check 9 alone, for lists of models. */
export function authoriseList(key: ApiKey): void {
  if (groupAvailable.refuses(key, { ip: '' }, 0) !== undefined) throw noAccess(key)
}

function noAccess({ group, accountGroups }: ApiKey): Refused {
  if (group !== AUTO || !accountGroups.includes(AUTO)) return noAccessTo(group)
  return noAccessTo(`${AUTO}: it walks no group that this account may use`)
}

export const mayNotUse = (model: string): Refused =>
  new Refused('model_not_allowed', `this API key may not use ${quoted(model)}`)

const noAccessTo = (group: string): Refused =>
  new Refused('group_not_available', `${saysOf('group_not_available')} ${group}`)
