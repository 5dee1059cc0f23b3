import { beforeAll, describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import { newCaller } from './callers.ts'

const gateway = await sharedGateway()
const masked = (key: string) => `${key.slice(0, 4)}**********${key.slice(-4)}`

describe('GET /api/token/', () => {
  const made: number[] = []
  beforeAll(async () => {
    for (let at = 0; at < 25; at++) made.unshift((await gateway.createKey({ name: `n${at}` })).id)
  })
  const list = (query = '') => gateway.manage('GET', `/api/token/${query}`)
  const idsOf = ({ items }: { items: { id: number }[] }) => items.map(({ id }) => id)

  it('lists newest first, 20 on the first page', async () => {
    const page = await list()
    expect(page).toMatchObject({ page: 1, page_size: 20, total: 25 })
    expect(idsOf(page)).toEqual(made.slice(0, 20))
    expect(page.items[0]).toEqual(await gateway.keyRecord(made[0] as number))
  })

  it.each([
    ['?p=0', [1, 20, 0, 20]],
    ['?p=2', [2, 20, 20, 25]],
    ['?p=3', [3, 20, 25, 25]],
    ['?p=2&page_size=10', [2, 10, 10, 20]],
    ['?ps=5', [1, 5, 0, 5]],
    ['?size=5&p=5', [5, 5, 20, 25]],
    ['?page_size=1000', [1, 100, 0, 25]],
    ['?page_size=0', [1, 20, 0, 20]],
    ['?p=&page_size=', [1, 20, 0, 20]],
  ])('%s', async (query, [number, size, from, until]) => {
    const page = await list(query)
    expect(page).toMatchObject({ page: number, page_size: size, total: 25 })
    expect(idsOf(page)).toEqual(made.slice(from, until))
  })

  it.each(['?p=-1', '?p=x', '?page_size=1.5', '?ps=1e3', '?size=99999999999999999999'])(
    'refuses %s',
    async (query) => {
      const answered = await gateway.api('GET', `/api/token/${query}`)
      expect([answered.status, answered.json.code]).toEqual([200, 'invalid_field'])
    },
  )

  it('counts and lists only keys that live', async () => {
    const { id } = await gateway.createKey()
    await gateway.manage('DELETE', `/api/token/${id}`)
    expect(idsOf(await list())).toEqual(made.slice(0, 20))
  })
})

describe('GET /api/token/search', () => {
  const search = async (query: Record<string, string>) => {
    const { items } = await gateway.manage('GET', `/api/token/search?${new URLSearchParams(query)}`)
    return items.map(({ name }: { name: string }) => name)
  }
  let key = ''
  beforeAll(async () => {
    for (const name of [
      'ÄPFEL',
      'Straße 100%',
      'under_score',
      'back\\slash',
      'underXscore',
      '100 x',
    ]) {
      key = (await gateway.createKey({ name })).key
    }
  })

  it.each([
    ['score', ['underXscore', 'under_score']],
    ['SCORE', ['underXscore', 'under_score']],
    ['under_', ['under_score']],
    ['100%', ['Straße 100%']],
    ['%', ['Straße 100%']],
    ['k\\s', ['back\\slash']],
    ['raße', ['Straße 100%']],
    ['Äpf', ['ÄPFEL']],
    ["' or 1=1 --", []],
  ])('by name: %j', async (keyword, names) => expect(await search({ keyword })).toEqual(names))

  it('by whole key, with and without sk-, and by its end', async () => {
    for (const token of [key, `sk-${key}`, key.slice(-4), key.slice(-5), key.slice(-30)]) {
      expect(await search({ token })).toEqual(['100 x'])
    }
  })

  it('not by its beginning, its middle, or an end that only looks like it', async () => {
    const wrong = key.at(-6) === 'a' ? 'b' : 'a'
    for (const token of [key.slice(0, 10), key.slice(5, 20), `${wrong}${key.slice(-5)}`]) {
      expect(await search({ token })).toEqual([])
    }
  })

  it('by both together, and by nothing like the list', async () => {
    expect(await search({ token: key.slice(-4), keyword: '100' })).toEqual(['100 x'])
    expect(await search({ token: key.slice(-4), keyword: 'score' })).toEqual([])
    expect(await search({ keyword: '', token: '' })).toHaveLength(20)
  })

  it('wants at least four characters of a key', async () => {
    const answered = await gateway.api('GET', '/api/token/search?token=abc')
    expect(answered.json).toMatchObject({ success: false, code: 'invalid_field' })
  })

  it('tells who may not read values nothing beyond what the mask shows', async () => {
    const reader = await newCaller(gateway, { scopes: ['keys:read', 'keys:write'] })
    const made = await reader.create()
    const wrong = made.key.at(-5) === 'a' ? 'b' : 'a'
    const right = await reader.search(made.key.slice(-5))
    expect(await reader.search(`${wrong}${made.key.slice(-4)}`)).toEqual(right)
    expect(right).toHaveLength(1)
  })
})

describe('GET /api/token/{id}', () => {
  it('knows only keys of the account, and answers alike for all others', async () => {
    const other = await newCaller(gateway)
    const { id } = await other.create()
    const answers = await Promise.all(
      [`/api/token/${id}`, '/api/token/999999', '/api/token/9007199254740991'].map((path) =>
        gateway.api('GET', path),
      ),
    )
    for (const { status, json } of answers) {
      expect(status).toBe(200)
      expect(json).toEqual({
        success: false,
        code: 'key_not_found',
        message: 'there is no such API key',
      })
    }
  })

  it.each(['x', '0', '-1', '1.5', '1e3'])('refuses the id %s', async (id) => {
    const answered = await gateway.api('GET', `/api/token/${id}`)
    expect([answered.status, answered.json.code]).toEqual([200, 'invalid_field'])
  })
})

describe('who may', () => {
  const attempts = [
    ['keys:read', 'GET', '/api/token/', undefined],
    ['keys:read', 'GET', '/api/token/1', undefined],
    ['keys:read', 'GET', '/api/token/search', undefined],
    ['keys:read', 'POST', '/api/token/1/check', {}],
    ['keys:write', 'POST', '/api/token/', {}],
    ['keys:write', 'PUT', '/api/token/', { id: 1 }],
    ['keys:write', 'DELETE', '/api/token/1', undefined],
    ['keys:write', 'POST', '/api/token/batch', { ids: [1] }],
    ['keys:write', 'POST', '/api/token/1/rotate', {}],
    ['keys:write', 'POST', '/api/token/1/quota', { delta: 1 }],
    ['keys:reveal', 'POST', '/api/token/1/key', {}],
  ] as const

  it('is decided by scopes: 403 names the one that is missing', async () => {
    const scopes = ['keys:read', 'keys:write', 'keys:reveal'] as const
    for (const held of scopes) {
      const caller = await newCaller(gateway, { scopes: [held] })
      for (const [wanted, method, path, body] of attempts) {
        const answered = await caller.api(method, path, body)
        if (wanted === held) expect(answered.status).toBe(200)
        else {
          expect([answered.status, answered.json.code]).toEqual([403, 'scope_missing'])
          expect(answered.json.message).toContain(wanted)
        }
      }
    }
  })

  it('is nobody without a token, or with an API key', async () => {
    const { key } = await gateway.createKey()
    for (const [, method, path, body] of attempts) {
      const none = await gateway.api(method, path, body, { authorization: '' })
      expect([none.status, none.json.code]).toEqual([401, 'pat_missing'])
      const wrong = await gateway.api(method, path, body, { authorization: `Bearer ${key}` })
      expect([wrong.status, wrong.json.code]).toEqual([401, 'pat_unknown'])
      expect(wrong.json.message).toContain('personal access token')
    }
  })

  it('reads masked values without keys:reveal, but sees those it makes', async () => {
    const caller = await newCaller(gateway, { scopes: ['keys:read', 'keys:write'] })
    const { id, key } = await caller.create()
    expect(key).toMatch(/^[A-Za-z0-9]{48}$/)
    for (const path of [`/api/token/${id}`, '/api/token/', '/api/token/search']) {
      const { text, headers } = await caller.api('GET', path)
      expect(text).toContain(masked(key))
      expect(text).not.toContain(key)
      expect(headers.get('cache-control')).not.toBe('no-store')
    }
    const put = await caller.api('PUT', '/api/token/', { id, key: masked(key), name: 'renamed' })
    expect(put.json.data).toMatchObject({ key: masked(key), name: 'renamed' })
    const rotated = await caller.api('POST', `/api/token/${id}/rotate`, {})
    expect(rotated.json.data.key).toMatch(/^[A-Za-z0-9]{48}$/)
    gateway.secret(rotated.json.data.key)
  })
})

describe('keys.reveal', () => {
  const set = (mode: string) => gateway.manage('PUT', '/api/setting/', { 'keys.reveal': mode })

  it('on-demand masks reads and reveals one by one, audited', async () => {
    const { id, key } = await gateway.createKey()
    await set('on-demand')
    expect((await gateway.keyRecord(id)).key).toBe(masked(key))
    const answered = await gateway.api('POST', `/api/token/${id}/key`)
    expect(answered.json.data).toEqual({ id, key })
    expect(answered.headers.get('cache-control')).toBe('no-store')
    const { items } = await gateway.manage('GET', '/api/audit/')
    expect(items[0]).toMatchObject({ action: 'key.reveal', subject: `key ${id}` })
    await set('always')
    expect((await gateway.keyRecord(id)).key).toBe(key)
  })

  it('never answers every creation with the key, and nothing afterwards', async () => {
    await set('never')
    const created = await gateway.api('POST', '/api/token/', { name: 'shown once' })
    const { id, key } = created.json.data
    gateway.secret(key)
    expect(created.headers.get('cache-control')).toBe('no-store')
    expect((await gateway.keyRecord(id)).key).toBe(masked(key))
    const revealed = await gateway.api('POST', `/api/token/${id}/key`)
    expect(revealed.json).toMatchObject({ success: false, code: 'key_not_stored' })
    await set('always')
    // It was stored nowhere, so no setting brings it back; but it is known.
    expect((await gateway.keyRecord(id)).key).toBe(masked(key))
    const found = await gateway.manage('GET', `/api/token/search?token=${key}`)
    expect(found.items).toMatchObject([{ id }])
  })
})
