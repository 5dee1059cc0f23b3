import type { ModelPrice as ListedPrice, ModelInfo, Provider } from '@pydantic/genai-prices'
import { compilePrice } from './price.ts'
import { toModelPrice } from './to-model-price.ts'

/** The library's own list is a tenth of it. */
export const MOST_CATALOGUE_BYTES = 16 * 1024 * 1024
const MOST_PROVIDERS = 1_000
const MOST_MODELS = 50_000
const MOST_ID = 256

/** Why a list of prices can't be used, in words for whoever sent it. */
export class UnfitCatalogue extends Error {
  override readonly name = 'UnfitCatalogue'
}

type Loose = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Reads the text of a list of prices. @throws UnfitCatalogue */
export function parseCatalogue(text: string): readonly Provider[] {
  try {
    return readProviders(JSON.parse(text))
  } catch (failure) {
    if (failure instanceof UnfitCatalogue) throw failure
    throw new UnfitCatalogue('it is not JSON')
  }
}

/**
 * A list of providers in the library's format, looked through to the last price, so that none can stop a gateway that
 * loads it.
 * @throws UnfitCatalogue
 */
export function readProviders(list: unknown): readonly Provider[] {
  if (!Array.isArray(list) || list.length === 0 || list.length > MOST_PROVIDERS) {
    throw new UnfitCatalogue(`it must be a list of 1 to ${MOST_PROVIDERS} providers`)
  }
  for (const provider of list) checkProvider(provider)
  const providers = list as readonly Provider[]
  const models = countModels(providers)
  if (models === 0 || models > MOST_MODELS) {
    throw new UnfitCatalogue(`it must have 1 to ${MOST_MODELS} models`)
  }
  return providers
}

export const countModels = (providers: readonly Provider[]): number =>
  providers.reduce((sum, { models }) => sum + models.length, 0)

function checkProvider(provider: unknown): void {
  if (!isObject(provider) || !isId(provider.id)) throw new UnfitCatalogue('a provider has no id')
  const { id, models, api_pattern } = provider
  if (typeof api_pattern !== 'string' || !isPattern(api_pattern) || !Array.isArray(models)) {
    throw new UnfitCatalogue(`provider ${id} lacks its models or its api_pattern`)
  }
  for (const name of ['model_match', 'provider_match'] as const) {
    const match = provider[name]
    if (match !== undefined && match !== null && !isMatch(match)) {
      throw new UnfitCatalogue(`${name} of provider ${id} is no condition`)
    }
  }
  for (const model of models) checkModel(id, model)
}

const isId = (id: unknown): id is string =>
  typeof id === 'string' && id !== '' && id.length <= MOST_ID

function checkModel(provider: string, model: unknown): void {
  if (!isObject(model) || !isId(model.id) || !isMatch(model.match)) {
    throw new UnfitCatalogue(`a model of provider ${provider} has no id or no match`)
  }
  const { prices } = model as unknown as ModelInfo
  const all: readonly unknown[] = Array.isArray(prices) ? prices : [{ prices }]
  for (const one of all) {
    if (!isObject(one) || !isConstraint(one.constraint) || !isPrice(one.prices)) {
      throw new UnfitCatalogue(`the price of ${provider} ${model.id} can't be read`)
    }
  }
  if (all.length === 0) throw new UnfitCatalogue(`${provider} ${model.id} has no price`)
}

const DATE = /^\d{4}-\d{2}-\d{2}$/
const TIME = /^\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/

function isConstraint(constraint: unknown): boolean {
  if (constraint === undefined) return true
  if (!isObject(constraint)) return false
  const { start_date, start_time, end_time } = constraint
  if (start_date !== undefined) return typeof start_date === 'string' && DATE.test(start_date)
  return [start_time, end_time].every((time) => typeof time === 'string' && TIME.test(time))
}

/** Whether every number in it can be charged; keys that we don't know are left to `toModelPrice`. */
function isPrice(prices: unknown): prices is ListedPrice {
  if (!isObject(prices) || !Object.values(prices).every(isRate)) return false
  try {
    const price = toModelPrice(prices as ListedPrice)
    if (price !== undefined) compilePrice(price)
    return true
  } catch {
    return false
  }
}

const isDollars = (value: unknown): boolean =>
  typeof value === 'number' && value >= 0 && value < 1e9

function isRate(rate: unknown): boolean {
  if (!isObject(rate)) return isDollars(rate)
  const { base, tiers } = rate
  const isTier = (tier: unknown) =>
    isObject(tier) && Number.isSafeInteger(tier.start) && isDollars(tier.price)
  return isDollars(base) && Array.isArray(tiers) && tiers.every(isTier)
}

const WORDS = ['equals', 'starts_with', 'ends_with', 'contains'] as const

function isMatch(match: unknown, depth = 0): boolean {
  if (!isObject(match) || depth > 8) return false
  const { or, and, regex } = match
  const all = or ?? and
  if (all !== undefined) return Array.isArray(all) && all.every((one) => isMatch(one, depth + 1))
  if (regex !== undefined) return typeof regex === 'string' && isPattern(regex)
  return WORDS.some((word) => typeof match[word] === 'string')
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern) !== undefined
  } catch {
    return false
  }
}
