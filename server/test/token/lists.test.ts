import { beforeAll, describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import { newCaller, type OtherCaller } from './callers.ts'

const gateway = await sharedGateway()
await gateway.manage('POST', '/api/group/', { name: 'vip' })
const HOUR = 3600
const nowSeconds = () => Math.floor(Date.now() / 1000)

describe('GET /api/token/search, filtered and sorted', () => {
  let caller: OtherCaller
  const found = async (query: Record<string, string>) => {
    const { json } = await caller.api('GET', `/api/token/search?${new URLSearchParams(query)}`)
    expect(json.data.total).toBe(json.data.items.length)
    return json.data.items.map(({ name }: { name: string }) => name).join(' ')
  }
  beforeAll(async () => {
    caller = await newCaller(gateway, { account: { groups: ['vip', 'auto'] } })
    await caller.create({ name: 'delta', remain_quota: 5, expired_time: nowSeconds() + HOUR })
    await caller.create({ name: 'Alpha', unlimited_quota: true, group: 'vip' })
    await caller.create({ name: 'charlie', remain_quota: 0, group: 'default' })
    await caller.create({ name: 'bravo', remain_quota: 9, expired_time: nowSeconds() - HOUR })
    const off = await caller.create({ name: 'echo', remain_quota: 7, group: 'auto' })
    await caller.api('PUT', '/api/token/', { id: off.id, status: 2 })
    const other = await newCaller(gateway)
    await other.create({ name: 'of another', group: 'default' })
  })

  it.each([
    [{ status: '1' }, 'Alpha delta'],
    [{ status: '2' }, 'echo'],
    [{ status: '3' }, 'bravo'],
    [{ status: '4' }, 'charlie'],
    [{ group: 'vip' }, 'Alpha'],
    // Their own group is that of the account.
    [{ group: 'default' }, 'bravo charlie delta'],
    [{ group: 'auto' }, 'echo'],
    [{ group: 'nobody' }, ''],
    [{ group: 'default', status: '1' }, 'delta'],
    [{ group: 'default', keyword: 'A' }, 'bravo charlie delta'],
    [{ keyword: 'lph', status: '1' }, 'Alpha'],
    [{ keyword: 'lph', status: '2' }, ''],
    [{ sort: 'created' }, 'echo bravo charlie Alpha delta'],
    [{ order: 'asc' }, 'delta Alpha charlie bravo echo'],
    [{ sort: 'name', order: 'asc' }, 'Alpha bravo charlie delta echo'],
    [{ sort: 'remaining' }, 'Alpha bravo echo delta charlie'],
    [{ sort: 'used' }, 'echo bravo charlie Alpha delta'],
    [{ sort: 'expires', order: 'asc' }, 'bravo delta echo charlie Alpha'],
    [{ sort: 'name', keyword: 'a' }, 'delta charlie bravo Alpha'],
    [{ group: '', keyword: '', sort: 'name' }, 'echo delta charlie bravo Alpha'],
  ])('%j', async (query, names) => expect(await found(query)).toBe(names))

  it('sorts all pages together', async () => {
    const pages = await Promise.all(
      [1, 2, 3].map((p) =>
        caller.api('GET', `/api/token/search?sort=name&order=asc&page_size=2&p=${p}`),
      ),
    )
    const names = pages.map(({ json }) => json.data.items.map((one: { name: string }) => one.name))
    expect(names).toEqual([['Alpha', 'bravo'], ['charlie', 'delta'], ['echo']])
    expect(pages.map(({ json }) => json.data.total)).toEqual([5, 5, 5])
  })

  it.each(['status=5', 'status=x', 'sort=key', 'order=up', "sort=name';--"])(
    'refuses %s',
    async (query) => {
      const { json } = await caller.api('GET', `/api/token/search?${query}`)
      expect(json).toMatchObject({ success: false, code: 'invalid_field' })
    },
  )
})

describe('PUT /api/token/batch', () => {
  it('disables and enables several keys, and says which it could not, and why', async () => {
    const caller = await newCaller(gateway)
    const other = await (await newCaller(gateway)).create()
    const one = await caller.create()
    const two = await caller.create()
    const empty = await caller.create({ remain_quota: 0 })
    const ids = [one.id, two.id, empty.id, other.id, two.id]
    const off = await caller.api('PUT', '/api/token/batch', { ids, status: 2 })
    const missing = { id: other.id, code: 'key_not_found', message: 'there is no such API key' }
    expect(off.json).toEqual({
      success: true,
      message: '',
      data: { changed: 3, refused: [missing] },
    })
    expect((await caller.api('GET', '/api/token/search?status=2')).json.data.total).toBe(3)
    const on = await caller.api('PUT', '/api/token/batch', { ids, status: 1 })
    expect(on.json.data.changed).toBe(2)
    expect(on.json.data.refused).toMatchObject([
      { id: empty.id, code: 'key_still_exhausted' },
      { id: other.id, code: 'key_not_found' },
    ])
    expect((await caller.api('GET', '/api/token/search?status=1')).json.data.total).toBe(2)
    const { items } = await gateway.manage('GET', '/api/audit/?page_size=5')
    expect(items.map(({ action }: { action: string }) => action)).toContain('key.update')
  })

  it.each([{ ids: [], status: 1 }, { ids: [1], status: 3 }, { ids: [1] }, { ids: [0], status: 1 }])(
    'refuses %j',
    async (body) => {
      const { json } = await gateway.api('PUT', '/api/token/batch', body)
      expect(json).toMatchObject({ success: false, code: 'invalid_field' })
    },
  )
})

describe('GET /api/user/self/address', () => {
  it('says the address that the gateway sees, whatever a stranger claims', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' }
    const { json } = await gateway.api('GET', '/api/user/self/address', undefined, headers)
    expect(json).toEqual({ success: true, message: '', data: { address: '127.0.0.1' } })
  })
})
