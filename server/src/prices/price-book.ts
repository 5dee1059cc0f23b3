import { mirror } from '../storage/mirror.ts'
import type { Store } from '../storage/store.ts'
import { type Abilities, abilitiesOf } from './abilities.ts'
import { type Catalogue, type Catalogued, loadCatalogue } from './catalogue.ts'
import type { ModelPrice } from './kinds.ts'
import { type CompiledPrice, compilePrice } from './price.ts'
import { storedCatalogue } from './stored-catalogue.ts'

/** What models cost: the catalogue, and above it what the administrator set. */
export interface PriceBook {
  /** From memory, at the ratio of a group: decimal text. `undefined`: nobody said what this model costs. */
  priceOf(model: string, ratio?: string): CompiledPrice | undefined
  /** The model's own output limit, where it is known. */
  maxOutput(model: string): number | undefined
  contextWindow(model: string): number | undefined
  /** What a model does; `otherNames`: what its providers call it. */
  abilities(model: string, otherNames: readonly string[]): Abilities
  /** The override alone, as it was set. */
  override(model: string): ModelPrice | undefined
  overrides(): readonly { readonly model: string; readonly price: ModelPrice }[]
  catalogued(model: string): Catalogued | undefined
  catalogue(): Promise<readonly Catalogued[]>
}

/** Model ids come from callers, so what is remembered of them is bounded: so many beside those that have a price of ours. */
const MOST_REMEMBERED = 2_000
const MOST_ID = 256
/** Ratios come from administrators; those that they had before are not kept for ever. */
const MOST_RATIOS = 1_000

const NO_FACTOR = '1'

interface Remembered {
  /** At the ratio 1. */
  readonly price: CompiledPrice | undefined
  /** At other ratios, compiled when a call needs one first. */
  readonly byRatio: Map<string, CompiledPrice>
  readonly catalogued: Catalogued | undefined
  readonly until: number
}

/** Reads overrides and catalogue into memory; afterwards every answer is synchronous, and changes are followed. */
export async function createPriceBook(parts: {
  store: Store
  now?: () => number
}): Promise<PriceBook> {
  const { store, now = Date.now } = parts
  const overrides = new Map<string, ModelPrice>()
  const remembered = new Map<string, Remembered>()
  let catalogue: Catalogue
  let updatedAtMs: number | undefined
  async function loadStored() {
    const stored = await storedCatalogue(store, updatedAtMs)
    if (stored === 'known' || (stored === undefined && updatedAtMs === undefined)) return
    catalogue = await loadCatalogue(stored?.providers)
    updatedAtMs = stored?.updatedAtMs
    remembered.clear()
  }
  // One after the other: a list that was read late never stands in the place of a newer one.
  let loading: Promise<void> = Promise.resolve()
  const reload = () => {
    loading = loading.catch(() => undefined).then(loadStored)
    return loading
  }
  store.onChange(({ kind }) => (kind === 'price_catalogue' ? reload() : undefined))
  store.onBehind(reload)
  catalogue = await loadCatalogue()
  await Promise.all([
    reload(),
    followOverrides(
      store,
      (model, price) => {
        if (price) overrides.set(model, price)
        else overrides.delete(model)
        remembered.delete(model)
      },
      () => overrides.keys(),
    ),
  ])

  function remember(model: string): Remembered | undefined {
    const known = remembered.get(model)
    if (known && known.until > now()) return known
    if (model.length > MOST_ID) return undefined
    const found = lookUp(overrides, catalogue, model, now())
    if (remembered.size >= MOST_REMEMBERED + overrides.size) remembered.clear()
    remembered.set(model, found)
    return found
  }

  return {
    priceOf(model, ratio = NO_FACTOR) {
      const known = remember(model)
      return known === undefined || ratio === NO_FACTOR ? known?.price : priceAt(known, ratio)
    },
    maxOutput: (model) => catalogue.maxOutput(model),
    contextWindow: (model) => remember(model)?.catalogued?.contextWindow,
    abilities: (model, otherNames) =>
      abilitiesIn(catalogue, [model, ...otherNames], remember(model)?.price?.price),
    override: (model) => overrides.get(model),
    overrides: () => [...overrides].map(([model, price]) => ({ model, price })),
    catalogued: (model) => remember(model)?.catalogued,
    catalogue: () => catalogue.all(now()),
  }
}

function abilitiesIn(
  catalogue: Pick<Catalogue, 'listed'>,
  names: readonly string[],
  price: ModelPrice | undefined,
): Abilities {
  const listed = names.map(catalogue.listed).find((one) => one !== undefined)
  return abilitiesOf({ names, listed, price })
}

function followOverrides(
  store: Store,
  keep: (model: string, price: ModelPrice | undefined) => void,
  known: () => Iterable<string>,
): Promise<void> {
  const rows = () => store.db.selectFrom('price').select(['model', 'price'])
  return mirror({
    ...{ store, kind: 'price', known, keep },
    idOf: (subject) => subject,
    readAll: async () =>
      new Map((await rows().execute()).map((row) => [row.model, toPrice(row.price)])),
    async readOne(model) {
      const row = await rows().where('model', '=', model).executeTakeFirst()
      return row && toPrice(row.price)
    },
  })
}

function lookUp(
  overrides: ReadonlyMap<string, ModelPrice>,
  catalogue: Catalogue,
  model: string,
  nowMs: number,
): Remembered {
  const catalogued = catalogue.find(model, nowMs)
  const price = overrides.get(model) ?? catalogued?.price
  return {
    price: price && compilePrice(price),
    byRatio: new Map(),
    catalogued,
    until: catalogued?.until ?? Number.POSITIVE_INFINITY,
  }
}

function priceAt({ price, byRatio }: Remembered, ratio: string): CompiledPrice | undefined {
  if (price === undefined) return undefined
  const known = byRatio.get(ratio)
  if (known !== undefined) return known
  const compiled = compilePrice(price.price, ratio)
  if (byRatio.size >= MOST_RATIOS) byRatio.clear()
  byRatio.set(ratio, compiled)
  return compiled
}

const toPrice = (json: string): ModelPrice => JSON.parse(json)
