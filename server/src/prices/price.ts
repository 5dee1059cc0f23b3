import { MOST_UNITS, UNITS_PER_DOLLAR, type Units, units } from '../ledger/units.ts'
import { SERVICE_TIERS, type ServiceTier, type Usage } from '../usage/usage.ts'
import { amountsOf } from './amounts.ts'
import { type Dearest, dearestOf } from './dearest.ts'
import { atScale, commonDivisor, type Decimal, parseDecimal, times } from './decimal.ts'
import {
  type Dollars,
  FEES,
  type Fee,
  type ModelPrice,
  type Rates,
  rateOf,
  TOKEN_KINDS,
} from './kinds.ts'

export type { ModelPrice } from './kinds.ts'

/** One column of prices, as whole numbers: `weight / denominator` units a token or piece. */
export interface Column {
  readonly above: number
  readonly exact: readonly bigint[]
  readonly fast: readonly number[]
  readonly dearest: Dearest
}

/** A price made ready to multiply: whole weights over one denominator, so that a cost is a sum and one division. */
export interface CompiledPrice {
  readonly price: ModelPrice
  readonly ratio: string
  readonly denominator: bigint
  /** First the column for any length, then those for longer input, ascending. */
  readonly columns: readonly Column[]
  readonly perRequest: bigint
  readonly leastSeconds: number
  /** What the other tiers of service cost; `undefined`: the same. */
  readonly services: ReadonlyMap<ServiceTier, CompiledPrice> | undefined
  /** What videos of other sizes cost; `undefined`: all the same. */
  readonly sizes: ReadonlyMap<string, CompiledPrice> | undefined
  /** Both as floats: made once, because every call takes them twice. */
  readonly fast: { readonly denominator: number; readonly perRequest: number }
}

/** @throws RangeError naming the field that is not a decimal number of 0 or more. */
export function compilePrice(price: ModelPrice, ratio: string | number = 1): CompiledPrice {
  const factor = decimalOf('ratio', ratio)
  const weight = (field: string, written: Dollars, per: Decimal) =>
    times(times(decimalOf(field, written ?? 0), factor), per)
  const tiers = [...(price.tiers ?? [])].sort((a, b) => a.above - b.above)
  const rows = [
    { above: -1, rates: price as Rates },
    ...tiers.map((tier) => ({ above: tier.above, rates: { ...price, ...tier } })),
  ]
  const fees = FEES.map((fee) => weight(fee, price[fee], PER_PIECE[fee]))
  const filled = rows.map(({ above, rates }) => ({
    above,
    weights: [...TOKEN_KINDS.map((kind) => weight(kind, rateOf(rates, kind), PER_TOKEN)), ...fees],
  }))
  const named = {
    ...{ price, ratio: String(ratio), leastSeconds: price.least_seconds ?? 0 },
    services: servicesOf(price, ratio),
    sizes: sizesOf(price, ratio),
  }
  return reduced(named, filled, weight('per_request', price.per_request, PER_DOLLAR))
}

const whole = (digits: bigint, scale: number): Decimal => ({ digits, scale })
const PER_UNIT = BigInt(UNITS_PER_DOLLAR)

/**
 * Units a token, piece or millisecond for one dollar of the price, times nine: of what is paid by the hour a
 * millisecond costs a 3 600 000th, which no decimal number is.
 */
const NINTHS = 9n
const PER_TOKEN = whole(PER_UNIT * NINTHS, 6)
const PER_DOLLAR = whole(PER_UNIT * NINTHS, 0)
const PER_PIECE: Readonly<Record<Fee, Decimal>> = {
  per_second: whole(PER_UNIT * NINTHS, 3),
  per_hour: whole((PER_UNIT * NINTHS) / 36n, 5),
  per_image: PER_DOLLAR,
  per_search: PER_DOLLAR,
  per_file_search: PER_DOLLAR,
  per_code_run: PER_DOLLAR,
}

function servicesOf(price: ModelPrice, ratio: string | number): CompiledPrice['services'] {
  const { service } = price
  if (service === undefined) return undefined
  const compiled = SERVICE_TIERS.flatMap((name) => {
    const own = service[name]
    return own === undefined ? [] : [[name, compilePrice(servedPrice(price, own), ratio)] as const]
  })
  return compiled.length === 0 ? undefined : new Map(compiled)
}

