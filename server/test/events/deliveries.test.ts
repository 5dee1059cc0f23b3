import { describe, expect, it } from 'vitest'
import { asking } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers } from '../tools/upstream-scripts.ts'
import { answersWith, hangs, isSignedBy, type Receiver, startReceiver } from './receiver.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
/** A call costs 50 units. */
const model = await gateway.offer('fifty', answers({ usage: { prompt: 10, completion: 10 } }))

async function tellTo(receiver: Receiver, fields: object = {}) {
  const sent = { name: 'test', url: receiver.url, events: ['key.exhausted'], ...fields }
  const made = await gateway.manage('POST', '/api/webhook/', sent)
  gateway.secret(made.secret)
  return made as { id: number; secret: string }
}

/** Makes one call that costs all that a new key has. */
async function exhaust(units = 50) {
  const key = await gateway.createKey({ name: 'spent 🌱', remain_quota: units })
  await spend(key)
  expect((await gateway.keyRecord(key.id)).remain_quota).toBe(0)
  return key
}
async function spend({ key }: { key: string }) {
  const { status, text } = await gateway.call(asking(model, { max_tokens: 10 }), key)
  expect(status, text).toBe(200)
}
/** Attempts that are noted as failed. */
const failures = (webhook: number) =>
  gateway.logs.filter((line) => {
    const { msg, webhook: whose } = JSON.parse(line)
    return whose === webhook && String(msg).includes('tried again')
  }).length
const deliveriesOf = async (id: number) =>
  (await gateway.manage('GET', `/api/webhook/${id}/deliveries`)).items

describe('an event', () => {
  it('is delivered once, signed, with facts, and said in the log', async () => {
    const receiver = await startReceiver()
    const { id, secret } = await tellTo(receiver)
    const key = await exhaust()
    const [got] = await receiver.gets('key.exhausted')
    if (got === undefined) throw new Error('nothing came')
    expect(got.event).toEqual({
      id: expect.stringMatching(/^evt_[\w-]{24}$/),
      type: 'key.exhausted',
      created_at: expect.any(Number),
      data: { key_id: key.id, key_name: 'spent 🌱', account_id: 1, username: 'admin' },
    })
    expect(got.headers['webhook-id']).toBe(got.event.id)
    expect(await isSignedBy(secret, got)).toBe(true)
    await expect.poll(() => deliveriesOf(id)).toMatchObject([{ state: 'delivered' }])
    expect(await deliveriesOf(id)).toEqual([
      {
        id: expect.any(Number),
        event_id: got.event.id,
        type: 'key.exhausted',
        created_at: got.event.created_at,
        ...{ state: 'delivered', attempts: 1, status: 204, message: '', next_attempt_at: 0 },
        attempted_at: expect.any(Number),
      },
    ])
    const lines = gateway.logs.filter((line) => line.includes(got.event.id))
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 40, event: 'key.exhausted', key_id: key.id },
      { level: 30, msg: 'an event was delivered' },
    ])
  })

  it('is told once for each time that a key is exhausted, not for each call that is refused', async () => {
    const receiver = await startReceiver()
    await tellTo(receiver)
    const key = await exhaust()
    await receiver.gets('key.exhausted')
    for (let n = 0; n < 3; n++) await gateway.call(asking(model), key.key)
    await gateway.manage('POST', `/api/token/${key.id}/quota`, { delta: 100 })
    await spend(key)
    await spend(key)
    await receiver.gets('key.exhausted', 2)
    // Long enough for rounds to look at the same books again.
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    expect(receiver.of('key.exhausted')).toHaveLength(2)
  })

  it('reaches those that asked for it, and no others', async () => {
    const [wants, all, others, off] = [
      await startReceiver(),
      await startReceiver(),
      await startReceiver(),
      await startReceiver(),
    ]
    await tellTo(wants, { events: ['account.low', 'key.exhausted'] })
    await tellTo(all, { events: [] })
    const { id } = await tellTo(others, { events: ['account.low'] })
    const disabled = await tellTo(off, { status: 2 })
    const key = await exhaust()
    const about = (receiver: Receiver) =>
      receiver.of('key.exhausted').filter(({ event }) => event.data.key_id === key.id)
    await expect.poll(() => about(wants).length, { timeout: 10_000 }).toBe(1)
    await expect.poll(() => about(all).length, { timeout: 10_000 }).toBe(1)
    expect(await deliveriesOf(id)).toEqual([])
    expect(await deliveriesOf(disabled.id)).toEqual([])
  })

  it('is sent again, with the same id, until it is accepted', { timeout: 60_000 }, async () => {
    const receiver = await startReceiver((response, n) =>
      answersWith(n <= 2 ? 500 : 200)(response, n),
    )
    const { id, secret } = await tellTo(receiver)
    await exhaust()
    await receiver.gets('key.exhausted')
    const state = async () => (await deliveriesOf(id))[0]
    await expect.poll(state).toMatchObject({
      ...{ state: 'waiting', attempts: 1, status: 500, message: 'the receiver answered 500' },
      next_attempt_at: expect.any(Number),
    })
    gateway.advance(6)
    await receiver.gets('key.exhausted', 2)
    await expect.poll(state).toMatchObject({ state: 'waiting', attempts: 2 })
    gateway.advance(37)
    await receiver.gets('key.exhausted', 3)
    await expect.poll(state).toMatchObject({ state: 'delivered', attempts: 3, status: 200 })
    const ids = receiver.got.map(({ headers }) => headers['webhook-id'])
    expect(new Set(ids).size).toBe(1)
    expect(new Set(receiver.got.map(({ body }) => body)).size).toBe(1)
    for (const got of receiver.got) expect(await isSignedBy(secret, got)).toBe(true)
  })

  it('is given up after a day of refusals, and shown so', { timeout: 60_000 }, async () => {
    const receiver = await startReceiver(answersWith(503))
    const { id } = await tellTo(receiver)
    await exhaust()
    for (let n = 1; n <= 10; n++) {
      await receiver.gets('key.exhausted', n)
      await expect.poll(() => failures(id)).toBe(n)
      await gateway.database.tamper(`update delivery set due_at_ms = 1 where state = 'waiting'`)
    }
    await receiver.gets('key.exhausted', 11)
    await expect
      .poll(() => deliveriesOf(id))
      .toMatchObject([{ state: 'given_up', attempts: 11, status: 503, next_attempt_at: 0 }])
    expect(gateway.logs.some((line) => line.includes('was given up'))).toBe(true)
    const path = `/api/webhook/${id}/deliveries?state=given_up`
    expect((await gateway.manage('GET', path)).total).toBe(1)
    expect((await gateway.manage('GET', path.replace('given_up', 'waiting'))).total).toBe(0)
  })

  it('reaches one receiver while another hangs', { timeout: 60_000 }, async () => {
    const [stuck, well] = [await startReceiver(hangs), await startReceiver()]
    const { id } = await tellTo(stuck)
    await tellTo(well)
    const keys = await Promise.all(Array.from({ length: 6 }, () => exhaust()))
    const about = () =>
      well.got.filter(({ event }) => keys.some((key) => key.id === event.data.key_id)).length
    await expect.poll(about, { timeout: 8_000 }).toBe(6)
    // It has its own places, and no more.
    expect(stuck.got.length).toBe(4)
    await expect
      .poll(
        async () => (await deliveriesOf(id)).map(({ message }: { message: string }) => message),
        {
          timeout: 15_000,
        },
      )
      .toContain('the receiver did not answer within 10 s')
    await gateway.manage('DELETE', `/api/webhook/${id}`)
    expect(await gateway.database.rows(`select id from delivery where webhook_id = ${id}`)).toEqual(
      [],
    )
  })
})

