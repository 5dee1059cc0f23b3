import { UNITS_PER_DOLLAR } from '../ledger/units.ts'
import type { Usage } from '../usage/usage.ts'
import { atScale, type Decimal, parseDecimal, times, writeDecimal } from './decimal.ts'
import { type CompiledPrice, columnFor, cost, rateOf, TOKEN_KINDS, tokensByKind } from './price.ts'

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
  /** The sum of the lines, before it is rounded up. */
  readonly exact_units: string
  readonly quota: number
  readonly usd: string
}

const PER_DOLLAR: Decimal = { digits: BigInt(UNITS_PER_DOLLAR), scale: 0 }
const PER_MILLION: Decimal = { digits: BigInt(UNITS_PER_DOLLAR), scale: 6 }
const NOTHING: Decimal = { digits: 0n, scale: 0 }

/** Shows what a call costs, line by line, in the same order and arithmetic as it is charged. */
export function quote(price: CompiledPrice, usage: Usage): Quote {
  const { above } = columnFor(price, usage.prompt)
  const tier = price.price.tiers?.find((one) => one.above === above)
  const rates = { ...price.price, ...tier }
  const tokens = tokensByKind(usage)
  const ratio = decimalOf(price.ratio)

  const exact: Decimal[] = []
  const line = (
    kind: string,
    amount: number,
    written: string | number,
    per: 'million' | 'one',
  ): QuoteLine => {
    const units = times(
      times(times(decimalOf(amount), decimalOf(written)), ratio),
      per === 'million' ? PER_MILLION : PER_DOLLAR,
    )
    exact.push(units)
    const one = per === 'million' ? `$${written} / 1000000` : `$${written}`
    const computation = `${amount} x ${one} x ratio ${price.ratio} x ${UNITS_PER_DOLLAR} = ${writeDecimal(units)} units`
    return { kind, amount, price: String(written), units: writeDecimal(units), computation }
  }

  const lines = TOKEN_KINDS.flatMap((kind, place) => {
    const amount = tokens[place] ?? 0
    return amount > 0 ? [line(kind, amount, rateOf(rates, kind) ?? 0, 'million')] : []
  })
  if (rates.per_request !== undefined) lines.push(line('request', 1, rates.per_request, 'one'))
  if (rates.per_second !== undefined) {
    lines.push(
      line('second', Math.ceil((usage.seconds ?? 0) * 1000) / 1000, rates.per_second, 'one'),
    )
  }
  const quota = cost(price, usage)
  return {
    lines,
    exact_units: writeDecimal(exact.reduce(sum, NOTHING)),
    quota,
    usd: writeDecimal({ digits: BigInt(quota) * 2n, scale: 6 }),
  }
}

function sum(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  return { digits: atScale(a, scale) + atScale(b, scale), scale }
}

/** What is in a compiled price was read once already. */
const decimalOf = (written: string | number): Decimal => parseDecimal(written) ?? NOTHING
