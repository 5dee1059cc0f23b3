import { MOST_UNITS, UNITS_PER_DOLLAR, type Units, units } from '../ledger/units.ts'
import type { Usage } from '../usage/usage.ts'
import { atScale, commonDivisor, type Decimal, parseDecimal, times } from './decimal.ts'

/** US dollars per million tokens, as decimal text or number. A kind left out costs what the kind it is part of costs. */
export interface Rates {
  readonly input?: string | number | undefined
  readonly output?: string | number | undefined
  readonly cache_read?: string | number | undefined
  readonly cache_write_5m?: string | number | undefined
  readonly cache_write_1h?: string | number | undefined
  readonly reasoning?: string | number | undefined
  readonly input_audio?: string | number | undefined
  readonly output_audio?: string | number | undefined
  /** Input tokens that stand for images. */
  readonly image?: string | number | undefined
}

/** What a model costs. `per_request` and `per_second` are US dollars, added to the tokens. */
export interface ModelPrice extends Rates {
  readonly per_request?: string | number | undefined
  readonly per_second?: string | number | undefined
  /** Prices of calls whose whole input is longer than `above` tokens; they then hold for every token of the call. */
  readonly tiers?: readonly (Rates & { readonly above: number })[] | undefined
}

/** The order of the weights below. Each kind excludes the others: their token counts add up to prompt + completion. */
export const TOKEN_KINDS = [
  'input',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  'input_audio',
  'image',
  'output',
  'reasoning',
  'output_audio',
] as const
export type TokenKind = (typeof TOKEN_KINDS)[number]

/** What a kind without a price of its own costs. */
const INSTEAD: Readonly<Record<TokenKind, TokenKind | undefined>> = {
  input: undefined,
  cache_read: 'input',
  cache_write_5m: 'input',
  cache_write_1h: 'cache_write_5m',
  input_audio: 'input',
  image: 'input',
  output: undefined,
  reasoning: 'output',
  output_audio: 'output',
}

/** One column of prices, as whole numbers: `weight / denominator` units a token. */
export interface Column {
  readonly above: number
  readonly exact: readonly bigint[]
  readonly fast: readonly number[]
}

/** A price made ready to multiply: whole weights over one denominator, so that a cost is a sum and one division. */
export interface CompiledPrice {
  readonly price: ModelPrice
  readonly ratio: string
  readonly denominator: bigint
  /** First the column for any length, then those for longer input, ascending. */
  readonly columns: readonly Column[]
  /** Of `per_request`, and of `per_second` for a thousandth of a second. */
  readonly perRequest: bigint
  readonly perMillisecond: bigint
  /** The same three as floats: made once, because every call takes them twice. */
  readonly fast: {
    readonly denominator: number
    readonly perRequest: number
    readonly perMillisecond: number
  }
}

/** @throws RangeError naming the field that is not a decimal number of 0 or more. */
export function compilePrice(price: ModelPrice, ratio: string | number = 1): CompiledPrice {
  const factor = decimalOf('ratio', ratio)
  // Dollars per million tokens x 500 000 units / 1 000 000 tokens, and dollars per call or millisecond in the same scale.
  const perToken = (field: string, written: string | number | undefined) =>
    times(times(decimalOf(field, written ?? 0), factor), {
      digits: BigInt(UNITS_PER_DOLLAR),
      scale: 6,
    })
  const perDollar = (field: string, written: string | number | undefined, scale: number) =>
    times(times(decimalOf(field, written ?? 0), factor), {
      digits: BigInt(UNITS_PER_DOLLAR),
      scale,
    })

  const tiers = [...(price.tiers ?? [])].sort((a, b) => a.above - b.above)
  const rows = [
    { above: -1, rates: price as Rates },
    ...tiers.map((tier) => ({ above: tier.above, rates: { ...price, ...tier } })),
  ]
  const filled = rows.map(({ above, rates }) => ({
    above,
    weights: TOKEN_KINDS.map((kind) => perToken(kind, rateOf(rates, kind))),
  }))
  const perRequest = perDollar('per_request', price.per_request, 0)
  const perMillisecond = perDollar('per_second', price.per_second, 3)
  return reduced({ price, ratio: String(ratio) }, filled, perRequest, perMillisecond)
}

function decimalOf(field: string, written: string | number): Decimal {
  const decimal = parseDecimal(written)
  if (!decimal) throw new RangeError(`${field} is not a decimal number of 0 or more: ${written}`)
  return decimal
}

