import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseCatalogue, readProviders } from '../../src/prices/read-catalogue.ts'
import { run, temporaryFolder } from '../cli/program.ts'
import { asking } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { api, manage } = gateway

const listed = (input: number, more: object = {}) => [
  {
    id: 'acme',
    name: 'Acme',
    api_pattern: 'https://api\\.acme\\.example',
    model_match: { starts_with: 'acme-' },
    models: [
      {
        id: 'acme-1',
        match: { equals: 'acme-1' },
        prices: [
          { prices: { input_mtok: 9_999 } },
          {
            constraint: { start_date: '2020-01-01' },
            prices: { input_mtok: input, output_mtok: 8 },
          },
        ],
        ...more,
      },
    ],
  },
]
const found = async (model: string) => (await api('GET', `/api/price/${model}`)).json

describe('a new catalogue', () => {
  test('counts from the next call on, in the place of the bundled one, until that is wanted again', async () => {
    const { key } = await gateway.createKey()
    await gateway.offer('acme-1', answers({ usage: { prompt: 1_000, completion: 10 } }), {
      price: null,
    })
    const call = async () => {
      const answered = await gateway.call(asking('acme-1'), key)
      return [answered.status, (await gateway.usageOf(answered.requestId))?.quota]
    }
    expect(await call()).toEqual([403, undefined])
    const counts = await manage('POST', '/api/price/catalogue', { providers: listed(2) })
    expect(counts).toEqual({ providers: 1, models: 1 })
    expect(await call()).toEqual([200, 1_000 + 40])
    await manage('POST', '/api/price/catalogue', { providers: listed(4) })
    expect(await call()).toEqual([200, 2_000 + 40])
    expect((await found('gpt-4o')).code).toBe('not_found')
    expect((await manage('GET', '/api/price/?source=catalogue')).total).toBe(2)

    await manage('PUT', '/api/price/acme-1', { input: '1', output: '0' })
    expect(await call()).toEqual([200, 500])
    await manage('DELETE', '/api/price/acme-1')

    await manage('POST', '/api/price/catalogue', { providers: null })
    expect(await call()).toEqual([403, undefined])
    expect((await found('gpt-4o')).data).toMatchObject({ input: '2.5', provider: 'openai' })
    const { items } = await manage('GET', '/api/audit/')
    expect(items[0]).toMatchObject({ action: 'price_catalogue.remove' })
  })

  test('may be longer than other bodies, and takes an administrator', async () => {
    const description = 'x'.repeat(200_000)
    const sent = { providers: listed(2, { description }) }
    expect((await api('POST', '/api/price/catalogue', sent)).json).toMatchObject({ success: true })
    await manage('POST', '/api/price/catalogue', { providers: null })
    const none = await api('POST', '/api/price/catalogue', sent, { authorization: '' })
    expect(none.status).toBe(401)
    const other = await api('POST', '/api/price/quote', {
      model: 'm',
      usage: {},
      more: description,
    })
    expect(other.status).toBe(413)
  })

  test.each([
    [[], 'a list of 1 to'],
    ['prices', 'a list of 1 to'],
    [[{}], 'a provider has no id'],
    [[{ id: 'a', models: [] }], 'provider a lacks'],
    [[{ id: 'a', api_pattern: '(', models: [] }], 'provider a lacks'],
    [[{ id: 'a', api_pattern: '.', models: [] }], '1 to 50000 models'],
    [listed(-1), 'acme acme-1'],
    [listed(Number.NaN), 'acme acme-1'],
    [listed(2, { match: { regex: '(' } }), 'no id or no match'],
    [listed(2, { prices: [] }), 'has no price'],
    [listed(2, { prices: [{ constraint: { start_date: 'soon' }, prices: {} }] }), "can't be read"],
    [
      listed(2, { prices: { input_mtok: { base: 1, tiers: [{ start: 0.5, price: 1 }] } } }),
      "can't be read",
    ],
  ])('%j is refused before it is kept', (list, says) => {
    expect(() => readProviders(list)).toThrow(says)
    expect(() => parseCatalogue(JSON.stringify(list))).toThrow(says)
  })
})

describe('turnpike prices', () => {
  const file = (text: string) => {
    const path = join(temporaryFolder(), 'prices.json')
    writeFileSync(path, text)
    return path
  }
  const running = { TURNPIKE_URL: gateway.url, TURNPIKE_TOKEN: gateway.adminToken }
  const turnpike = (...args: string[]) => run('turnpike.js', ['prices', ...args], running)

  test('takes a file to a running gateway, and the bundled prices back', async () => {
    const path = file(JSON.stringify(listed(3)))
    const updated = await turnpike('update', '--file', path)
    expect(updated).toEqual({ code: 0, out: `1 models of 1 providers, from ${path}.\n`, err: '' })
    expect((await found('acme-1')).data).toMatchObject({ input: '3', source: 'catalogue' })
    expect(await turnpike('reset')).toMatchObject({ code: 0 })
    expect((await found('acme-1')).code).toBe('not_found')
  })

  test('says what is wrong with a file, and changes nothing', async () => {
    for (const [text, says] of [
      ['{', 'it is not JSON'],
      ['[]', 'a list of 1 to'],
    ] as const) {
      const { code, err } = await turnpike('update', '--file', file(text))
      expect(code).toBe(1)
      expect(err).toContain(says)
    }
    const gone = await turnpike('update', '--file', '/nowhere/prices.json')
    expect(gone).toMatchObject({ code: 1, err: expect.stringContaining("can't be read") })
  })
})
