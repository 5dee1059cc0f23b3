import { Refused, saysOf } from '../errors.ts'
import type { ApiKey } from '../keys/api-key.ts'
import { firstRefusal, groupAvailable, modelRules } from '../keys/rules.ts'
import { quoted } from './quoted.ts'
import type { Grant, ModelCall } from './values.ts'

/** Contract 3.1, checks 8 and 9. */
export function authorise(key: ApiKey, call: ModelCall): Grant {
  const { model } = call.parsed
  const refusal = firstRefusal(modelRules, key, { ip: call.ip ?? '', model }, 0)
  if (refusal === 'model_not_allowed') {
    throw new Refused(refusal, `this API key may not use ${quoted(model)}`)
  }
  if (refusal === 'group_not_available') throw noAccess(key)
  if (refusal !== undefined) throw new Refused(refusal)
  return { key, call, group: key.group }
}

/** Check 9 alone, for lists of models. */
export function authoriseList(key: ApiKey): void {
  if (groupAvailable.refuses(key, { ip: '' }, 0) !== undefined) throw noAccess(key)
}

const noAccess = (key: ApiKey) =>
  new Refused('group_not_available', `${saysOf('group_not_available')} ${key.group}`)
