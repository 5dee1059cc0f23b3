import { describe, expect, it } from 'vitest'
import { EVENT_TYPES } from '../../src/events/catalogue.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { leaksInBytes } from '../tools/secrets.ts'
import { answersWith, isSignedBy, startReceiver } from './receiver.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })

async function create(fields: object): Promise<{ id: number; secret: string }> {
  const made = await gateway.manage('POST', '/api/webhook/', { name: 'one', ...fields })
  gateway.secret(made.secret)
  return made
}
const read = (id: number) => gateway.manage('GET', `/api/webhook/${id}`)
const test = (id: number) => gateway.manage('POST', `/api/webhook/${id}/test`, {})

describe('a webhook', () => {
  it('shows its secret once, and is read without it', async () => {
    const url = 'https://hooks.example.com/turnpike?to=me'
    const { json, headers } = await gateway.api('POST', '/api/webhook', { name: 'one', url })
    const { id, secret } = json.data
    gateway.secret(secret)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('location')).toBe(`/api/webhook/${id}`)
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    const record = await read(id)
    expect(record).toEqual({
      ...{ id, name: 'one', url, events: [], status: 1, former_secret_until: 0 },
      created_time: record.created_time,
    })
    expect((await gateway.manage('GET', '/api/webhook/')).items[0]).toEqual(record)
    const stored = await gateway.database.stored()
    const found = stored.flatMap(({ name, bytes }) => leaksInBytes(new Set([secret]), name, bytes))
    expect(found).toEqual([])
  })

  it('is changed, deleted and audited', async () => {
    const { id } = await create({ url: 'https://a.example', events: ['key.exhausted'] })
    const change = { url: 'https://b.example/x', events: ['account.low'], status: 2 }
    expect(await gateway.manage('PUT', `/api/webhook/${id}`, change)).toMatchObject({
      name: 'one',
      ...change,
    })
    await gateway.manage('DELETE', `/api/webhook/${id}`)
    for (const [method, path] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', ''],
      ['POST', '/test'],
      ['POST', '/rotate'],
      ['GET', '/deliveries'],
    ] as const) {
      const body = method === 'PUT' || method === 'POST' ? {} : undefined
      const { json } = await gateway.api(method, `/api/webhook/${id}${path}`, body)
      expect(json).toMatchObject({ success: false, code: 'not_found' })
    }
    const { items } = await gateway.manage('GET', `/api/audit/?subject=webhook%20${id}`)
    expect(items.map(({ action }: { action: string }) => action)).toEqual([
      'webhook.delete',
      'webhook.update',
      'webhook.create',
    ])
    expect(items[1]).toMatchObject({ before: { url: 'https://a.example' }, after: change })
  })

  it.each([
    [{ events: ['key.exhausted', 'key.stolen'] }, 'events[1] must be one of'],
    [{ events: ['webhook.test'] }, 'events[0] must be one of'],
    [{ events: ['key.exhausted', 'key.exhausted'] }, 'events holds key.exhausted twice'],
    [{ url: 'ftp://a.example' }, 'url must be a URL that begins with http:// or https://'],
    [{ url: 'a.example' }, 'url must be a URL that begins with http:// or https://'],
    [{ url: 'https://me:pass@a.example' }, 'url must not hold a user name or password'],
    [{ url: 'https://a.example/#x' }, 'url must not hold a fragment'],
    [{ url: 'http://169.254.169.254/latest' }, 'requests to 169.254.169.254 are not allowed'],
    [{ url: 'http://[fd00:ec2::254]/' }, 'are not allowed'],
    [{ url: 'http://2852039166/' }, 'requests to 169.254.169.254 are not allowed'],
    [{ name: '' }, 'name'],
    [{ status: 3 }, 'status'],
  ])('is not made of %j', async (fields, says) => {
    const sent = { name: 'one', url: 'https://a.example', ...fields }
    const { json } = await gateway.api('POST', '/api/webhook/', sent)
    expect(json).toMatchObject({ success: false, code: 'invalid_field' })
    expect(json.message).toContain(says)
    const { id } = await create({ url: 'https://a.example' })
    const changed = await gateway.api('PUT', `/api/webhook/${id}`, fields)
    expect(changed.json.message).toContain(says)
    await gateway.manage('DELETE', `/api/webhook/${id}`)
  })

  it('can ask for every kind of event', async () => {
    const { id } = await create({ url: 'https://a.example', events: EVENT_TYPES })
    expect((await read(id)).events).toEqual(EVENT_TYPES)
  })
})

