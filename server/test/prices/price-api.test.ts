import { describe, expect, test } from 'vitest'
import { asking, readWhole } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { api, manage } = gateway

const priceOf = async (model: string) => (await api('GET', `/api/price/${model}`)).json

describe('a price that an administrator sets', () => {
  test('counts from the next call on, and the catalogue again when it is removed', async () => {
    const key = await gateway.createKey()
    await gateway.offer('gpt-4o', answers({ usage: { prompt: 1_000, completion: 100 } }), {
      price: null,
    })
    const charged = async () => {
      const answered = await gateway.call(asking('gpt-4o'), key.key)
      expect(answered.status).toBe(200)
      return (await gateway.usageOf(answered.requestId))?.quota
    }

    expect(await charged()).toBe(1_250 + 500)
    await manage('PUT', '/api/price/gpt-4o', { input: 1, output: '0.5' })
    expect(await charged()).toBe(500 + 25)
    await manage('PUT', '/api/price/gpt-4o', { per_request: '0.0001' })
    expect(await charged()).toBe(50)
    await manage('DELETE', '/api/price/gpt-4o')
    expect(await charged()).toBe(1_750)
  })

  test.each(['vendor/some-model', 'vendor%2Fsome-model', 'a%2Fb/c:d'])(
    'may be for an id like %s',
    async (path) => {
      const set = await manage('PUT', `/api/price/${path}`, {
        input: '2',
        output: '8',
        cache_read: '0.2',
      })
      expect(set).toMatchObject({ model: decodeURIComponent(path), source: 'override', input: '2' })
      expect((await priceOf(path)).data).toEqual(set)
      await manage('DELETE', `/api/price/${path}`)
      expect((await priceOf(path)).success).toBe(false)
    },
  )

  test.each([
    [{ input: -1 }, 'input'],
    [{ input: 'cheap' }, 'input'],
    [{ input: 1, output: true }, 'output'],
    [{ input: '1e9' }, 'input'],
    [{ input: '0.0000000000001' }, 'input'],
    [{ cached_read: 1 }, 'at least one'],
    [{}, 'at least one'],
    [{ input: 1, tiers: [{ above: 0, input: 2 }] }, 'tiers[0].above'],
    [
      {
        input: 1,
        tiers: [
          { above: 5, input: 2 },
          { above: 5, input: 3 },
        ],
      },
      'twice',
    ],
    [{ input: 1, tiers: [{ above: 5, input: 'x' }] }, 'tiers above 5'],
    [{ input: 1, service: { flex: { output: '-1' } } }, 'service.flex: output'],
    [{ service: { flex: { input: 1 } } }, 'at least one'],
    [{ per_second: 1, sizes: { '720P': { per_second: 1 } } }, 'sizes: write a size as'],
    [{ per_second: 1, sizes: { '1792x1024': { per_second: -1 } } }, 'sizes.1792x1024: per_second'],
  ])('%j is refused, naming what is wrong', async (body, named) => {
    const answered = await api('PUT', '/api/price/refused-model', body)
    expect(answered.status).toBe(200)
    expect(answered.json).toMatchObject({
      success: false,
      code: 'invalid_field',
      message: expect.stringContaining(named),
    })
    expect((await priceOf('refused-model')).code).toBe('not_found')
  })

  test('is for an id that a channel can have', async () => {
    for (const path of ['/api/price/%20', '/api/price/blank%20']) {
      expect((await api('PUT', path, { input: 1 })).json.code).toBe('invalid_field')
    }
  })

  test('is in the audit log, with what it was before', async () => {
    await manage('PUT', '/api/price/audited', { input: 1 })
    await manage('PUT', '/api/price/audited', { input: 2 })
    const { items } = await manage('GET', '/api/audit/')
    expect(items[0]).toMatchObject({ action: 'price.set', subject: 'price audited' })
    expect(JSON.stringify(items[0])).toMatch(/1.*2/)
  })

  test('takes an administrator', async () => {
    const user = await manage('POST', '/api/user/', { username: 'price-reader' })
    const token = await manage('POST', `/api/user/${user.id}/access_tokens`, { name: 'reads' })
    const authorization = gateway.secret(token.token)
    expect((await api('PUT', '/api/price/m', { input: 0 }, { authorization })).status).toBe(403)
    expect((await api('DELETE', '/api/price/m', undefined, { authorization })).status).toBe(403)
    expect((await api('GET', '/api/price/', undefined, { authorization })).json.success).toBe(true)
    expect((await api('PUT', '/api/price/m', { input: 0 }, { authorization: '' })).status).toBe(401)
  })

  test('is not there to be removed twice', async () => {
    expect((await api('DELETE', '/api/price/never-set')).json).toMatchObject({
      success: false,
      code: 'not_found',
    })
  })
})

