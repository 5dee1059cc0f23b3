import { calcPrice } from '@pydantic/genai-prices'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MOST_UNITS } from '../../src/ledger/units.ts'
import { boundOf, outputWithin } from '../../src/prices/bound.ts'
import { compilePrice, cost, type ModelPrice, tokensByKind } from '../../src/prices/price.ts'
import { toModelPrice } from '../../src/prices/to-model-price.ts'
import { NO_USAGE, type Usage, wholeTokens } from '../../src/usage/usage.ts'

/** A fraction of whole numbers, and the arithmetic of the contract done the long way: no weights, no tricks. */
type Fraction = readonly [bigint, bigint]
const add = (a: Fraction, b: Fraction): Fraction => [a[0] * b[1] + b[0] * a[1], a[1] * b[1]]
const multiply = (a: Fraction, b: Fraction): Fraction => [a[0] * b[0], a[1] * b[1]]
const roundUp = ([top, bottom]: Fraction) => (top + bottom - 1n) / bottom

function fraction(written: string | number | undefined): Fraction {
  const [mantissa = '0', exponent = '0'] = String(written ?? 0).split('e')
  const [whole = '0', decimals = ''] = mantissa.split('.')
  const value: Fraction = [BigInt(whole + decimals), 10n ** BigInt(decimals.length)]
  const power = Number(exponent)
  return power < 0
    ? [value[0], value[1] * 10n ** BigInt(-power)]
    : [value[0] * 10n ** BigInt(power), value[1]]
}

function longWay(price: ModelPrice, ratio: string, usage: Usage): bigint {
  const tier = [...(price.tiers ?? [])]
    .sort((a, b) => b.above - a.above)
    .find((one) => usage.prompt > one.above)
  const rates = { ...price, ...tier }
  const write5m = rates.cache_write_5m ?? rates.input
  const plainIn =
    usage.prompt -
    usage.cached -
    usage.cacheWrite -
    usage.cacheWrite1h -
    usage.audioIn -
    usage.image
  const plainOut = usage.completion - usage.reasoning - usage.audioOut
  const parts: readonly (readonly [number, string | number | undefined])[] = [
    [plainIn, rates.input],
    [usage.cached, rates.cache_read ?? rates.input],
    [usage.cacheWrite, write5m],
    [usage.cacheWrite1h, rates.cache_write_1h ?? write5m],
    [usage.audioIn, rates.input_audio ?? rates.input],
    [usage.image, rates.image ?? rates.input],
    [plainOut, rates.output],
    [usage.reasoning, rates.reasoning ?? rates.output],
    [usage.audioOut, rates.output_audio ?? rates.output],
  ]
  const dollars = parts.reduce<Fraction>(
    (sum, [tokens, rate]) => add(sum, multiply([BigInt(tokens), 1_000_000n], fraction(rate))),
    fraction(price.per_request),
  )
  return roundUp(multiply(multiply(dollars, fraction(ratio)), [500_000n, 1n]))
}

const dollars = fc
  .tuple(fc.nat({ max: 999_999 }), fc.integer({ min: 0, max: 6 }))
  .map(([digits, scale]) =>
    scale === 0
      ? `${digits}`
      : `${Math.floor(digits / 10 ** scale)}.${String(digits % 10 ** scale).padStart(scale, '0')}`,
  )
const sometimes = fc.option(dollars, { nil: undefined })
const rates = fc.record({
  input: dollars,
  output: dollars,
  cache_read: sometimes,
  cache_write_5m: sometimes,
  cache_write_1h: sometimes,
  reasoning: sometimes,
  input_audio: sometimes,
  output_audio: sometimes,
  image: sometimes,
})
const prices: fc.Arbitrary<ModelPrice> = fc
  .tuple(
    rates,
    sometimes,
    // Two tiers of one length contradict each other; the API refuses them.
    fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 300_000 }), rates), {
      maxLength: 2,
      selector: ([above]) => above,
    }),
  )
  .map(([base, perRequest, tiers]) => ({
    ...base,
    per_request: perRequest,
    tiers: tiers.map(([above, tier]) => ({ ...tier, above })),
  }))
const tokens = fc.oneof(
  fc.nat({ max: 2_000 }),
  fc.nat({ max: 500_000 }),
  fc.constant(0),
  fc.nat({ max: 2 ** 31 - 1 }),
)
const usages: fc.Arbitrary<Usage> = fc
  .tuple(tokens, tokens, tokens, tokens, tokens, tokens, tokens, tokens, tokens)
  .map(([plain, out, cached, cacheWrite, cacheWrite1h, audioIn, image, reasoning, audioOut]) => ({
    ...NO_USAGE,
    prompt: plain + cached + cacheWrite + cacheWrite1h + audioIn + image,
    completion: out + reasoning + audioOut,
    cached,
    cacheWrite,
    cacheWrite1h,
    audioIn,
    image,
    reasoning,
    audioOut,
  }))
const ratios = fc.constantFrom('1', '0.1', '1.15', '0.333333', '2.5', '0', '3')

