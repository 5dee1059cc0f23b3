import { beforeAll, describe, expect, test } from 'vitest'
import { type Catalogue, loadCatalogue } from '../../src/prices/catalogue.ts'
import { compilePrice, cost } from '../../src/prices/price.ts'
import { NO_USAGE } from '../../src/usage/usage.ts'

const TODAY = Date.UTC(2026, 10, 23, 12)
let catalogue: Catalogue
beforeAll(async () => {
  catalogue = await loadCatalogue()
})

const found = (model: string, nowMs = TODAY) => catalogue.find(model, nowMs)

describe('the catalogue', () => {
  // Dollars per million tokens from the vendors' price pages, so that a wrong match shows.
  test.each([
    ['gpt-4o', '2.5', '10', '1.25'],
    ['gpt-4o-mini', '0.15', '0.6', '0.075'],
    ['gpt-4o-mini-2024-07-18', '0.15', '0.6', '0.075'],
    ['gpt-4.1', '2', '8', '0.5'],
    ['gpt-4.1-mini', '0.4', '1.6', '0.1'],
    ['o3', '2', '8', '0.5'],
    ['o4-mini', '1.1', '4.4', '0.275'],
    ['gpt-5', '1.25', '10', '0.125'],
    ['gpt-5-mini', '0.25', '2', '0.025'],
    ['claude-sonnet-4-5', '3', '15', '0.3'],
    ['claude-sonnet-4-5-20250929', '3', '15', '0.3'],
    ['claude-opus-4-1', '15', '75', '1.5'],
    ['claude-3-5-haiku-latest', '0.8', '4', '0.08'],
    ['gemini-2.5-pro', '1.25', '10', '0.125'],
    ['gemini-2.5-flash', '0.3', '2.5', '0.03'],
    ['openai/gpt-4o', '2.5', '10', '1.25'],
    ['anthropic/claude-sonnet-4-5', '3', '15', '0.3'],
    ['google/gemini-2.5-pro', '1.25', '10', '0.125'],
    ['models/gemini-2.5-pro', '1.25', '10', '0.125'],
    ['GPT-4o', '2.5', '10', '1.25'],
  ])('knows %s', (model, input, output, cacheRead) => {
    expect(found(model)?.price).toMatchObject({ input, output, cache_read: cacheRead })
  })

  test.each([
    'gpt-99',
    'claude',
    'my-model',
    'model-a',
    '',
    '/',
    'x/',
    'ft:gpt-4o:acme::1',
    'constructor',
  ])('says nothing of %j instead of guessing', (model) => {
    expect(found(model)).toBeUndefined()
  })

  test('writes to a cache at Anthropic cost more than input, for an hour more than for five minutes', () => {
    expect(found('claude-opus-4-1')?.price).toMatchObject({
      cache_write_5m: '18.75',
      cache_write_1h: '30',
    })
  })

  test('audio costs what audio costs, also where the library leaves it out', () => {
    expect(found('gpt-4o-audio-preview-2024-12-17')?.price).toMatchObject({
      input: '2.5',
      input_audio: '40',
    })
    expect(found('gpt-audio')?.price).toMatchObject({ input: '2.5', output_audio: '64' })
  })

  test('a price by the thousand requests becomes one by the request', () => {
    expect(found('sonar-pro')?.price).toMatchObject({ input: '3', per_request: '0.014' })
  })

  test('a long input changes the price of the whole call', () => {
    const price = compilePrice(found('gemini-2.5-pro')?.price ?? {})
    expect(cost(price, { ...NO_USAGE, prompt: 200_000 })).toBe(125_000)
    expect(cost(price, { ...NO_USAGE, prompt: 200_001 })).toBe(250_002)
  })

  test('follows prices that change with the date', () => {
    expect(found('o3', Date.UTC(2025, 4, 1))?.price.input).toBe('10')
    expect(found('o3', Date.UTC(2025, 6, 1))?.price.input).toBe('2')
    expect(found('o3', Date.UTC(2025, 4, 1))?.until).toBe(Date.UTC(2025, 5, 10))
    expect(found('o3')?.until).toBe(Number.POSITIVE_INFINITY)
  })

  test('the simulator costs something, so that a newcomer sees a charge', () => {
    const price = compilePrice(found('turnpike-simulator')?.price ?? {})
    expect(cost(price, { ...NO_USAGE, prompt: 20, completion: 100 })).toBe(32)
  })

  test('lists every model once, in order, each with a price that compiles', async () => {
    const listed = await catalogue.all(TODAY)
    const ids = listed.map((model) => model.id)
    expect(ids).toEqual([...new Set(ids)].sort())
    expect(ids).toEqual(
      expect.arrayContaining([
        'gpt-4o',
        'claude-sonnet-4-5',
        'gemini-2.5-pro',
        'turnpike-simulator',
      ]),
    )
    for (const model of listed) expect(() => compilePrice(model.price), model.id).not.toThrow()
  })

  test('a listed price is the price that is charged', async () => {
    const differing = (await catalogue.all(TODAY)).filter((listed) => {
      const charged = found(listed.id)
      return JSON.stringify(charged?.price) !== JSON.stringify(listed.price)
    })
    expect(differing.map((model) => model.id)).toEqual([])
  })

  test.each([
    ['gpt-4o', 16_384],
    ['openai/gpt-4o-mini', 16_384],
    ['o3', 100_000],
    ['claude-sonnet-4-20250514', 64_000],
    ['claude-sonnet-4-5', 64_000],
    ['claude-sonnet-4-6', 128_000],
    ['anthropic/claude-sonnet-4.6', 128_000],
    ['claude-opus-4-1-20250805', 32_000],
    ['claude-opus-4-7', 128_000],
    ['claude-opus-5-5', 128_000],
    ['claude-3-haiku-20240307', 4_096],
    ['gemini-2.5-pro', 65_536],
    ['gemini-2.5-flash-image', 32_768],
    ['gemini-3-pro-image-preview', 32_768],
    ['deepseek-v4-pro', 384_000],
    ['my-model', undefined],
  ])('knows that %s writes at most %s tokens', (model, limit) => {
    expect(catalogue.maxOutput(model)).toBe(limit)
  })
})
