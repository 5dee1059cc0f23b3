import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MOST_UNITS } from '../../src/ledger/units.ts'
import { amountsOf } from '../../src/prices/amounts.ts'
import { boundOf, outputWithin } from '../../src/prices/bound.ts'
import type { ModelPrice } from '../../src/prices/kinds.ts'
import { compilePrice, cost } from '../../src/prices/price.ts'
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
  const { parts = {} } = usage
  const { cachedAudio = 0, cachedImage = 0, video = 0 } = parts
  const { imageOut = 0, videoOut = 0, citation = 0 } = parts
  const write5m = rates.cache_write_5m ?? rates.input
  const plainIn =
    usage.prompt -
    usage.cached -
    usage.cacheWrite -
    usage.cacheWrite1h -
    usage.audioIn -
    usage.image -
    video +
    cachedAudio +
    cachedImage
  const plainOut =
    usage.completion - usage.reasoning - usage.audioOut - imageOut - videoOut - citation
  const kinds: readonly (readonly [number, string | number | undefined])[] = [
    [plainIn, rates.input],
    [usage.cached - cachedAudio - cachedImage, rates.cache_read ?? rates.input],
    [usage.cacheWrite, write5m],
    [usage.cacheWrite1h, rates.cache_write_1h ?? write5m],
    [usage.audioIn - cachedAudio, rates.input_audio ?? rates.input],
    [usage.image - cachedImage, rates.image ?? rates.input],
    [cachedAudio, rates.cache_read_audio ?? rates.cache_read ?? rates.input_audio ?? rates.input],
    [cachedImage, rates.cache_read_image ?? rates.cache_read ?? rates.image ?? rates.input],
    [video, rates.input_video ?? rates.input],
    [imageOut, rates.output_image ?? rates.output],
    [videoOut, rates.output_video ?? rates.output],
    [citation, rates.citation ?? rates.output],
    [plainOut, rates.output],
    [usage.reasoning, rates.reasoning ?? rates.output],
    [usage.audioOut, rates.output_audio ?? rates.output],
  ]
  const pieces: readonly (readonly [number, string | number | undefined])[] = [
    [Math.round((usage.seconds ?? 0) * 3_600_000), price.per_second],
    [Math.round((usage.seconds ?? 0) * 1_000), price.per_hour],
    [(usage.images ?? 0) * 3_600_000, price.per_image],
    [(usage.searches ?? 0) * 3_600_000, price.per_search],
    [(usage.fileSearches ?? 0) * 3_600_000, price.per_file_search],
    [(usage.codeRuns ?? 0) * 3_600_000, price.per_code_run],
  ]
  const dollars = kinds.reduce<Fraction>(
    (sum, [tokens, rate]) => add(sum, multiply([BigInt(tokens), 1_000_000n], fraction(rate))),
    fraction(price.per_request),
  )
  const all = pieces.reduce<Fraction>(
    (sum, [amount, fee]) => add(sum, multiply([BigInt(amount), 3_600_000n], fraction(fee))),
    dollars,
  )
  return roundUp(multiply(multiply(all, fraction(ratio)), [500_000n, 1n]))
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
  cache_read_audio: sometimes,
  cache_read_image: sometimes,
  input_video: sometimes,
  output_image: sometimes,
  output_video: sometimes,
  citation: sometimes,
})
const fees = fc.record({
  per_second: sometimes,
  per_hour: sometimes,
  per_image: sometimes,
  per_search: sometimes,
  per_file_search: sometimes,
  per_code_run: sometimes,
})
const plainPrices: fc.Arbitrary<ModelPrice> = fc
  .tuple(
    fc.tuple(rates, fees).map(([perToken, perPiece]) => ({ ...perToken, ...perPiece })),
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
const prices: fc.Arbitrary<ModelPrice> = fc
  .tuple(plainPrices, fc.option(plainPrices, { nil: undefined }))
  .map(([price, priority]) => (priority ? { ...price, service: { priority } } : price))
const some = (max: number) => fc.option(fc.nat({ max }), { nil: undefined })
const pieces = fc.record({
  seconds: some(10_000_000).map((ms) => (ms === undefined ? undefined : ms / 1000)),
  images: some(10),
  searches: some(1_000),
  fileSearches: some(10),
  codeRuns: some(10),
})
const parts = fc.record({
  cachedAudio: tokens,
  cachedImage: tokens,
  video: tokens,
  imageOut: tokens,
  videoOut: tokens,
  citation: tokens,
})
const plainUsages: fc.Arbitrary<Usage> = fc
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
const usages: fc.Arbitrary<Usage> = fc
  .tuple(plainUsages, fc.option(parts, { nil: undefined }), fc.option(pieces, { nil: undefined }))
  .map(([usage, rare, counted]) => {
    if (rare === undefined) return { ...usage, ...counted }
    const { cachedAudio, cachedImage, video, imageOut, videoOut, citation } = rare
    return {
      ...usage,
      ...counted,
      prompt: usage.prompt + cachedAudio + cachedImage + video,
      completion: usage.completion + imageOut + videoOut + citation,
      cached: usage.cached + cachedAudio + cachedImage,
      audioIn: usage.audioIn + cachedAudio,
      image: usage.image + cachedImage,
      parts: rare,
    }
  })
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

  test('by the hour is exact, though a millisecond of it is no decimal number', () => {
    const price = compilePrice({ per_hour: '0.111', least_seconds: 10 })
    const charged = (seconds: number) => cost(price, { ...NO_USAGE, seconds })
    // 0.111 dollars are 55 500 units: 3 600 s of them, or the 154.17 of ten seconds.
    expect([3_600, 7_200, 10, 1, 0.001, 0].map(charged)).toEqual([
      55_500, 111_000, 155, 155, 155, 0,
    ])
    // A binary fraction's own error is no begun millisecond: 1.001 x 1000 is a little above 1001.
    expect(cost(compilePrice({ per_second: '2' }), { ...NO_USAGE, seconds: 1.001 })).toBe(1_001_000)
  })

  test('takes the rates of the tier of service that was served, with its own lengths', () => {
    const price = compilePrice({
      ...{ input: '2', output: '8', per_search: '0.01', tiers: [{ above: 10, input: '4' }] },
      service: {
        flex: { input: '1', tiers: [{ above: 100, input: '3' }] },
        priority: { output: '16' },
      },
    })
    const usage = { ...NO_USAGE, prompt: 50, completion: 10, searches: 1 }
    expect(cost(price, usage)).toBe(100 + 40 + 5_000)
    expect(cost(price, { ...usage, service: 'flex' })).toBe(25 + 40 + 5_000)
    expect(cost(price, { ...usage, prompt: 101, service: 'flex' })).toBe(152 + 40 + 5_000)
    expect(cost(price, { ...usage, service: 'priority' })).toBe(50 + 80 + 5_000)
    expect(cost(price, { ...usage, service: 'batch' })).toBe(100 + 40 + 5_000)
  })

  test('never charges a token twice when parts claim more than the whole', () => {
    fc.assert(
      fc.property(usages, tokens, tokens, (counted, prompt, completion) => {
        const {
          seconds: _s,
          images: _i,
          searches: _w,
          fileSearches: _f,
          codeRuns: _c,
          ...usage
        } = counted
        const byKind = amountsOf({ ...usage, prompt, completion })
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

describe('a bound', () => {
  test('is never below the cost of a call that keeps to it', () => {
    fc.assert(
      fc.property(prices, usages, fc.boolean(), (price, counted, isPrior) => {
        const compiled = compilePrice(price)
        const { seconds, images, searches, fileSearches, codeRuns } = counted
        const expected = {
          ...{ prompt: counted.prompt + 7, audio: true, cacheForHour: true },
          service: 'priority' as const,
          pieces: { seconds, images, searches, fileSearches, codeRuns },
        }
        const usage = isPrior ? { ...counted, service: 'priority' as const } : counted
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
        fc.record({
          pieces: fc.option(pieces, { nil: undefined }),
          service: fc.constantFrom(undefined, 'priority' as const),
        }),
        (price, prompt, available, asked) => {
          const compiled = compilePrice(price)
          const expected = { prompt, ...asked }
          const most = outputWithin(compiled, expected, available)
          if (most === undefined) {
            expect(boundOf(compiled, expected, 0)).toBeGreaterThan(available)
            return
          }
          expect(boundOf(compiled, expected, most)).toBeLessThanOrEqual(available)
          if (most < 2 ** 31 - 1)
            expect(boundOf(compiled, expected, most + 1)).toBeGreaterThan(available)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
