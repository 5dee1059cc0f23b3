import { afterEach, describe, expect, it } from 'vitest'
import { startReceiver } from '../events/receiver.ts'
import { refuses } from '../tools/bad-scripts.ts'
import { asking } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { upstream } = gateway
const { id: keyId, key } = await gateway.createKey()
const model = await gateway.offer('m')
const LONG_KEY = gateway.secret('upstream-key-0123456789-abcdef')
const OTHER_KEY = gateway.secret('another-key-9876543210-fedcba')

const made: number[] = []
/** A channel of its own model, whose provider refuses the first key it is sent. */
async function denied(fields: object = {}) {
  const name = `denied-${made.length}`
  upstream.on(name, (call, response) =>
    call.headers.authorization === `Bearer ${LONG_KEY}`
      ? refuses(401, 'no')(call, response)
      : answers()(call, response),
  )
  await gateway.manage('PUT', `/api/price/${name}`, { input: '2', output: '8' })
  const { id } = await gateway.createChannel({ models: [name], keys: [LONG_KEY], ...fields })
  made.push(id)
  expect((await gateway.call(asking(name), key)).json.error.code).toBe('channel_refused')
  const path = `/api/channel/${id}`
  const health = async () => (await gateway.manage('GET', path)).health
  const status = async () => (await gateway.call(asking(name), key)).status
  return { id, name, path, health, status }
}
afterEach(async () => {
  for (const id of made.splice(0)) await gateway.api('DELETE', `/api/channel/${id}`)
})

const metric = async (line: string) => {
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  return text.split('\n').find((one) => one.startsWith(line))
}

describe('a channel whose key is refused', () => {
  it('shows that, until when, and which key it was', async () => {
    const { id, health } = await denied()
    const now = Math.floor(Date.now() / 1000)
    const shown = await health()
    expect(shown).toEqual({
      state: 'open',
      since: expect.any(Number),
      open_until: expect.any(Number),
      reason: 'denied',
      keys: [{ ...shown, keys: undefined, key: 'upst**********cdef' }],
    })
    expect(shown.since - now).toBeGreaterThanOrEqual(-5)
    expect(shown.open_until - shown.since).toBeGreaterThanOrEqual(60)
    expect(shown.open_until - shown.since).toBeLessThanOrEqual(76)
    const { items } = await gateway.manage('GET', '/api/channel/?page_size=1')
    expect(items[0].health).toEqual(shown)
    // The line of the event, and no other one beside it.
    const lines = () => gateway.logs.filter((line) => line.includes(`"reason":"denied"`))
    await expect.poll(lines).toEqual([expect.stringContaining('needs an administrator')])
    expect(await metric(`turnpike_channel_breaker_state{channel="${id}"}`)).toMatch(/ 2$/)
    expect(await metric('turnpike_breaker_openings_total{reason="denied"}')).toMatch(/ [1-9]\d*$/)
  })

  it('is no more asked: 503 with Retry-After, named by the check of a key', async () => {
    const { id, name } = await denied()
    const before = upstream.calls.length
    const answer = await gateway.call(asking(name), key)
    expect([answer.status, answer.json.error.code]).toEqual([503, 'no_channel_available'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(50)
    expect(upstream.calls).toHaveLength(before)
    const check = await gateway.manage('POST', `/api/token/${keyId}/check`, { model: name })
    expect(check).toMatchObject({
      verdict: 'refused',
      code: 'no_channel_available',
      channels: [
        {
          id,
          skipped: expect.stringMatching(
            /^breaker open until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z: denied$/,
          ),
        },
      ],
    })
    expect(check.checks.at(-1)).toEqual({
      ...{ check: 'channel', passed: false, because: 'no channels may be tried now' },
      ...{ word: 'channels_up', facts: { channels: 0 } },
    })
    expect((await gateway.call(asking(model), key)).status).toBe(200)
  })

  it('stays so when its name or weight changes, and is tried anew with other keys', async () => {
    const { path, health, status } = await denied()
    const before = await health()
    await gateway.manage('PUT', path, { name: 'renamed', weight: 0, status: 1 })
    expect(await health()).toEqual(before)
    expect(await status()).toBe(503)
    await gateway.manage('PUT', path, { keys: [OTHER_KEY] })
    expect(await health()).toMatchObject({ state: 'closed', keys: [{ state: 'closed' }] })
    expect(await status()).toBe(200)
  })

  it('is tried anew when an administrator disables and enables it', async () => {
    const { path, health, status } = await denied()
    await gateway.manage('PUT', path, { status: 2 })
    await gateway.manage('PUT', path, { status: 1 })
    expect((await health()).state).toBe('closed')
    expect(await status()).toBe(502)
  })

  it('is tried anew when a test of it succeeds, not when it fails', async () => {
    const { name, path, health, status } = await denied()
    expect((await gateway.manage('POST', `${path}/test`, {})).ok).toBe(false)
    expect((await health()).state).toBe('open')
    upstream.on(name, answers())
    expect((await gateway.manage('POST', `${path}/test`, {})).ok).toBe(true)
    expect((await health()).state).toBe('closed')
    expect(await status()).toBe(200)
  })

  it('goes on with its other key', async () => {
    const { health, status } = await denied({ keys: [LONG_KEY, OTHER_KEY] })
    expect([await status(), await status()]).toEqual([200, 200])
    expect(await health()).toMatchObject({
      state: 'closed',
      keys: [
        { key: 'upst**********cdef', state: 'open', reason: 'denied' },
        { key: 'anot**********dcba', state: 'closed' },
      ],
    })
  })

  it('is told to webhooks', async () => {
    const receiver = await startReceiver()
    const events = ['channel.opened', 'channel.closed']
    const hook = { name: 'breakers', url: receiver.url, events }
    const { id: webhook, secret } = await gateway.manage('POST', '/api/webhook/', hook)
    gateway.secret(secret)
    const { id, name } = await denied({ name: 'told', keys: [LONG_KEY, OTHER_KEY] })
    const where = { channel_id: id, channel_name: 'told', key: 1, node: expect.any(String) }
    const [opened] = await receiver.gets('channel.opened')
    const seconds = expect.any(Number)
    expect(opened?.event.data).toEqual({ ...where, reason: 'denied', seconds })
    // An administrator who says that it works closes it as a call does that finds it out.
    upstream.on(name, answers())
    expect((await gateway.manage('POST', `/api/channel/${id}/test`, {})).ok).toBe(true)
    const [closed] = await receiver.gets('channel.closed')
    expect(closed?.event.data).toEqual(where)
    await gateway.manage('DELETE', `/api/webhook/${webhook}`)
  })
})

describe('retries', () => {
  it('are counted', async () => {
    const { name } = await denied({ priority: 1 })
    await gateway.createChannel({ models: [name], keys: [OTHER_KEY] })
    await gateway.manage('PUT', `/api/channel/${made[0]}`, { status: 2 })
    await gateway.manage('PUT', `/api/channel/${made[0]}`, { status: 1 })
    const answer = await gateway.call(asking(name), key)
    expect([answer.status, answer.headers.get('x-turnpike-attempts')]).toEqual([200, '2'])
    expect(await metric('turnpike_retries_total')).toBe('turnpike_retries_total 1')
  })
})
