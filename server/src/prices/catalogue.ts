import { setImmediate } from 'node:timers/promises'
import type { MatchLogic, ModelInfo, Provider } from '@pydantic/genai-prices'
import type { Listed } from './abilities.ts'
import type { ModelPrice } from './kinds.ts'
import { nextChange } from './next-change.ts'
import { LEFT_OUT, OUTPUT_LIMITS, OWN_MODELS } from './own-models.ts'
import { serviceTiers } from './service-tiers.ts'
import { toModelPrice } from './to-model-price.ts'

/** What the catalogue knows of a model. */
export interface Catalogued {
  readonly id: string
  readonly provider: string
  readonly price: ModelPrice
  readonly contextWindow: number | undefined
  /** When another price begins, of those that depend on a date or the time of day: milliseconds; Infinity for others. */
  readonly until: number
}

export interface Catalogue {
  find(model: string, nowMs: number): Catalogued | undefined
  /** Every model that can be named without its host, by id. */
  all(nowMs: number): Promise<readonly Catalogued[]>
  maxOutput(model: string): number | undefined
  /** What its vendor lists of it. */
  listed(model: string): Listed | undefined
}

/** The list that came with the library: it forgets it when it is given another. */
let bundled: readonly Provider[] | undefined

/** The library with the bundled prices, or those that are given: it keeps one list for the whole process. */
async function libraryWith(given: readonly Provider[] | undefined) {
  const library = await import('@pydantic/genai-prices')
  const current = (await library.waitForUpdate()) ?? []
  bundled ??= current
  const wanted = given ?? bundled
  if (current !== wanted) {
    library.updatePrices(({ setProviderData }) => setProviderData([...wanted]))
  }
  return { calcPrice: library.calcPrice, providers: (await library.waitForUpdate()) ?? [] }
}

/** What OpenAI lists of its models, by their ids. */
async function listedModels() {
  const models = await import('gpt-tokenizer/models')
  const limits = new Map<string, number>()
  const specs = new Map<string, Listed>()
  for (const [id, spec] of Object.entries(models)) {
    if ('modalities' in spec) specs.set(id, spec)
    if ('max_output_tokens' in spec && spec.max_output_tokens)
      limits.set(id, spec.max_output_tokens)
  }
  return { limits, specs }
}

/** Loads the prices: some 50 ms, which is why nobody imports them on the way to the first answer. */
export async function loadCatalogue(given?: readonly Provider[]): Promise<Catalogue> {
  const [{ calcPrice, providers }, { limits, specs }] = await Promise.all([
    libraryWith(given),
    listedModels(),
  ])

  function ask(model: string, nowMs: number, providerId?: string): Catalogued | undefined {
    const options = {
      timestamp: new Date(nowMs),
      ...(providerId === undefined ? {} : { providerId }),
    }
    const found = calcPrice({}, model, options)
    const price = found && toModelPrice(found.model_price)
    if (!found || !price) return undefined
    return describe(found, price, nowMs)
  }

  function find(model: string, nowMs: number): Catalogued | undefined {
    const own = OWN_MODELS.get(model)
    if (own) return ownModel(model, own)
    const bare = model.startsWith('models/') ? model.slice('models/'.length) : model
    return ask(bare, nowMs) ?? askPrefixed(bare, nowMs) ?? askOnlyHost(bare, nowMs)
  }

  /** `anthropic/claude-...` names its vendor; everything else with a slash is looked for at OpenRouter, which coined such ids. */
  function askPrefixed(model: string, nowMs: number): Catalogued | undefined {
    const slash = model.indexOf('/')
    if (slash < 1) return undefined
    const vendor = model.slice(0, slash).toLowerCase()
    const known = providers.find(
      (provider) => provider.id === vendor || VENDOR_WORDS[vendor] === provider.id,
    )
    return (
      (known && ask(model.slice(slash + 1), nowMs, known.id)) ?? ask(model, nowMs, 'openrouter')
    )
  }

  /**
   * Ids that no vendor's pattern covers: the vendor that lists exactly this id, else the only host that does. An open
   * model at several hosts has no price of its own: the administrator says which.
   */
  function askOnlyHost(model: string, nowMs: number): Catalogued | undefined {
    const wanted = model.toLowerCase()
    const hosts = providers.filter((one) =>
      one.models.some((listed) => listed.id.toLowerCase() === wanted),
    )
    const vendors = hosts.filter((host) => host.model_match)
    const only = vendors.length === 1 ? vendors[0] : hosts.length === 1 ? hosts[0] : undefined
    return only && ask(model, nowMs, only.id)
  }

  let listed: Promise<readonly Catalogued[]> | undefined
  return {
    find,
    async all(nowMs) {
      listed ??= everyModel(namesOf(providers), (model) => find(model, nowMs))
      return (await listed).map((model) =>
        model.until > nowMs ? model : { ...model, ...find(model.id, nowMs), id: model.id },
      )
    },
    maxOutput: (model) => outputLimit(model, limits),
    listed: (model) => specs.get(model.slice(model.lastIndexOf('/') + 1)),
  }
}

/** How clients spell vendors whose id in the catalogue is another word. */
const VENDOR_WORDS: Readonly<Record<string, string>> = {
  mistralai: 'mistral',
  xai: 'x-ai',
  gemini: 'google',
}

const ownModel = (id: string, price: ModelPrice): Catalogued => ({
  id,
  provider: 'turnpike',
  price,
  contextWindow: undefined,
  until: Number.POSITIVE_INFINITY,
})

function describe(
  { provider, model }: { readonly provider: Provider; readonly model: ModelInfo },
  listed: ModelPrice,
  nowMs: number,
): Catalogued {
  const price = { ...LEFT_OUT.get(model.id), ...listed }
  const service = serviceTiers(provider.id, model.id, price)
  return {
    id: model.id,
    provider: provider.id,
    price: service === undefined ? price : { ...price, service },
    contextWindow: model.context_window,
    until: nextChange(model, nowMs),
  }
}

/** Every name that a vendor's models are listed or matched by. */
function namesOf(providers: readonly Provider[]): string[] {
  const listed = providers
    .filter((provider) => provider.model_match)
    .flatMap((provider) =>
      provider.models.flatMap((model) => [model.id, ...exactNames(model.match)]),
    )
  return [...new Set([...OWN_MODELS.keys(), ...listed])].sort()
}

function exactNames(match: MatchLogic): string[] {
  if ('or' in match) return match.or.flatMap(exactNames)
  return 'equals' in match ? [match.equals] : []
}

/** Asks for each name what it would be charged as. In slices: a hundred milliseconds at once would hold up running calls. */
async function everyModel(
  names: readonly string[],
  find: (model: string) => Catalogued | undefined,
): Promise<readonly Catalogued[]> {
  const models: Catalogued[] = []
  for (const [index, name] of names.entries()) {
    if (index % 8 === 0) await setImmediate()
    const model = find(name)
    if (model) models.push({ ...model, id: name })
  }
  return models
}

function outputLimit(model: string, limits: ReadonlyMap<string, number>): number | undefined {
  const bare = model.slice(model.lastIndexOf('/') + 1)
  return limits.get(bare) ?? LIMITS_BY_LENGTH.find(([from]) => dashed(bare).startsWith(from))?.[1]
}

/** OpenRouter writes `claude-sonnet-4.6` for what its vendor calls `claude-sonnet-4-6`. */
const dashed = (id: string): string => id.replaceAll('.', '-')

const LIMITS_BY_LENGTH = OUTPUT_LIMITS.map(
  ([beginning, limit]) => [dashed(beginning), limit] as const,
).sort(([a], [b]) => b.length - a.length)
