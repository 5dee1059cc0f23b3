import OpenAI, { toFile } from 'openai'
import { describe, expect, it } from 'vitest'
import { keyOfAnother } from '../objects/keeper.ts'
import { newCaller } from '../token/callers.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { startStudio } from './studio.ts'

const gateway = await sharedGateway()
const studio = await startStudio(['film'])
/** 100 units a second, 250 of the large size. */
const PRICE = { per_second: '0.0002', sizes: { '1792x1024': { per_second: '0.0005' } } }
await gateway.manage('PUT', '/api/price/film', PRICE)
const channelTo = (models: readonly string[], more: object = {}) =>
  gateway.createChannel({ name: 'studio', base_url: studio.url, models, ...more })
await channelTo(['film'])
const own = await gateway.createKey({ remain_quota: 100_000 })
const foreignKey = await keyOfAnother(gateway)
const sdk = (apiKey: string) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 })
const client = sdk(own.key)
const foreign = sdk(foreignKey)
const QUICKLY = { timeout: 10_000, interval: 50 }
const UNKNOWN = [404, 'object_not_found']

const remain = async (id = own.id) => (await gateway.keyRecord(id)).remain_quota
const codeOf = async (call: PromiseLike<unknown>) => {
  const failure = await Promise.resolve(call).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(failure instanceof OpenAI.APIError)) throw new Error(`nothing was refused: ${failure}`)
  return [failure.status, failure.code]
}
const create = async (more: object = {}, key = own.key) => {
  const body = { model: 'film', prompt: 'A cat.', ...more }
  const answered = await gateway.call(body, key, { path: '/v1/videos' })
  expect(answered.status, answered.text).toBe(200)
  return { ...answered, id: answered.json.id as string }
}
const jobOf = async (requestId: string) =>
  (await gateway.usageOf(requestId))?.job as Record<string, unknown> | undefined