/** The rate that counts for a kind: its own, else that of the kind it is part of. */
export function rateOf(rates: Rates, kind: TokenKind): string | number | undefined {
  const instead = INSTEAD[kind]
  return rates[kind] ?? (instead === undefined ? undefined : rateOf(rates, instead))
}

function reduced(
  named: Pick<CompiledPrice, 'price' | 'ratio'>,
  rows: readonly { readonly above: number; readonly weights: readonly Decimal[] }[],
  perRequest: Decimal,
  perMillisecond: Decimal,
): CompiledPrice {
  const all = [perRequest, perMillisecond, ...rows.flatMap((row) => row.weights)]
  const scale = Math.max(...all.map((weight) => weight.scale))
  const divisor = all.reduce(
    (found, weight) => commonDivisor(found, atScale(weight, scale)),
    10n ** BigInt(scale),
  )
  const whole = (weight: Decimal) => atScale(weight, scale) / divisor
  const denominator = 10n ** BigInt(scale) / divisor
  return {
    ...named,
    denominator,
    columns: rows.map(({ above, weights }) => ({
      above,
      exact: weights.map(whole),
      fast: weights.map((weight) => Number(whole(weight))),
    })),
    perRequest: whole(perRequest),
    perMillisecond: whole(perMillisecond),
    fast: {
      denominator: Number(denominator),
      perRequest: Number(whole(perRequest)),
      perMillisecond: Number(whole(perMillisecond)),
    },
  }
}

/** The column that a call with so much input is charged by. */
export function columnFor(price: CompiledPrice, prompt: number): Column {
  const { columns } = price
  let at = columns.length - 1
  while (at > 0 && prompt <= (columns[at] as Column).above) at--
  return columns[at] as Column
}

/**
 * Tokens of each kind, in the order of TOKEN_KINDS. Parts that claim more than the whole are cut to it, so that no
 * token is charged twice whatever an upstream reports.
 */
export function tokensByKind(usage: Usage): number[] {
  let input = usage.prompt
  let output = usage.completion
  const fromInput = (part: number) => {
    const taken = Math.min(part, input)
    input -= taken
    return taken
  }
  const fromOutput = (part: number) => {
    const taken = Math.min(part, output)
    output -= taken
    return taken
  }
  const cached = fromInput(usage.cached)
  const write = fromInput(usage.cacheWrite)
  const write1h = fromInput(usage.cacheWrite1h)
  const audioIn = fromInput(usage.audioIn)
  const image = fromInput(usage.image)
  const audioOut = fromOutput(usage.audioOut)
  const reasoning = fromOutput(usage.reasoning)
  return [input, cached, write, write1h, audioIn, image, output, reasoning, audioOut]
}

/** What a call costs: exact, rounded up once, at most what any balance can hold. */
export function cost(price: CompiledPrice, usage: Usage): Units {
  return total(
    price,
    columnFor(price, usage.prompt),
    tokensByKind(usage),
    Math.ceil((usage.seconds ?? 0) * 1000),
  )
}

/** The sum over the kinds, divided once. Also for callers that bring their own token counts. */
export function total(
  price: CompiledPrice,
  column: Column,
  tokens: readonly number[],
  milliseconds: number,
): Units {
  const { denominator, perRequest, perMillisecond } = price.fast
  let sum = perRequest + perMillisecond * milliseconds
  for (let kind = 0; kind < tokens.length; kind++)
    sum += (tokens[kind] as number) * (column.fast[kind] as number)
  // Nothing here is negative and rounding is monotone: a float sum below 2^53 proves that every product and partial
  // sum was below it too, hence exact. Weights and denominators that are not exact as floats are too large to pass.
  if (sum < Number.MAX_SAFE_INTEGER && denominator < Number.MAX_SAFE_INTEGER) {
    const rest = sum % denominator
    return capped((sum - rest) / denominator + (rest > 0 ? 1 : 0))
  }
  const exact = tokens.reduce(
    (found, count, kind) => found + BigInt(count) * (column.exact[kind] as bigint),
    price.perRequest + price.perMillisecond * BigInt(milliseconds),
  )
  return capped(Number((exact + price.denominator - 1n) / price.denominator))
}

/** No balance holds more, so nothing more can be charged or missed. */
const capped = (amount: number): Units => units(Math.min(amount, MOST_UNITS))
