import type { Caller } from '../../accounts/caller.ts'
import { Refused } from '../../errors.ts'
import { AUTO } from '../../groups/groups.ts'
import { parseAddresses } from '../../keys/address.ts'
import { AddressError } from '../../keys/address-list.ts'
import { listModels, MOST_MODELS } from '../../keys/model-limits.ts'
import { NEVER_EXPIRES } from '../../keys/stored-key.ts'
import { MOST_UNITS } from '../../ledger/units.ts'
import { checkBudgets } from '../budgets.ts'
import { checkFallbacks } from '../fallback-models.ts'
import type { SentFields } from './fields.ts'

const LONGEST_NAME = 50
/** Unix seconds that are not reached for 3 000 years: whoever sends more sends milliseconds. */
const MILLISECONDS_FROM = 100_000_000_000
const LONGEST_MODEL_BYTES = 256
const MOST_METADATA = 16
const LONGEST_METADATA_NAME = 64

/** Judges fields beyond their types (contract 2.1). @throws Refused with the exact code and message. */
export function checkFields(sent: SentFields): void {
  if (sent.name !== undefined) checkName(sent.name)
  if (sent.expired_time !== undefined) checkExpiry(sent.expired_time)
  if (sent.remain_quota !== undefined) checkQuota(sent.remain_quota, 'remain_quota')
  if (sent.model_limits !== undefined) checkModels(sent.model_limits)
  if (typeof sent.allow_ips === 'string') checkAddresses(sent.allow_ips)
  if (sent.metadata !== undefined) checkMetadata(sent.metadata)
  if (sent.budgets !== undefined) checkBudgets(sent.budgets)
  if (sent.fallback_models !== undefined) checkFallbacks(sent.fallback_models)
}

/** Whether the account may use a group that a key names. `''` is the account's own. */
export function checkGroup(caller: Caller, group: string): void {
  if (group === '' || group === caller.group || caller.groups.includes(group)) return
  throw new Refused('group_not_accessible', `no access to group ${group.slice(0, 200)}`)
}

/** The same for what `auto` walks for a key. */
export function checkAutoGroups(caller: Caller, groups: readonly string[]): void {
  if (groups.includes(AUTO)) throw invalid(`auto_groups: ${AUTO} can not walk itself`)
  for (const group of groups) checkGroup(caller, group)
}

/** A key's own fallbacks must be models that it may use. @throws Refused `invalid_field` naming the one that is not. */
export function checkOwnFallbacks(limits: ModelLimits, models: readonly string[]): void {
  const { model_limits_enabled: isLimited, model_limits: text = '' } = limits
  const allowed = isLimited ? listModels(text) : []
  const other = allowed.length === 0 ? undefined : models.find((one) => !allowed.includes(one))
  if (other === undefined) return
  throw invalid(
    `fallback_models names ${JSON.stringify(other.slice(0, 100))}, which is not in model_limits: add it there, or leave it out`,
  )
}

type ModelLimits = Pick<SentFields, 'model_limits_enabled' | 'model_limits'>

/** @throws Refused `quota_out_of_range` */
function checkQuota(amount: number, field: string): void {
  if (amount >= 0 && amount <= MOST_UNITS) return
  throw new Refused(
    'quota_out_of_range',
    `${field} must be a whole number of quota units from 0 to ${MOST_UNITS}, got ${amount}`,
  )
}

function checkName(name: string): void {
  // Never as many code points as UTF-16 units, so that only a long name costs the count.
  if (name.length > LONGEST_NAME && [...name].length > LONGEST_NAME) {
    throw new Refused('name_too_long')
  }
}

function checkExpiry(time: number): void {
  if (time === NEVER_EXPIRES || (time > 0 && time < MILLISECONDS_FROM)) return
  const hint =
    time >= MILLISECONDS_FROM
      ? ` (this looks like milliseconds: send ${Math.floor(time / 1000)})`
      : ''
  throw invalid(`expired_time must be a Unix time in seconds, or -1 for never, got ${time}${hint}`)
}

function checkModels(text: string): void {
  if (text === '') return
  const ids = listModels(text)
  if (ids.length === 0) {
    throw invalid('model_limits holds no model id: send "" for no restriction')
  }
  if (ids.length > MOST_MODELS) {
    throw invalid(`model_limits must hold at most ${MOST_MODELS} model ids, got ${ids.length}`)
  }
  const long = ids.find((id) => Buffer.byteLength(id) > LONGEST_MODEL_BYTES)
  if (long !== undefined) {
    throw invalid(
      `model_limits: a model id has at most ${LONGEST_MODEL_BYTES} bytes, not so "${long.slice(0, 40)}…"`,
    )
  }
}

function checkAddresses(text: string): void {
  try {
    parseAddresses(text)
  } catch (error) {
    if (error instanceof AddressError) throw new Refused('invalid_address', error.message)
    throw error
  }
}

function checkMetadata(metadata: Readonly<Record<string, string>>): void {
  const names = Object.keys(metadata)
  if (names.length > MOST_METADATA) {
    throw invalid(`metadata must have at most ${MOST_METADATA} entries, got ${names.length}`)
  }
  if (names.some((name) => name === '' || name.length > LONGEST_METADATA_NAME)) {
    throw invalid(`metadata: names have 1 to ${LONGEST_METADATA_NAME} characters`)
  }
}

const invalid = (why: string): Refused => new Refused('invalid_field', why)