describe('a video', () => {
  it('is charged by seconds and size when it is asked for, and that stands when it was made', async () => {
    const before = await remain()
    const small = await create()
    const large = await create({ seconds: '12', size: '1792x1024' })
    expect(before - (await remain())).toBe(4 * 100 + 12 * 250)
    expect(small.headers.get('x-turnpike-cost')).toBe('400')
    expect(await gateway.usageOf(large.requestId)).toMatchObject({
      ...{ quota: 3_000, estimated: false, details: { seconds: 12, job: 'video' } },
      job: { id: large.id, kind: 'video', state: 'running', cost: null, correction: 0 },
    })
    for (const { id } of [small, large]) studio.end(id, 'completed')
    gateway.advance(60)
    await expect
      .poll(() => jobOf(large.requestId), QUICKLY)
      .toMatchObject({
        ...{ state: 'completed', cost: 3_000, correction: 0, shortfall: 0 },
      })
    expect(before - (await remain())).toBe(3_400)
  })

  it('that failed is given back to key and account though nobody asks after it, and once', async () => {
    const caller = await newCaller(gateway, { account: { quota: 5_000 } })
    const key = await caller.create({ remain_quota: 2_000 })
    const left = async () => [
      (await gateway.manage('GET', `/api/user/${caller.accountId}`)).quota,
      (await caller.api('GET', `/api/token/${key.id}`)).json.data.remain_quota,
    ]
    const { id, requestId } = await create({ seconds: '8' }, key.key)
    expect(await left()).toEqual([4_200, 1_200])
    studio.end(id, 'failed')
    gateway.advance(60)
    await expect.poll(left, QUICKLY).toEqual([5_000, 2_000])
    const asking = sdk(key.key)
    expect((await asking.videos.retrieve(id)).status).toBe('failed')
    await asking.videos.retrieve(id)
    gateway.advance(3_600)
    expect(await left()).toEqual([5_000, 2_000])
    expect(await jobOf(requestId)).toMatchObject({ state: 'failed', cost: 0, correction: -800 })
    const entries = await gateway.database.rows(
      `select delta from entry where kind = 'refund' and reason like '%${requestId}%'`,
    )
    expect(entries.map(({ delta }) => Number(delta))).toEqual([800, 800])
  })

  it('that failed is given back before its caller reads of it', async () => {
    const before = await remain()
    const { id } = await create()
    studio.end(id, 'failed')
    const both = await Promise.all([client.videos.retrieve(id), client.videos.retrieve(id)])
    expect(both.map(({ status }) => status)).toEqual(['failed', 'failed'])
    expect(await remain()).toBe(before)
  })

  it('that failed is given back to the budget of its day', async () => {
    const budgets = [{ period: 'day', amount: 900 }]
    const limited = await gateway.createKey({ remain_quota: 100_000, budgets })
    const first = await create({}, limited.key)
    await create({}, limited.key)
    const again = () =>
      gateway.call({ model: 'film', prompt: 'a' }, limited.key, { path: '/v1/videos' })
    expect((await again()).json.error.code).toBe('budget_exhausted')
    studio.end(first.id, 'failed')
    await sdk(limited.key).videos.retrieve(first.id)
    await expect.poll(async () => (await again()).status, QUICKLY).toBe(200)
  })

  it('comes with its bytes, in each variant, and goes when it is deleted', async () => {
    const { id } = await create()
    studio.end(id, 'completed')
    const bytes = await (await client.videos.downloadContent(id)).arrayBuffer()
    expect([bytes.byteLength, new Uint8Array(bytes)[7]]).toEqual([300_000, 2])
    const small = await client.videos.downloadContent(id, { variant: 'thumbnail' })
    expect(new Uint8Array(await small.arrayBuffer())[7]).toBe(1)
    expect((await client.videos.delete(id)).deleted).toBe(true)
    expect(await codeOf(client.videos.retrieve(id))).toEqual(UNKNOWN)
  })

  it('may begin with a picture, as a form or in JSON', async () => {
    const reference = await toFile(Buffer.from('picture'), 'a.png', { type: 'image/png' })
    const body = {
      model: 'film',
      prompt: 'A cat.',
      seconds: '8',
      input_reference: reference,
    } as const
    const before = await remain()
    await client.videos.create(body)
    expect(before - (await remain())).toBe(800)
    const url = 'data:image/png;base64,AAAA'
    await create({ input_reference: { image_url: url } })
    expect(
      await codeOf(client.videos.create({ ...body, input_reference: { file_id: 'file_1' } })),
    ).toEqual(UNKNOWN)
  })

  it('made of another one costs as that one, or what it is longer', async () => {
    const { id } = await create({ seconds: '8', size: '1792x1024' })
    const costOf = async (make: () => PromiseLike<unknown>) => {
      const before = await remain()
      await make()
      return before - (await remain())
    }
    const prompt = 'At night.'
    expect(await costOf(() => client.videos.remix(id, { prompt }))).toBe(8 * 250)
    expect(studio.calls.at(-1)?.path).toBe(`/v1/videos/${id}/remix`)
    expect(await costOf(() => client.videos.edit({ prompt, video: { id } }))).toBe(8 * 250)
    expect(await costOf(() => client.videos.extend({ prompt, seconds: '4', video: { id } }))).toBe(
      1_000,
    )
    for (const call of [
      () => foreign.videos.remix(id, { prompt }),
      () => foreign.videos.edit({ prompt, video: { id } }),
      () => foreign.videos.extend({ prompt, seconds: '4', video: { id } }),
    ]) {
      expect(await codeOf(call())).toEqual(UNKNOWN)
    }
    const limited = await gateway.createKey({ model_limits_enabled: true, model_limits: 'other' })
    expect(await codeOf(sdk(limited.key).videos.remix(id, { prompt }))).toEqual([
      403,
      'model_not_allowed',
    ])
  })

  it('is refused where nobody could say what it costs', async () => {
    // Not those that look after videos from before.
    const made = () => studio.calls.filter(({ method }) => method === 'POST').length
    const before = made()
    const { id } = { id: 'video_1' }
    for (const [path, body, code] of [
      ['/v1/videos', { seconds: '0' }, 'invalid_request'],
      ['/v1/videos', { seconds: '8.5' }, 'invalid_request'],
      ['/v1/videos', { seconds: 99_999 }, 'invalid_request'],
      ['/v1/videos', { size: '1792X1024' }, 'invalid_request'],
      ['/v1/videos', { size: '01792x1024' }, 'invalid_request'],
      ['/v1/videos', { n: 2 }, 'unsupported_parameter'],
      [`/v1/videos/${id}/remix`, { model: 'film' }, 'unsupported_parameter'],
      ['/v1/videos/edits', { video: {}, model: undefined }, 'invalid_request'],
    ] as const) {
      const answered = await gateway.call({ model: 'film', prompt: 'a', ...body }, own.key, {
        path,
      })
      expect([answered.json.error.code, answered.text]).toEqual([code, expect.any(String)])
    }
    const poor = await gateway.createKey({ remain_quota: 399 })
    const body = { model: 'film', prompt: 'a' }
    const answered = await gateway.call(body, poor.key, { path: '/v1/videos' })
    expect([answered.status, answered.json.error.code]).toEqual([403, 'quota_exhausted'])
    expect(made()).toBe(before)
  })

  it('is shown to its account alone', async () => {
    const made = [await create(), await create()].map(({ id }) => id)
    const theirs = (await create({}, foreignKey)).id
    for (const call of [
      () => foreign.videos.retrieve(made[0] as string),
      () => foreign.videos.downloadContent(made[0] as string),
      () => foreign.videos.delete(made[0] as string),
      () => client.videos.retrieve(theirs),
    ]) {
      expect(await codeOf(call())).toEqual(UNKNOWN)
    }
    const listed = async (of: OpenAI) => {
      const ids: string[] = []
      for await (const video of of.videos.list({ limit: 5 })) ids.push(video.id)
      return ids
    }
    expect((await listed(client)).slice(0, 2)).toEqual(made.toReversed())
    expect(await listed(foreign)).toEqual([theirs])
    studio.end(theirs, 'completed')
    await foreign.videos.retrieve(theirs)
    expect((await foreign.videos.list()).data[0]?.status).toBe('completed')
  })

  it('is told to no key that was revoked', async () => {
    const revoked = await gateway.createKey()
    const { id } = await create({}, revoked.key)
    await gateway.manage('DELETE', `/api/token/${revoked.id}`)
    expect(await codeOf(sdk(revoked.key).videos.retrieve(id))).toEqual([401, 'key_unknown'])
    // What it paid for is its account's.
    expect((await client.videos.retrieve(id)).id).toBe(id)
  })
})
