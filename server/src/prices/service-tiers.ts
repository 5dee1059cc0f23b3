import type { ServiceTier } from '../usage/usage.ts'
import { type Decimal, parseDecimal, times, writeDecimal } from './decimal.ts'
import { type ModelPrice, type RatesByLength, TOKEN_KINDS } from './kinds.ts'

/**
 * What tiers of service cost, of which the catalogue says nothing: as OpenAI, Anthropic and Google said in November 2026
 * (priority processing; batch and flex at half the price; data residency), and OpenRouter of Anthropic's fast mode. A tier
 * that is not listed here costs what the usual one does, unless an administrator sets more.
 */

/** OpenAI's priority processing: input, cached input, output, in dollars per million tokens. */
const OPENAI_PRIORITY: Readonly<Record<string, readonly [string, string, string]>> = {
  'gpt-5.5': ['12.5', '1.25', '75'],
  'gpt-5.4': ['5', '0.5', '30'],
  'gpt-5.4-mini': ['1.5', '0.15', '9'],
  'gpt-5.2': ['3.5', '0.35', '28'],
  'gpt-5.1': ['2.5', '0.25', '20'],
  'gpt-5.1-codex': ['2.5', '0.25', '20'],
  'gpt-5': ['2.5', '0.25', '20'],
  'gpt-5-codex': ['2.5', '0.25', '20'],
  'gpt-5-mini': ['0.45', '0.045', '3.6'],
  'gpt-4.1': ['3.5', '0.875', '14'],
}

/** Claude from Opus and Sonnet 4.6 on costs a tenth more where it must be computed in one country. */
const WITH_GEO = /^claude-(?:opus-4-[6-9]|sonnet-4-[6-9]|haiku-4-[6-9]|[a-z]+-[5-9])(?:-|$)/
/** Twice the price for two and a half times the speed. */
const WITH_FAST = /^claude-opus-5(?:-\d{8})?$/

const HALF = decimal('0.5')
const TENTH_MORE = decimal('1.1')
const TWICE = decimal('2')

/** The tiers that the catalogue's provider offers for one of its models; `undefined`: none. */
export function serviceTiers(
  provider: string,
  model: string,
  price: ModelPrice,
): ModelPrice['service'] {
  const tiers: { [name in ServiceTier]?: RatesByLength } = {}
  if (provider === 'openai') {
    tiers.flex = tiers.batch = scaled(price, HALF)
    const priority = OPENAI_PRIORITY[model]
    if (priority !== undefined) {
      const [input, cache_read, output] = priority
      tiers.priority = { input, cache_read, output }
    }
  } else if (provider === 'google') {
    tiers.flex = tiers.batch = scaled(price, HALF)
  } else if (provider === 'anthropic') {
    tiers.batch = scaled(price, HALF)
    const isFast = WITH_FAST.test(model)
    if (isFast) tiers.fast = scaled(price, TWICE)
    if (WITH_GEO.test(model)) {
      tiers.us = scaled(price, TENTH_MORE)
      if (isFast) tiers.fast_us = scaled(price, times(TWICE, TENTH_MORE))
    }
  } else return undefined
  return tiers
}

function decimal(written: string): Decimal {
  const read = parseDecimal(written)
  if (read === undefined) throw new RangeError(`${written} is no decimal number`)
  return read
}

/** All rates times a factor, exact. */
function scaled(price: RatesByLength, factor: Decimal): RatesByLength {
  const rates = Object.fromEntries(
    TOKEN_KINDS.flatMap((kind) => {
      const written = price[kind]
      if (written === undefined) return []
      return [[kind, writeDecimal(times(decimal(String(written)), factor))]]
    }),
  )
  const { tiers } = price
  if (tiers === undefined) return rates
  return {
    ...rates,
    tiers: tiers.map(({ above, ...longer }) => ({ above, ...scaled(longer, factor) })),
  }
}
