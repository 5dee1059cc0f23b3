import { describe, expect, it } from 'vitest'
import { newCaller } from '../token/callers.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { startStudio } from './studio.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/price/film', { per_second: '0.0002' })
const path = '/v1/videos'
const QUICKLY = { timeout: 10_000, interval: 50 }

/** A provider, its channel, and a caller with an account of its own. */
async function set() {
  const model = `film-${Math.random().toString(36).slice(2)}`
  const studio = await startStudio([model])
  await gateway.manage('PUT', `/api/price/${model}`, { per_second: '0.0002' })
  const channel = await gateway.createChannel({ base_url: studio.url, models: [model] })
  const caller = await newCaller(gateway, { account: { quota: 1_000 } })
  const key = await caller.create({ unlimited_quota: true })
  const create = () => gateway.call({ model, prompt: 'A cat.' }, key.key, { path })
  const left = async () => (await gateway.manage('GET', `/api/user/${caller.accountId}`)).quota
  const job = async (requestId: string) =>
    (await gateway.usageOf(requestId))?.job as Record<string, unknown> | undefined
  return { model, studio, channel, key, caller, create, left, job }
}

describe('a job is looked after', () => {
  it('when its provider was away for a while', async () => {
    const { studio, create, left, job } = await set()
    const made = await create()
    studio.isAway = true
    studio.end(made.json.id, 'failed')
    const before = studio.calls.length
    gateway.advance(60)
    await expect.poll(() => studio.calls.length, QUICKLY).toBeGreaterThan(before)
    expect(await job(made.requestId)).toMatchObject({ state: 'running' })
    studio.isAway = false
    gateway.advance(600)
    await expect.poll(left, QUICKLY).toBe(1_000)
  })

  it('until a day has passed without an end, and its charge stands', async () => {
    const { create, left, job } = await set()
    const made = await create()
    gateway.advance(90_000)
    await expect
      .poll(() => job(made.requestId), QUICKLY)
      .toMatchObject({ state: 'unheard', cost: 400, correction: 0 })
    expect(await left()).toBe(600)
  })

  it('at least once, however long no gateway ran', async () => {
    const { studio, create, left } = await set()
    const made = await create()
    studio.end(made.json.id, 'failed')
    gateway.advance(200_000)
    await expect.poll(left, QUICKLY).toBe(1_000)
  })

  it('while its channel is disabled; but not when that was deleted', async () => {
    const one = await set()
    const made = await one.create()
    await gateway.manage('PUT', `/api/channel/${one.channel.id}`, { status: 2 })
    one.studio.end(made.json.id, 'failed')
    gateway.advance(60)
    await expect.poll(one.left, QUICKLY).toBe(1_000)
    const other = await set()
    const lost = await other.create()
    await gateway.manage('DELETE', `/api/channel/${other.channel.id}`)
    gateway.advance(60)
    await expect
      .poll(() => other.job(lost.requestId), QUICKLY)
      .toMatchObject({
        ...{ state: 'abandoned', cost: 400, correction: 0 },
      })
    expect(await other.left()).toBe(600)
    const asked = { path: `${path}/${lost.json.id}`, method: 'GET' }
    const answered = await gateway.call('', other.key.key, asked)
    expect([answered.status, answered.json.error.code]).toEqual([404, 'object_not_found'])
  })

  it('when its account and key are gone', async () => {
    const { studio, caller, key, create, job } = await set()
    const made = await create()
    await caller.api('DELETE', `/api/token/${key.id}`)
    await gateway.manage('DELETE', `/api/user/${caller.accountId}`)
    studio.end(made.json.id, 'failed')
    gateway.advance(60)
    await expect
      .poll(() => job(made.requestId), QUICKLY)
      .toMatchObject({ state: 'failed', cost: 0 })
  })

  it('when its provider forgot it, and its charge stands', async () => {
    const { studio, create, left, job } = await set()
    const made = await create()
    studio.videos.clear()
    gateway.advance(120)
    await expect.poll(() => job(made.requestId), QUICKLY).toMatchObject({ state: 'gone' })
    expect(await left()).toBe(600)
  })
})

describe('what nobody took on', () => {
  it('is no job, and costs nothing', async () => {
    const { studio, create, left } = await set()
    studio.isAway = true
    const answered = await create()
    expect(answered.status).toBe(500)
    expect(await left()).toBe(1_000)
    const rows = `select id from job where request_id = '${answered.requestId}'`
    expect(await gateway.database.rows(rows)).toEqual([])
  })

  it('a caller who leaves at once has it all the same', async () => {
    const { model, studio, key, left } = await set()
    const held = Promise.withResolvers<void>()
    studio.held = held.promise
    const leaving = new AbortController()
    const { signal } = leaving
    const open = gateway.open({ model, prompt: 'a' }, key.key, { path, signal })
    await expect.poll(() => studio.calls.length, { timeout: 5_000, interval: 1 }).toBe(1)
    leaving.abort()
    await open.catch(() => undefined)
    // The gateway has seen it leave before its provider answers.
    for (let round = 0; round < 5; round++) await gateway.account()
    held.resolve()
    await expect.poll(left, QUICKLY).toBe(600)
    const listed = await gateway.call('', key.key, { path, method: 'GET' })
    expect(listed.json.data).toHaveLength(1)
  })
})