describe('a cost', () => {
  test('is the exact rational sum, rounded up once', () => {
    fc.assert(
      fc.property(prices, ratios, usages, (price, ratio, usage) => {
        const exact = longWay(price, ratio, usage)
        const most = BigInt(MOST_UNITS)
        expect(BigInt(cost(compilePrice(price, ratio), usage))).toBe(exact < most ? exact : most)
      }),
      { numRuns: 5_000 },
    )
  })

  test('stays exact where floating point would not: an eight-digit price of a hundred million tokens', () => {
    const usage = { ...NO_USAGE, prompt: 99_999_999, completion: 99_999_999 }
    const price = { input: '0.12345678', output: '99.99999999' }
    expect(BigInt(cost(compilePrice(price, '1.00000001'), usage))).toBe(
      longWay(price, '1.00000001', usage),
    )
  })

  test('rounds a hundredth of a unit up to one, and nothing to nothing', () => {
    const price = compilePrice({ input: '0.02', output: '0' })
    expect(cost(price, { ...NO_USAGE, prompt: 1 })).toBe(1)
    expect(cost(price, { ...NO_USAGE, prompt: 100 })).toBe(1)
    expect(cost(price, { ...NO_USAGE, prompt: 101 })).toBe(2)
    expect(cost(price, NO_USAGE)).toBe(0)
  })

  test('takes prices by request and by second', () => {
    expect(cost(compilePrice({ per_request: '0.04' }), NO_USAGE)).toBe(20_000)
    expect(cost(compilePrice({ per_second: '0.0001' }), { ...NO_USAGE, seconds: 12.5 })).toBe(625)
  })

  test('never charges a token twice when parts claim more than the whole', () => {
    fc.assert(
      fc.property(usages, tokens, tokens, (usage, prompt, completion) => {
        const byKind = tokensByKind({ ...usage, prompt, completion })
        expect(byKind.reduce((sum, count) => sum + count, 0)).toBe(prompt + completion)
        expect(byKind.every((count) => count >= 0)).toBe(true)
      }),
    )
  })

  test('refuses prices that are not decimal numbers of 0 or more', () => {
    for (const wrong of [
      '-1',
      'NaN',
      '1,5',
      '',
      '0x10',
      '1e999',
      Number.NaN,
      -0.5,
      Number.POSITIVE_INFINITY,
    ]) {
      expect(() => compilePrice({ input: wrong }), String(wrong)).toThrow(RangeError)
    }
  })
})

describe('a figure that an upstream reports', () => {
  test('counts as a whole number of tokens, whatever it is', () => {
    const reported = [12, 12.2, -1, Number.NaN, '12', null, undefined, {}, 1e300]
    expect(reported.map(wholeTokens)).toEqual([12, 13, 0, 0, 0, 0, 0, 0, 1e12])
  })
})

describe('the library that the catalogue comes from', () => {
  const models = [
    'gpt-4o',
    'gpt-4o-mini',
    'gpt-4.1',
    'o3',
    'gpt-5',
    'claude-sonnet-4-5',
    'claude-opus-4-1',
    'gemini-2.5-pro',
    'grok-4',
  ]

  test.each(models)('agrees to the unit on %s', (model) => {
    fc.assert(
      fc.property(tokens, tokens, tokens, (plain, cached, completion) => {
        const usage = {
          input_tokens: plain + cached,
          cache_read_tokens: cached,
          output_tokens: completion,
        }
        const found = calcPrice(usage, model)
        const price = found && toModelPrice(found.model_price)
        if (!found || !price) throw new Error(`${model} is not in the catalogue`)
        // The library adds floats; where its sum lies within a millionth of a whole unit it can't say which it is.
        const theirs = found.total_price * 500_000
        const blur = Math.max(1e-6, theirs * 1e-12)
        const ours = cost(compilePrice(price), {
          ...NO_USAGE,
          prompt: plain + cached,
          cached,
          completion,
        })
        expect([Math.ceil(theirs - blur), Math.ceil(theirs + blur)]).toContain(ours)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('a bound', () => {
  test('is never below the cost of a call that keeps to it', () => {
    fc.assert(
      fc.property(prices, usages, (price, usage) => {
        const compiled = compilePrice(price)
        const expected = { prompt: usage.prompt + 7, audio: true, cacheForHour: true }
        const bound = boundOf(compiled, expected, usage.completion)
        expect(bound).toBeGreaterThanOrEqual(cost(compiled, usage))
      }),
      { numRuns: 2_000 },
    )
  })

  test('tells the most output that is affordable: that much fits, one more does not', () => {
    fc.assert(
      fc.property(
        prices,
        fc.nat({ max: 100_000 }),
        fc.nat({ max: 10_000_000 }),
        (price, prompt, available) => {
          const compiled = compilePrice(price)
          const most = outputWithin(compiled, { prompt }, available)
          if (most === undefined) {
            expect(boundOf(compiled, { prompt }, 0)).toBeGreaterThan(available)
            return
          }
          expect(boundOf(compiled, { prompt }, most)).toBeLessThanOrEqual(available)
          if (most < 2 ** 31 - 1)
            expect(boundOf(compiled, { prompt }, most + 1)).toBeGreaterThan(available)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
