import { UNITS_PER_DOLLAR } from '../ledger/units.ts'
import type { Usage } from '../usage/usage.ts'
import { amountsOf } from './amounts.ts'
import { type Decimal, parseDecimal, times, writeDecimal } from './decimal.ts'
import { FEES, type Fee, rateOf, TOKEN_KINDS } from './kinds.ts'
import { type CompiledPrice, columnFor, cost, pricedFor } from './price.ts'

/** One line of a computation. `units` is exact; `computation` says it in words. */
export interface QuoteLine {
  readonly kind: string
  readonly amount: number
  readonly price: string
  readonly units: string
  readonly computation: string
}

export interface Quote {
  readonly lines: readonly QuoteLine[]
  /** The sum of the lines, before it is rounded up: a decimal number, or a fraction such as `50/9`. */
  readonly exact_units: string
  readonly quota: number
  readonly usd: string
}

/** What is multiplied, as people read it. */
interface Counted {
  readonly kind: string
  readonly amount: Decimal
  readonly price: string | number
  /** The price is for so many. */
  readonly per: number
}

/** What a piece of each fee is called. */
const PIECES: Readonly<Record<Fee, string>> = {
  per_second: 'second',
  per_hour: 'hour',
  per_image: 'produced_image',
  per_search: 'search',
  per_file_search: 'file_search',
  per_code_run: 'code_run',
}

/** Shows what a call costs, line by line, in the same order and arithmetic as it is charged. */
export function quote(price: CompiledPrice, usage: Usage): Quote {
  const counted = countedIn(pricedFor(price, usage.service), usage)
  const ratio = decimalOf(price.ratio)
  const exact = counted.map(({ amount, price: written, per }) => {
    const { digits, scale } = times(times(amount, decimalOf(written)), ratio)
    return fraction(digits * BigInt(UNITS_PER_DOLLAR), 10n ** BigInt(scale) * BigInt(per))
  })
  const lines = counted.map(({ kind, amount, price: written, per }, at): QuoteLine => {
    const units = writeFraction(exact[at] as Fraction)
    const one = per === 1 ? `$${written}` : `$${written} / ${per}`
    const computation = `${writeDecimal(amount)} x ${one} x ratio ${price.ratio} x ${UNITS_PER_DOLLAR} = ${units} units`
    return {
      kind,
      amount: Number(writeDecimal(amount)),
      price: String(written),
      units,
      computation,
    }
  })
  const quota = cost(price, usage)
  return {
    lines,
    exact_units: writeFraction(exact.reduce(sum, fraction(0n, 1n))),
    quota,
    usd: writeDecimal({ digits: BigInt(quota) * 2n, scale: 6 }),
  }
}

function countedIn(served: CompiledPrice, usage: Usage): readonly Counted[] {
  const { above } = columnFor(served, usage.prompt)
  const tier = served.price.tiers?.find((one) => one.above === above)
  const rates = { ...served.price, ...tier }
  const amounts = amountsOf(usage, served.leastSeconds)
  const tokens = TOKEN_KINDS.flatMap((kind, place): Counted[] => {
    const amount = amounts[place] ?? 0
    if (amount === 0) return []
    return [{ kind, amount: decimalOf(amount), price: rateOf(rates, kind) ?? 0, per: 1_000_000 }]
  })
  const { per_request } = rates
  const request: readonly Counted[] =
    per_request === undefined
      ? []
      : [{ kind: 'request', amount: decimalOf(1), price: per_request, per: 1 }]
  const pieces = FEES.flatMap((fee, place): Counted[] => {
    const price = rates[fee]
    const amount = amounts[TOKEN_KINDS.length + place] ?? 0
    if (price === undefined || amount === 0) return []
    const isTime = fee === 'per_second' || fee === 'per_hour'
    const said = isTime ? { digits: BigInt(amount), scale: 3 } : decimalOf(amount)
    return [{ kind: PIECES[fee], amount: said, price, per: fee === 'per_hour' ? 3_600 : 1 }]
  })
  return [...tokens, ...request, ...pieces]
}

/** In lowest terms. */
interface Fraction {
  readonly top: bigint
  readonly bottom: bigint
}

function fraction(top: bigint, bottom: bigint): Fraction {
  let [a, b] = [top, bottom]
  while (b > 0n) [a, b] = [b, a % b]
  return a === 0n ? { top, bottom } : { top: top / a, bottom: bottom / a }
}

const sum = (a: Fraction, b: Fraction): Fraction =>
  fraction(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom)

/** As a decimal number where it is one. */
function writeFraction({ top, bottom }: Fraction): string {
  let scale = 0
  let [digits, rest] = [top, bottom]
  for (const factor of [10n, 5n, 2n]) {
    while (rest % factor === 0n) {
      rest /= factor
      digits *= 10n / factor
      scale += 1
    }
  }
  return rest === 1n ? writeDecimal({ digits, scale }) : `${top}/${bottom}`
}

/** What is in a compiled price was read once already. */
const decimalOf = (written: string | number): Decimal =>
  parseDecimal(written) ?? { digits: 0n, scale: 0 }