describe('the list of prices', () => {
  test('has the overrides first, then the catalogue, and finds by part of the id', async () => {
    await manage('PUT', '/api/price/zz-own-model', { input: '3' })
    const all = await manage('GET', '/api/price/?page_size=100')
    expect(all.total).toBeGreaterThan(300)
    expect(all.items[0].source).toBe('override')
    const found = await manage('GET', '/api/price/?keyword=ZZ-own')
    expect(found.items).toEqual([
      expect.objectContaining({ model: 'zz-own-model', source: 'override', input: '3' }),
    ])
    const listed = await manage('GET', '/api/price/?keyword=gpt-4o-mini&source=catalogue')
    expect(listed.items).toContainEqual(
      expect.objectContaining({
        model: 'gpt-4o-mini',
        provider: 'openai',
        input: '0.15',
        max_output: 16_384,
        context_window: 128_000,
      }),
    )
    const second = await manage('GET', '/api/price/?p=2&page_size=1')
    expect(second.items).toEqual([all.items[1]])
  })
})

describe('a quote', () => {
  test('shows the computation line by line', async () => {
    const usage = { prompt_tokens: 1_001, completion_tokens: 3, cached_tokens: 1_000 }
    const quote = await manage('POST', '/api/price/quote', { model: 'gpt-4o', usage })
    expect(quote).toMatchObject({
      model: 'gpt-4o',
      group: 'default',
      source: 'catalogue',
      exact_units: '641.25',
      quota: 642,
      usd: '0.001284',
    })
    expect(quote.lines.map((line: { computation: string }) => line.computation)).toEqual([
      '1 x $2.5 / 1000000 x ratio 1 x 500000 = 1.25 units',
      '1000 x $1.25 / 1000000 x ratio 1 x 500000 = 625 units',
      '3 x $10 / 1000000 x ratio 1 x 500000 = 15 units',
    ])
  })

  test('shows what a video of a size costs', async () => {
    const price = { per_second: '0.3', sizes: { '1792x1024': { per_second: '0.5' } } }
    await gateway.manage('PUT', '/api/price/film', price)
    expect(await gateway.manage('GET', '/api/price/film')).toMatchObject(price)
    const quota = async (size?: string) =>
      (
        await gateway.manage('POST', '/api/price/quote', {
          model: 'film',
          usage: { seconds: 8, size },
        })
      ).quota
    expect([await quota(), await quota('1280x720'), await quota('1792x1024')]).toEqual([
      1_200_000, 1_200_000, 2_000_000,
    ])
  })

  test('shows pieces, lengths and tiers of service, also what is no decimal number', async () => {
    await manage('PUT', '/api/price/by-piece', {
      ...{ input: '2', per_request: '0.001', per_hour: '0.36', least_seconds: 10 },
      ...{ per_image: '0.04', per_search: '0.01', tiers: [{ above: 100, input: '4' }] },
      service: { flex: { input: '1', tiers: [{ above: 100, input: '3' }] } },
    })
    const usage = { prompt_tokens: 200, seconds: 10.25, images: 2, searches: 3, service: 'flex' }
    const quote = await manage('POST', '/api/price/quote', { model: 'by-piece', usage })
    expect(quote.lines.map((line: { computation: string }) => line.computation)).toEqual([
      '200 x $3 / 1000000 x ratio 1 x 500000 = 300 units',
      '1 x $0.001 x ratio 1 x 500000 = 500 units',
      '10.25 x $0.36 / 3600 x ratio 1 x 500000 = 512.5 units',
      '2 x $0.04 x ratio 1 x 500000 = 40000 units',
      '3 x $0.01 x ratio 1 x 500000 = 15000 units',
    ])
    expect(quote).toMatchObject({ exact_units: '56312.5', quota: 56_313 })
    const second = { model: 'by-piece', usage: { seconds: 3 } }
    expect(await manage('POST', '/api/price/quote', second)).toMatchObject({ quota: 1_000 })
    await manage('PUT', '/api/price/by-piece', { per_hour: '0.111' })
    const odd = await manage('POST', '/api/price/quote', second)
    expect(odd).toMatchObject({ exact_units: '46.25', quota: 47 })
    const third = { model: 'by-piece', usage: { seconds: 0.001 } }
    expect(await manage('POST', '/api/price/quote', third)).toMatchObject({
      ...{ exact_units: '37/2400', quota: 1 },
    })
  })

  test('is charged so', async () => {
    const key = await gateway.createKey()
    const model = await gateway.offer(
      'claude-sonnet-4-5',
      answers({ usage: { prompt: 777, completion: 333, cached: 111 } }),
      { price: null },
    )
    const answered = await gateway.call(asking(model), key.key)
    const quote = await manage('POST', '/api/price/quote', {
      model,
      usage: { prompt_tokens: 777, completion_tokens: 333, cached_tokens: 111 },
    })
    expect((await gateway.usageOf(answered.requestId))?.quota).toBe(quote.quota)
  })

  test('is not given for a model without a price, a group nobody has, or tokens below nothing', async () => {
    const ask = async (body: object) => (await api('POST', '/api/price/quote', body)).json.code
    expect(await ask({ model: 'no-such-model', usage: {} })).toBe('not_found')
    expect(await ask({ model: 'gpt-4o', usage: {}, group: 'no-such-group' })).toBe(
      'group_not_accessible',
    )
    expect(await ask({ model: 'gpt-4o', usage: { prompt_tokens: -1 } })).toBe('invalid_field')
    expect(await ask({ model: 'gpt-4o' })).toBe('invalid_field')
  })
})