describe('a test event', () => {
  it('is sent at once, and signed', async () => {
    const receiver = await startReceiver()
    const { id, secret } = await create({ url: receiver.url, events: ['account.low'], status: 2 })
    const answer = await test(id)
    expect(answer).toMatchObject({ ok: true, status: 204, message: '' })
    const [got] = await receiver.gets('webhook.test')
    if (got === undefined) throw new Error('nothing came')
    expect(got.path).toBe('/hook')
    expect(got.event).toEqual({
      id: got.headers['webhook-id'],
      type: 'webhook.test',
      created_at: got.event.created_at,
      data: { webhook_id: id },
    })
    expect(got.headers['content-type']).toBe('application/json')
    const age = Date.now() / 1000 - Number(got.headers['webhook-timestamp'])
    expect(Math.abs(age)).toBeLessThan(10)
    expect(await isSignedBy(secret, got)).toBe(true)
    expect(await isSignedBy(secret, { ...got, body: `${got.body} ` })).toBe(false)
  })

  it('is signed by both secrets for a day after a rotation', async () => {
    const receiver = await startReceiver()
    const { id, secret } = await create({ url: receiver.url })
    const { json, headers } = await gateway.api('POST', `/api/webhook/${id}/rotate`, {})
    const next = gateway.secret(json.data.secret)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(next).not.toBe(secret)
    await test(id)
    const [first] = receiver.got
    if (first === undefined) throw new Error('nothing came')
    expect(await isSignedBy(secret, first)).toBe(true)
    expect(await isSignedBy(next, first)).toBe(true)
    expect((await read(id)).former_secret_until).toBeGreaterThan(Date.now() / 1000 + 86_000)

    await gateway.database.tamper(`update webhook set former_until = 5 where id = ${id}`)
    expect((await read(id)).former_secret_until).toBe(0)
    await test(id)
    const second = receiver.got[1]
    if (second === undefined) throw new Error('nothing came')
    expect(await isSignedBy(secret, second)).toBe(false)
    expect(await isSignedBy(next, second)).toBe(true)
  })

  it('says what is wrong, and nothing of what the receiver said', async () => {
    const broken = await startReceiver(answersWith(500))
    const { id } = await create({ url: broken.url })
    expect(await test(id)).toEqual({
      ok: false,
      status: 500,
      latency_ms: expect.any(Number),
      message: 'the receiver answered 500',
    })
    const target = await startReceiver()
    const redirects = await startReceiver(answersWith(307, { location: target.url }))
    const led = await create({ url: redirects.url })
    expect(await test(led.id)).toMatchObject({ ok: false, status: 307 })
    expect(target.got).toEqual([])
    const nobody = await create({ url: 'http://127.0.0.1:1/' })
    expect(await test(nobody.id)).toMatchObject({ ok: false, status: 0 })
  })

  it('does not wait for an answer that never ends', async () => {
    const endless = await startReceiver((response) => {
      response.writeHead(200)
      const more = setInterval(() => response.write('x'.repeat(1000)), 5)
      response.on('close', () => clearInterval(more))
    })
    const { id } = await create({ url: endless.url })
    const started = Date.now()
    expect(await test(id)).toMatchObject({ ok: true, status: 200 })
    expect(Date.now() - started).toBeLessThan(2_000)
  })

  it('is not sent with a secret that was put into the row from elsewhere', async () => {
    const receiver = await startReceiver()
    const [one, other] = [await create({ url: receiver.url }), await create({ url: receiver.url })]
    const copy = `update webhook set secret = (select secret from webhook where id = ${other.id})`
    await gateway.database.tamper(`${copy} where id = ${one.id}`)
    const { json } = await gateway.api('POST', `/api/webhook/${one.id}/test`, {})
    expect(json.message).toContain('rotate it')
    expect(receiver.got).toEqual([])
    gateway.secret((await gateway.manage('POST', `/api/webhook/${one.id}/rotate`, {})).secret)
    const first = await gateway.api('POST', `/api/webhook/${one.id}/test`, {})
    // The former one, which does not open either, is still valid for a day.
    expect(first.json.success).toBe(false)
  })
})
