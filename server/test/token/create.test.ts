import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import { newCaller } from './callers.ts'

const gateway = await sharedGateway()
await gateway.manage('POST', '/api/group/', { name: 'vip' })
const DONE = '{"success":true,"message":""}'
const REPRESENTATION = { prefer: 'return=representation' }
let names = 0
const newName = () => `created ${++names}`

async function named(name: string) {
  const found = await gateway.manage('GET', `/api/token/search?keyword=${encodeURIComponent(name)}`)
  return found.items as { id: number; key: string }[]
}

const create = (fields: object, headers: Record<string, string> = {}) =>
  gateway.api('POST', '/api/token/', fields, headers)

describe('creating a key', () => {
  it('answers with neither record nor key, but says where it is', async () => {
    const name = newName()
    const answered = await create({ name })
    expect(answered.status).toBe(200)
    expect(answered.text).toBe(DONE)
    const [key] = await named(name)
    expect(answered.headers.get('location')).toBe(`/api/token/${key?.id}`)
    expect(answered.text).not.toContain(key?.key)
  })

  it.each(['/api/token', '/api/token/', '//api/token//'])(
    'works at %s, without a redirect',
    async (path) => {
      const answered = await gateway.api('POST', path, { name: newName() })
      expect([answered.status, answered.text]).toEqual([200, DONE])
    },
  )

  it.each([
    'return=representation',
    'Return="representation"',
    'respond-async, return = representation; foo=1',
  ])('answers with the record when asked by %s', async (prefer) => {
    const name = newName()
    const answered = await create({ name, remain_quota: 7 }, { prefer })
    expect(answered.headers.get('cache-control')).toBe('no-store')
    expect(answered.headers.get('preference-applied')).toBe('return=representation')
    expect(answered.json).toEqual({
      success: true,
      message: '',
      data: await gateway.manage('GET', answered.headers.get('location') ?? ''),
    })
    expect(answered.json.data).toMatchObject({ name, remain_quota: 7, status: 1 })
  })

  it.each(['return=minimal', 'return=representational', 'noreturn=representation'])(
    'answers without it when asked by %s',
    async (prefer) => expect((await create({}, { prefer })).text).toBe(DONE),
  )

  it('makes a key that works at once', async () => {
    const model = await gateway.offer('created-model')
    const { key } = await gateway.createKey()
    const body = { model, messages: [{ role: 'user', content: 'Hello' }] }
    expect((await gateway.call(body, key)).status).toBe(200)
    expect((await gateway.call(body, `sk-${key}`)).status).toBe(200)
  })

  it('is in the books and in the audit log, without the value', async () => {
    const { id, key } = await gateway.createKey({ remain_quota: 42 })
    const { items } = await gateway.manage('GET', '/api/audit/')
    const deed = items.find((one: { subject: string }) => one.subject === `key ${id}`)
    expect(deed).toMatchObject({ action: 'key.create' })
    expect(JSON.stringify(items)).not.toContain(key)
  })
})

describe('Idempotency-Key', () => {
  it('creates once and answers the repeat as the first call', async () => {
    const name = newName()
    const headers = { 'idempotency-key': 'once', ...REPRESENTATION }
    const first = await create({ name, remain_quota: 9 }, headers)
    const again = await create({ name, remain_quota: 9 }, headers)
    expect(again.json).toEqual(first.json)
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    expect(again.headers.get('cache-control')).toBe('no-store')
    expect(await named(name)).toHaveLength(1)
    const bare = await create({ name, remain_quota: 9 }, { 'idempotency-key': 'once' })
    expect(bare.text).toBe(DONE)
  })

  it('is the same at both spellings of the path', async () => {
    const name = newName()
    const headers = { 'idempotency-key': 'spellings' }
    await gateway.api('POST', '/api/token', { name }, headers)
    await gateway.api('POST', '/api/token/', { name }, headers)
    expect(await named(name)).toHaveLength(1)
  })

  it('creates one key for twins that run at the same time', async () => {
    const name = newName()
    const headers = { 'idempotency-key': 'twins', ...REPRESENTATION }
    const answers = await Promise.all(Array.from({ length: 12 }, () => create({ name }, headers)))
    expect(new Set(answers.map(({ json }) => json.data.key)).size).toBe(1)
    expect(await named(name)).toHaveLength(1)
  })

  it('refuses another body under the same key, and creates nothing', async () => {
    const name = newName()
    await create({ name: newName() }, { 'idempotency-key': 'bodies' })
    const answered = await create({ name }, { 'idempotency-key': 'bodies' })
    expect([answered.status, answered.json.code]).toEqual([200, 'idempotency_conflict'])
    expect(await named(name)).toHaveLength(0)
  })

  it('does not remember failures', async () => {
    const name = newName()
    const headers = { 'idempotency-key': 'failures' }
    expect((await create({ name, group: 'vip' }, headers)).json.success).toBe(false)
    expect((await create({ name }, headers)).text).toBe(DONE)
    expect(await named(name)).toHaveLength(1)
  })

  it('is forgotten after a day', async () => {
    const name = newName()
    const headers = { 'idempotency-key': 'a day' }
    await create({ name }, headers)
    gateway.advance(24 * 60 * 60 - 10)
    await create({ name }, headers)
    expect(await named(name)).toHaveLength(1)
    gateway.advance(20)
    await create({ name }, headers)
    expect(await named(name)).toHaveLength(2)
  })

  it('answers a repeat although the key was deleted since', async () => {
    const headers = { 'idempotency-key': 'deleted', ...REPRESENTATION }
    const first = await create({ name: newName() }, headers)
    await gateway.manage('DELETE', `/api/token/${first.json.data.id}`)
    const again = await create({ name: first.json.data.name }, headers)
    expect([again.status, again.text]).toEqual([200, DONE])
  })

  it('answers a repeat although the account may not use the group any more', async () => {
    const other = await newCaller(gateway, { account: { groups: ['vip'] } })
    const headers = { 'idempotency-key': 'group', ...REPRESENTATION }
    const first = await other.api('POST', '/api/token/', { group: 'vip' }, headers)
    gateway.secret(first.json.data.key)
    await gateway.manage('PUT', `/api/user/${other.accountId}`, { groups: [] })
    const again = await other.api('POST', '/api/token/', { group: 'vip' }, headers)
    expect(again.json).toEqual(first.json)
  })

  it.each(['', 'x'.repeat(256)])('has 1 to 255 characters: not %j', async (key) => {
    const answered = await create({}, { 'idempotency-key': key })
    expect(answered.json).toMatchObject({ success: false, code: 'invalid_field' })
  })
})

describe('keys.max_per_account', () => {
  it('holds, however many are created at once', async () => {
    const { total } = await gateway.manage('GET', '/api/token/')
    await gateway.manage('PUT', '/api/setting/', { 'keys.max_per_account': total + 3 })
    const answers = await Promise.all(Array.from({ length: 10 }, () => create({})))
    const codes = answers.map(({ json }) => (json.success ? 'created' : json.code)).sort()
    expect(codes).toEqual([
      ...Array.from({ length: 3 }, () => 'created'),
      ...Array.from({ length: 7 }, () => 'too_many_keys'),
    ])
    expect((await gateway.manage('GET', '/api/token/')).total).toBe(total + 3)
    const location = answers.find(({ json }) => json.success)?.headers.get('location')
    await gateway.manage('DELETE', location ?? '')
    expect((await create({})).text).toBe(DONE)
    await gateway.manage('PUT', '/api/setting/', { 'keys.max_per_account': 1_000 })
  })
})