function sizesOf(price: ModelPrice, ratio: string | number): CompiledPrice['sizes'] {
  const { sizes, ...usual } = price
  if (sizes === undefined) return undefined
  return new Map(
    Object.entries(sizes).map(([size, own]) => [size, compilePrice({ ...usual, ...own }, ratio)]),
  )
}

/** A tier of service as a price of its own. */
const servedPrice = (
  price: ModelPrice,
  own: NonNullable<NonNullable<ModelPrice['service']>[ServiceTier]>,
): ModelPrice => ({ ...price, tiers: undefined, ...own, service: undefined, sizes: undefined })

function decimalOf(field: string, written: string | number): Decimal {
  const decimal = parseDecimal(written)
  if (!decimal) throw new RangeError(`${field} is not a decimal number of 0 or more: ${written}`)
  return decimal
}

type Named = Pick<CompiledPrice, 'price' | 'ratio' | 'leastSeconds' | 'services' | 'sizes'>

function reduced(
  named: Named,
  rows: readonly { readonly above: number; readonly weights: readonly Decimal[] }[],
  perRequest: Decimal,
): CompiledPrice {
  const all = [perRequest, ...rows.flatMap((row) => row.weights)]
  const scale = Math.max(...all.map((weight) => weight.scale))
  const over = 10n ** BigInt(scale) * NINTHS
  const divisor = all.reduce((found, weight) => commonDivisor(found, atScale(weight, scale)), over)
  const integer = (weight: Decimal) => atScale(weight, scale) / divisor
  const denominator = over / divisor
  return {
    ...named,
    denominator,
    columns: rows.map(({ above, weights }) => {
      const exact = weights.map(integer)
      return { above, exact, fast: exact.map(Number), dearest: dearestOf(exact) }
    }),
    perRequest: integer(perRequest),
    fast: { denominator: Number(denominator), perRequest: Number(integer(perRequest)) },
  }
}

/** The column that a call with so much input is charged by. */
export function columnFor(price: CompiledPrice, prompt: number): Column {
  const { columns } = price
  let at = columns.length - 1
  while (at > 0 && prompt <= (columns[at] as Column).above) at--
  return columns[at] as Column
}

/** What holds for the tier of service that a call was served with. */
export const pricedFor = (price: CompiledPrice, service: ServiceTier | undefined): CompiledPrice =>
  service === undefined ? price : (price.services?.get(service) ?? price)

/** What holds for videos of a size. */
export const pricedForSize = (price: CompiledPrice, size: string | undefined): CompiledPrice =>
  size === undefined ? price : (price.sizes?.get(size) ?? price)

/** What a call costs: exact, rounded up once, at most what any balance can hold. */
export function cost(price: CompiledPrice, usage: Usage): Units {
  const served = pricedFor(price, usage.service)
  return total(served, columnFor(served, usage.prompt), amountsOf(usage, served.leastSeconds))
}

/** The sum over the kinds, divided once. Also for callers that bring their own amounts. */
export function total(price: CompiledPrice, column: Column, amounts: readonly number[]): Units {
  const { denominator, perRequest } = price.fast
  let sum = perRequest
  for (let kind = 0; kind < amounts.length; kind++)
    sum += (amounts[kind] as number) * (column.fast[kind] as number)
  // Nothing here is negative and rounding is monotone: a float sum below 2^53 proves that every product and partial
  // sum was below it too, hence exact. Weights and denominators that are not exact as floats are too large to pass.
  if (sum < Number.MAX_SAFE_INTEGER && denominator < Number.MAX_SAFE_INTEGER) {
    const rest = sum % denominator
    return capped((sum - rest) / denominator + (rest > 0 ? 1 : 0))
  }
  const exact = amounts.reduce(
    (found, count, kind) => found + BigInt(count) * (column.exact[kind] as bigint),
    price.perRequest,
  )
  return capped(Number((exact + price.denominator - 1n) / price.denominator))
}

/** No balance holds more, so nothing more can be charged or missed. */
const capped = (amount: number): Units => units(Math.min(amount, MOST_UNITS))
