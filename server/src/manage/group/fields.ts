import Type, { type Static } from 'typebox'
import { POLICY_NAMES } from '../../channels/choosing/policies.ts'
import { Refused } from '../../errors.ts'
import { whyNotName } from '../../groups/name.ts'
import { parseDecimal, writeDecimal } from '../../prices/decimal.ts'
import { byName } from '../by-name.ts'
import { checkFallbacks, fallbackModels } from '../fallback-models.ts'
import { groupName } from '../user/record.ts'

/** Beyond, somebody mistook it for a price. */
const MOST_RATIO = 1_000
/** So that a JSON number holds every ratio exactly, the largest one included. */
const MOST_DECIMALS = 9
const MOST_WALKED = 100
const MOST_RATIOS = 1_000

const ratio = Type.Union([Type.Number(), Type.String({ maxLength: 40 })], {
  description: `Factor of every price in it: 0 to ${MOST_RATIO}, up to ${MOST_DECIMALS} decimals.`,
})

const policy = Type.Union([Type.Literal(''), ...POLICY_NAMES.map((name) => Type.Literal(name))], {
  description: 'How channels of equal priority are chosen in it; empty: as `routing.policy` says.',
})

const optional = {
  description: Type.Optional(
    Type.String({ maxLength: 200, description: 'For those who choose among groups.' }),
  ),
  ratio: Type.Optional(ratio),
  policy: Type.Optional(policy),
  fallback_models: fallbackModels(
    'Models to try, in order, when nobody can serve the asked one; for keys without a list of their own.',
  ),
  ratios: Type.Optional(
    byName(ratio, {
      description: 'Own group of an account: its ratio here, instead of `ratio`.',
    }),
  ),
}

export const newGroup = Type.Object({ name: Type.String(), ...optional })
export const changedGroup = Type.Object({ name: Type.Optional(Type.String()), ...optional })
export type ChangedGroup = Static<typeof changedGroup>

export const groupParams = Type.Object({ name: Type.String({ minLength: 1 }) })

/** A group as administrators read it. */
export const groupSchema = Type.Object({
  name: Type.String(),
  description: Type.String(),
  ratio: Type.Number(),
  policy,
  fallback_models: Type.Array(Type.String()),
  ratios: byName(Type.Number(), { description: 'Own group of an account: its ratio here.' }),
})

/** What `auto` walks. */
export const autoOrder = Type.Object({
  groups: Type.Array(groupName, { maxItems: MOST_WALKED, description: 'Tried in this order.' }),
})

/** @throws Refused `invalid_field` for a name that no group may have. */
export function checkName(name: string): void {
  const why = whyNotName(name)
  if (why !== undefined) throw invalid(`name ${why}`)
}

/** What was sent, as columns; what was not is left out. @throws Refused `invalid_field` naming the member. */
export function toColumns(changed: ChangedGroup) {
  const { description, ratio: sent, ratios, policy: chosen, fallback_models: models } = changed
  if (models !== undefined) checkFallbacks(models)
  return {
    ...(models === undefined ? {} : { fallback_models: JSON.stringify(models) }),
    ...(chosen === undefined ? {} : { policy: chosen }),
    ...(description === undefined ? {} : { description }),
    ...(sent === undefined ? {} : { ratio: exactRatio('ratio', sent) }),
    ...(ratios === undefined ? {} : { ratios: JSON.stringify(exactRatios(ratios)) }),
  }
}

function exactRatios(ratios: NonNullable<ChangedGroup['ratios']>): Record<string, string> {
  const entries = Object.entries(ratios)
  if (entries.length > MOST_RATIOS) {
    throw invalid(`ratios must have at most ${MOST_RATIOS} entries, got ${entries.length}`)
  }
  return Object.fromEntries(
    entries.map(([name, written]) => [name, exactRatio(`ratios.${name}`, written)]),
  )
}

function exactRatio(field: string, written: string | number): string {
  const decimal = parseDecimal(written)
  const text = decimal === undefined ? '' : writeDecimal(decimal)
  const [, decimals = ''] = text.split('.')
  if (text !== '' && Number(text) <= MOST_RATIO && decimals.length <= MOST_DECIMALS) return text
  throw invalid(
    `${field} must be a number from 0 to ${MOST_RATIO} with at most ${MOST_DECIMALS} decimals`,
  )
}

const invalid = (why: string): Refused => new Refused('invalid_field', why)
