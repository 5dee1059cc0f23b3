import {
  calcPrice,
  type ModelPrice as ListedPrice,
  type ModelInfo,
  type Provider,
  waitForUpdate,
} from '@pydantic/genai-prices'
import { beforeAll, expect, test } from 'vitest'
import { parseDecimal } from '../../src/prices/decimal.ts'
import { LEFT_OUT } from '../../src/prices/own-models.ts'
import { compilePrice, cost } from '../../src/prices/price.ts'
import { toModelPrice } from '../../src/prices/to-model-price.ts'
import type { Usage } from '../../src/usage/usage.ts'
import { createRandom } from '../simulation/random.ts'

/**
 * Our cost beside the calculation of the library that the catalogue comes from. It adds floats; so it is asked about
 * prices and amounts with which all of its sums are whole numbers below 2^53, and therefore exact: the real prices times a
 * factor that makes them, and each of its divisions, whole. What it says is then divided by that factor as a fraction.
 */

const USAGES_A_PRICE = 8
/** Prices have up to six decimals. */
const MOST_FACTOR = 10n ** 13n
const SEED = Number(process.env.TURNPIKE_SEED ?? Math.floor(Math.random() * 2 ** 31))

interface Listed {
  readonly provider: Provider
  readonly model: ModelInfo
  readonly price: ListedPrice
}

let all: readonly Listed[] = []
beforeAll(async () => {
  const providers = (await waitForUpdate()) ?? []
  all = providers.flatMap((provider) =>
    provider.models.flatMap((model) =>
      (Array.isArray(model.prices) ? model.prices.map(({ prices }) => prices) : [model.prices]).map(
        (price) => ({ provider, model, price }),
      ),
    ),
  )
})

/** Each price as the library holds it: one number, or one for each length of the input. */
const numbersOf = (price: ListedPrice): readonly number[] =>
  Object.values(price).flatMap((one) =>
    one === undefined
      ? []
      : typeof one === 'number'
        ? [one]
        : [one.base, ...one.tiers.map((tier) => tier.price)],
  )

/** What all prices are multiplied by: no decimals are left, nor any when a million, a thousand or an hour divides them. */
function factorOf(price: ListedPrice): bigint {
  const scale = Math.max(0, ...numbersOf(price).map((one) => parseDecimal(one)?.scale ?? 0))
  return 10n ** BigInt(scale) * (price.audio_hours === undefined ? 1_000_000n : 9_000_000n)
}

function scaled(price: ListedPrice, factor: bigint): ListedPrice {
  const whole = (one: number) => {
    const { digits, scale } = parseDecimal(one) as { digits: bigint; scale: number }
    return Number((digits * factor) / 10n ** BigInt(scale))
  }
  return Object.fromEntries(
    Object.entries(price).map(([key, one]) => [
      key,
      one === undefined || typeof one === 'number'
        ? one && whole(one)
        : {
            base: whole(one.base),
            tiers: one.tiers.map((tier) => ({ ...tier, price: whole(tier.price) })),
          },
    ]),
  ) as ListedPrice
}

