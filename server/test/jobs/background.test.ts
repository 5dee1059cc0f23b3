import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { keyOfAnother } from '../objects/keeper.ts'
import { PRICE } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { startOffice } from './office.ts'

const gateway = await sharedGateway()
const office = await startOffice(['thinker'])
await gateway.manage('PUT', '/api/price/thinker', PRICE)
await gateway.createChannel({ base_url: office.url, models: ['thinker'], dialects: ['responses'] })
const own = await gateway.createKey({ remain_quota: 1_000_000 })
const foreignKey = await keyOfAnother(gateway)
const sdk = (apiKey: string) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 })
const client = sdk(own.key)
const foreign = sdk(foreignKey)
const path = '/v1/responses'
const QUICKLY = { timeout: 10_000, interval: 50 }
const LIMIT = 1_000
const ASKED = { model: 'thinker', input: 'Think.', background: true, max_output_tokens: LIMIT }

const remain = async () => (await gateway.keyRecord(own.id)).remain_quota
const codeOf = async (call: PromiseLike<unknown>) => {
  const failure = await Promise.resolve(call).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(failure instanceof OpenAI.APIError)) throw new Error(`nothing was refused: ${failure}`)
  return [failure.status, failure.code]
}
const ask = async (more: object = {}) => {
  const answered = await gateway.call({ ...ASKED, ...more }, own.key, { path })
  expect(answered.status, answered.text).toBe(200)
  return { ...answered, id: answered.json?.id as string }
}
const jobOf = async (requestId: string) =>
  (await gateway.usageOf(requestId))?.job as Record<string, unknown> | undefined
const ended = (requestId: string) => {
  gateway.advance(100)
  return expect.poll(() => jobOf(requestId), QUICKLY)
}

describe('a response in the background', () => {
  it('is charged what it may cost, and in the end what it did, though nobody asks after it', async () => {
    const before = await remain()
    const { id, requestId, json } = await ask()
    expect(json.status).toBe('queued')
    const charged = before - (await remain())
    expect(charged).toBeGreaterThan(LIMIT * 4)
    expect(await gateway.usageOf(requestId)).toMatchObject({
      ...{ quota: charged, estimated: true, details: { job: 'response' } },
      job: { id, kind: 'response', state: 'running', cost: null },
    })
    office.answer(id, 'completed', { input: 100, output: 50 })
    await ended(requestId).toMatchObject({
      ...{ state: 'completed', cost: 300, correction: 300 - charged, shortfall: 0 },
    })
    expect(before - (await remain())).toBe(300)
  })

  it('that cost more than it might is charged the rest', async () => {
    const before = await remain()
    const { id, requestId } = await ask({ max_output_tokens: 16 })
    office.answer(id, 'incomplete', { input: 1_000, output: 5_000 })
    await ended(requestId).toMatchObject({ state: 'completed', cost: 21_000, shortfall: 0 })
    expect(before - (await remain())).toBe(21_000)
  })

  it('that failed is given back; one that was cancelled costs what it had written', async () => {
    const before = await remain()
    const failed = await ask()
    office.answer(failed.id, 'failed')
    await ended(failed.requestId).toMatchObject({ state: 'failed', cost: 0 })
    expect(await remain()).toBe(before)
    const cancelled = await ask()
    expect((await client.responses.cancel(cancelled.id)).status).toBe('cancelled')
    await expect
      .poll(() => jobOf(cancelled.requestId), QUICKLY)
      .toMatchObject({ state: 'cancelled' })
    const cost = before - (await remain())
    expect(cost).toBeGreaterThanOrEqual(4 * 4)
    expect(cost).toBeLessThan(200)
  })

  it('that its caller asks after is looked after at once', async () => {
    const { id, requestId } = await ask()
    office.answer(id, 'completed', { input: 1, output: 1 })
    expect((await client.responses.retrieve(id)).status).toBe('completed')
    await expect
      .poll(() => jobOf(requestId), QUICKLY)
      .toMatchObject({ state: 'completed', cost: 5 })
  })

  it('is deleted only when it is known what it cost', async () => {
    const { id, requestId } = await ask()
    office.answer(id, 'completed', { input: 10, output: 10 })
    await client.responses.delete(id)
    expect(await jobOf(requestId)).toMatchObject({ state: 'completed', cost: 50 })
  })

  it('belongs to its account', async () => {
    const { id } = await ask()
    for (const call of [
      () => foreign.responses.retrieve(id),
      () => foreign.responses.cancel(id),
      () => foreign.responses.delete(id),
      () => foreign.responses.create({ model: 'thinker', input: 'a', previous_response_id: id }),
    ]) {
      expect(await codeOf(call())).toEqual([404, 'object_not_found'])
    }
    const revoked = await gateway.createKey()
    await gateway.manage('DELETE', `/api/token/${revoked.id}`)
    expect(await codeOf(sdk(revoked.key).responses.retrieve(id))).toEqual([401, 'key_unknown'])
  })

  it('is refused where it could not be read afterwards', async () => {
    const asked = office.calls.length
    for (const [where, body] of [
      [path, { ...ASKED, store: false }],
      [path, { ...ASKED, background: 'yes' }],
      [`${path}/compact`, ASKED],
    ] as const) {
      expect((await gateway.call(body, own.key, { path: where })).status).toBe(400)
    }
    await gateway.offer('foreign-words')
    const elsewhere = await gateway.call({ ...ASKED, model: 'foreign-words' }, own.key, { path })
    expect([elsewhere.status, elsewhere.json.error.code]).toEqual([400, 'unsupported_parameter'])
    expect(office.calls.length).toBe(asked)
    const rows = await gateway.database.rows("select id from job where object_id = ''")
    expect(rows).toEqual([])
  })
})

describe('a stream in the background', () => {
  it('that runs to its end is charged by its report', async () => {
    const before = await remain()
    const answered = await gateway.call({ ...ASKED, stream: true }, own.key, { path })
    expect(answered.text).toContain('response.completed')
    expect(before - (await remain())).toBe(10 + 20 * 4)
    await ended(answered.requestId).toMatchObject({ state: 'completed', cost: 90, correction: 0 })
  })

  it('that its caller leaves goes on, is resumed, and costs what it did in the end', async () => {
    const before = await remain()
    const held = Promise.withResolvers<void>()
    office.held = held.promise
    const leaving = new AbortController()
    const body = { ...ASKED, stream: true }
    const open = await gateway.open(body, own.key, { path, signal: leaving.signal })
    const requestId = open.headers.get('x-request-id') ?? ''
    const reader = (open.body as ReadableStream<Uint8Array>).getReader()
    const first = Buffer.from((await reader.read()).value ?? []).toString()
    const id = /"id":"(resp_[^"]+)"/.exec(first)?.[1] as string
    leaving.abort()
    await expect.poll(async () => before - (await remain()), QUICKLY).toBeGreaterThan(LIMIT * 4)
    held.resolve()
    office.held = undefined
    office.answer(id, 'completed', { input: 7, output: 9 })
    const asked = { path: `${path}/${id}?stream=true&starting_after=1`, method: 'GET' }
    const resumed = await gateway.call('', own.key, asked)
    expect(resumed.headers.get('content-type')).toContain('text/event-stream')
    expect(resumed.text).toContain('response.completed')
    await ended(requestId).toMatchObject({ state: 'completed', cost: 7 + 9 * 4 })
    expect(before - (await remain())).toBe(7 + 9 * 4)
  })
})