describe('what is looked for', () => {
  it('are budgets that are spent to a half, four fifths and all of it, each once', async () => {
    const receiver = await startReceiver()
    await tellTo(receiver, { events: ['budget.threshold'] })
    const budgets = [{ period: 'month', amount: 200, tz: 'Europe/Amsterdam' }]
    const key = await gateway.createKey({ unlimited_quota: true, budgets })
    await spend(key)
    await spend(key)
    const [half] = await receiver.gets('budget.threshold')
    expect(half?.event.data).toMatchObject({
      ...{ owner: 'key', owner_id: key.id, period: 'month', amount: 200 },
      ...{ threshold: 50, used: 100, resets_at: expect.stringMatching(/-01T00:00:00\+0[12]:00$/) },
    })
    await spend(key)
    await spend(key)
    const told = await receiver.gets('budget.threshold', 2)
    expect(told.at(-1)?.event.data).toMatchObject({ threshold: 100, used: 200 })
    expect(receiver.of('budget.threshold')).toHaveLength(2)
  })

  it('are keys that expire soon, once for each time they are set to', async () => {
    const receiver = await startReceiver()
    await tellTo(receiver, { events: ['key.expiring'] })
    const soon = Math.floor(Date.now() / 1000) + 3 * 86_400
    const key = await gateway.createKey({ name: 'ends', expired_time: soon })
    await gateway.createKey({ expired_time: soon + 30 * 86_400 })
    const disabled = await gateway.createKey()
    const change = { id: disabled.id, status: 2, expired_time: soon }
    await gateway.manage('PUT', '/api/token/', change)
    const [got] = await receiver.gets('key.expiring')
    expect(got?.event.data).toEqual({
      ...{ key_id: key.id, key_name: 'ends', account_id: 1, username: 'admin', expires_at: soon },
    })
    await gateway.manage('PUT', '/api/token/', { id: key.id, expired_time: soon + 60 })
    const [, again] = await receiver.gets('key.expiring', 2)
    expect(again?.event.data.expires_at).toBe(soon + 60)
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    expect(receiver.got).toHaveLength(2)
  })

  it('are accounts whose balance falls below the limit, once until a top-up lifts it above', async () => {
    const receiver = await startReceiver()
    await tellTo(receiver, { events: ['account.low'] })
    await gateway.manage('PUT', '/api/setting/', { 'events.account_low': 1000 })
    const sent = { username: 'poor', quota: 1_020 }
    const { id } = await gateway.manage('POST', '/api/user/', sent)
    const tokens = `/api/user/${id}/access_tokens`
    const { token } = await gateway.manage('POST', tokens, { name: 'test' })
    const as = { authorization: gateway.secret(token), prefer: 'return=representation' }
    const own = { name: 'theirs', unlimited_quota: true }
    const key = (await gateway.api('POST', '/api/token/', own, as)).json.data
    gateway.secret(key.key)
    const lift = (delta: number) =>
      gateway.manage('POST', `/api/user/${id}/quota`, { delta, reason: 'test' })

    await spend(key)
    const [got] = await receiver.gets('account.low')
    expect(got?.event.data).toEqual({ account_id: id, username: 'poor', remain: 970, limit: 1000 })
    await spend(key)
    // Still below: nothing new.
    await lift(10)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    await lift(500)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect(receiver.got).toHaveLength(1)
    await lift(-600)
    const [, again] = await receiver.gets('account.low', 2)
    expect(again?.event.data.remain).toBe(830)
  })
})