/** Parts that exclude each other, in the library's words and in ours. */
function usageOf(random: ReturnType<typeof createRandom>, most: number) {
  const amount = () => (random.chance(0.4) ? 0 : random.whole(0, most))
  const [plain, out, reasoning, audioOut, imageOut, videoOut, citation] = Array.from(
    { length: 7 },
    amount,
  )
  const [read, readAudio, readImage, write, write1h, audio, image, video] = Array.from(
    { length: 8 },
    amount,
  )
  const n = (...parts: (number | undefined)[]) =>
    parts.reduce<number>((sum, one) => sum + (one ?? 0), 0)
  const [searches, fileSearches] = [random.whole(0, 50), random.whole(0, 50)]
  const seconds = random.chance(0.3) ? random.whole(0, 12) : random.whole(0, 5_000)
  const prompt = n(plain, read, readAudio, readImage, write, write1h, audio, image, video)
  const completion = n(out, reasoning, audioOut, imageOut, videoOut, citation)
  const theirs = {
    input_tokens: prompt,
    output_tokens: completion,
    cache_read_tokens: n(read, readAudio, readImage),
    cache_write_tokens: n(write, write1h),
    cache_write_1h_tokens: write1h,
    input_audio_tokens: n(audio, readAudio),
    input_image_tokens: n(image, readImage),
    input_video_tokens: video,
    cache_audio_read_tokens: readAudio,
    cache_image_read_tokens: readImage,
    output_reasoning_tokens: reasoning,
    output_audio_tokens: audioOut,
    output_image_tokens: imageOut,
    output_video_tokens: videoOut,
    output_citation_tokens: citation,
    web_searches: searches,
    storage_searches: fileSearches,
    audio_seconds: seconds,
    input_audio_seconds: seconds,
  }
  const ours: Usage = {
    prompt,
    completion,
    cached: theirs.cache_read_tokens,
    cacheWrite: n(write),
    cacheWrite1h: n(write1h),
    reasoning: n(reasoning),
    audioIn: theirs.input_audio_tokens,
    audioOut: n(audioOut),
    image: theirs.input_image_tokens,
    estimated: false,
    parts: {
      ...{ cachedAudio: n(readAudio), cachedImage: n(readImage), video: n(video) },
      ...{ imageOut: n(imageOut), videoOut: n(videoOut), citation: n(citation) },
    },
    ...{ searches, fileSearches, seconds },
  }
  return { theirs, ours }
}

/** Amounts with which nothing that the library adds reaches 2^53. */
function mostFor(price: ListedPrice, factor: bigint): number {
  const dearest = Math.max(...numbersOf(price)) * Number(factor)
  return Math.max(1, Math.min(400_000, Math.floor(2 ** 53 / (dearest * 16 + 1))))
}

test(`agrees with ours to the unit, for every model and price that it lists (TURNPIKE_SEED=${SEED})`, () => {
  const random = createRandom(SEED)
  const left: string[] = []
  let blurred = 0
  let compared = 0
  let long = 0
  for (const { provider, model, price } of all) {
    const own = toModelPrice(price)
    if (own === undefined) {
      // Of some it lists no price at all.
      if (Object.keys(price).length > 0) left.push(`${provider.id} ${model.id}`)
      continue
    }
    const { least_seconds } = LEFT_OUT.get(model.id) ?? {}
    const compiled = compilePrice({ ...own, least_seconds })
    const factor = factorOf(price)
    // Some hosts write what their floats made of a price, such as 0.18000000000000002: with so many digits nothing that
    // the library adds is exact, and what it says may lie on the other side of a whole unit.
    if (factor > MOST_FACTOR) {
      const { theirs, ours } = usageOf(random, 400_000)
      const only = { ...provider, models: [{ ...model, match: { equals: model.id } }] }
      const units = (calcPrice(theirs, model.id, { provider: only })?.total_price ?? 0) * 500_000
      const around = [Math.ceil(units * (1 - 1e-12)), Math.ceil(units * (1 + 1e-12))]
      expect(around, `${provider.id} ${model.id}`).toContain(cost(compiled, ours))
      blurred += 1
      continue
    }
    const only = {
      ...provider,
      models: [{ ...model, match: { equals: model.id }, prices: scaled(price, factor) }],
    }
    for (let nth = 0; nth < USAGES_A_PRICE; nth++) {
      const { theirs, ours } = usageOf(random, mostFor(price, factor))
      const said = calcPrice(theirs, model.id, { provider: only })
      if (said === null) throw new Error(`${provider.id} does not find its own ${model.id}`)
      const total = said.total_price
      expect(Number.isSafeInteger(total), `${provider.id} ${model.id}: ${total}`).toBe(true)
      const units = (BigInt(total) * 500_000n + factor - 1n) / factor
      const where = `${provider.id} ${model.id} ${JSON.stringify(theirs)}`
      expect(cost(compiled, ours), where).toBe(Number(units))
      compared += 1
      if (own.tiers?.some(({ above }) => ours.prompt > above)) long += 1
    }
  }
  // Paid by the page or by the message, of which nothing passes here; an update may list more.
  expect(
    left.every((name) => /ocr|voice/.test(name)),
    left.join(', '),
  ).toBe(true)
  expect(blurred).toBeLessThan(20)
  expect(compared).toBeGreaterThan(10_000)
  expect(long).toBeGreaterThan(50)
})