describe('the public list of models', () => {
  test('says what is served and what it costs, to everybody', async () => {
    await gateway.offer('gpt-4.1', answers(), { price: null })
    await gateway.offer('unpriced-model', answers(), { price: null })
    const response = await fetch(`${gateway.url}/api/models`, {
      headers: { origin: 'https://elsewhere.example' },
    })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    const { json: listed } = await readWhole(response)
    expect(listed).toMatchObject({
      success: true,
      page: 0,
      page_size: 0,
      total: listed.data.length,
    })
    expect(listed.data).toContainEqual({
      id: 'gpt-4.1',
      provider: 'openai',
      model_type: 'text',
      features: ['text-to-text', 'image-to-text'],
      pricing: {
        currency: 'USD / M Tokens',
        input: 2,
        output: 8,
        per_request: null,
        per_second: null,
        ...{ cache_read: 0.5, per_search: 0.01, per_file_search: 0.0025 },
      },
      api_doc_url: '/docs',
    })
    const unpriced = listed.data.find((model: { id: string }) => model.id === 'unpriced-model')
    expect(unpriced.pricing).toMatchObject({ input: null, output: null })
  })

  test('says what each model is for, also under another name than its provider has', async () => {
    await gateway.offer('our-painter', answers(), {
      price: { input: '5', output: '40' },
      channel: { model_mapping: { 'our-painter': 'gpt-image-1' } },
    })
    await gateway.offer('our-vectors', answers(), { price: { input: '1' } })
    const { json: listed } = await readWhole(await fetch(`${gateway.url}/api/models`))
    const kindOf = (wanted: string) => {
      const found = listed.data.find(({ id }: { id: string }) => id === wanted)
      return [found.model_type, ...found.features]
    }
    expect(kindOf('our-painter')).toEqual(['image', 'text-to-image', 'image-to-image'])
    expect(kindOf('our-vectors')).toEqual(['embedding', 'text-to-embedding'])
  })
})
