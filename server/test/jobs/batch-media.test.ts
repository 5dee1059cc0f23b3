import OpenAI, { toFile } from 'openai'
import { describe, expect, it } from 'vitest'
import { keyOfAnother } from '../objects/keeper.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { startOffice } from './office.ts'

const gateway = await sharedGateway()
const office = await startOffice([])
/** `painter`: 1 unit a token of text, 4 of a picture; half of it in a batch. `drawer`: 20 000 units a picture. */
for (const [model, price] of Object.entries({
  painter: { input: '2', output: '8', service: { batch: { input: '1', output: '4' } } },
  drawer: { per_image: '0.04' },
  film: { per_second: '0.0002', sizes: { '1792x1024': { per_second: '0.0005' } } },
})) {
  await gateway.manage('PUT', `/api/price/${model}`, price)
}
await gateway.createChannel({
  ...{ base_url: office.url, models: ['painter', 'drawer', 'film'] },
  dialects: ['openai', 'responses'],
})
const own = await gateway.createKey({ remain_quota: 10_000_000 })
const sdk = (apiKey: string) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 })
const client = sdk(own.key)
const foreign = sdk(await keyOfAnother(gateway))
const QUICKLY = { timeout: 10_000, interval: 50 }

type Endpoint = OpenAI.Batches.BatchCreateParams['endpoint']
const remain = async () => (await gateway.keyRecord(own.id)).remain_quota

/** A batch of these bodies, and what was charged for it. */
async function create(endpoint: Endpoint, bodies: readonly object[]) {
  const lines = bodies.map((body, at) =>
    JSON.stringify({ custom_id: `call-${at}`, method: 'POST', url: endpoint, body }),
  )
  const file = await toFile(Buffer.from(lines.join('\n')), 'calls.jsonl')
  const { id: input_file_id } = await client.files.create({ file, purpose: 'batch' })
  const before = await remain()
  const { data: batch, response } = await client.batches
    .create({ input_file_id, endpoint, completion_window: '24h' })
    .withResponse()
  const requestId = response.headers.get('x-request-id') ?? ''
  return { id: batch.id, requestId, before, charged: before - (await remain()) }
}

const answer = (body: object) => ({
  ...{ custom_id: 'call-0', response: { status_code: 200, body }, error: null },
})
const failed = { custom_id: 'call-1', response: { status_code: 400, body: { error: {} } } }
const costOf = async (requestId: string) =>
  ((await gateway.usageOf(requestId))?.job as { cost: unknown } | undefined)?.cost

/** Ends it with these answers; resolves with what its caller paid. */
async function paid({ id, requestId, before }: Made, answers: readonly object[]) {
  office.finish(id, 'completed', answers)
  gateway.advance(600)
  await expect.poll(() => costOf(requestId), QUICKLY).toEqual(expect.any(Number))
  const cost = await costOf(requestId)
  expect(before - (await remain())).toBe(cost)
  return cost
}
type Made = Awaited<ReturnType<typeof create>>

describe('a batch of images', () => {
  it('is charged at first for all that it may make, and in the end for what it reports', async () => {
    const body = { model: 'painter', prompt: 'A cat.', size: '1024x1024', quality: 'low', n: 2 }
    const made = await create('/v1/images/generations', [body, body])
    // 272 tokens for each of four pictures, and the text by its bytes.
    expect(made.charged).toBeGreaterThan(4 * 272 * 2)
    expect(made.charged).toBeLessThan(4 * 272 * 2 + 200)
    expect(await gateway.usageOf(made.requestId)).toMatchObject({
      ...{ model_name: 'painter', completion_tokens: 4 * 272, details: { images: 4 } },
    })
    const usage = { input_tokens: 10, output_tokens: 500, total_tokens: 510 }
    const data = [{ b64_json: 'AAAA' }, { b64_json: 'AAAA' }]
    expect(await paid(made, [answer({ created: 1, data, usage }), failed])).toBe(5 + 1_000)
    const { status, output_file_id: file } = await client.batches.retrieve(made.id)
    const [first = ''] = (await (await client.files.content(file ?? '')).text()).split('\n')
    expect([status, JSON.parse(first).response.body.data]).toEqual(['completed', data])
  })

  it('is charged by the picture where its price says so', async () => {
    const body = { model: 'drawer', prompt: 'A cat.', n: 3 }
    const made = await create('/v1/images/generations', [body, body])
    expect(made.charged).toBe(6 * 20_000)
    const two = { created: 1, data: [{ url: 'https://x/1' }, { url: 'https://x/2' }] }
    expect(await paid(made, [answer(two), failed])).toBe(2 * 20_000)
  })

  it('that reports no tokens costs what was charged for those of its calls that were answered', async () => {
    const body = { model: 'painter', prompt: 'A cat.', size: '1024x1024', quality: 'low' }
    const made = await create('/v1/images/generations', [body, body])
    const one = answer({ created: 1, data: [{ b64_json: 'AAAA' }] })
    expect(await paid(made, [one, failed])).toBe(Math.ceil(made.charged / 2))
  })

  it('may edit pictures that stand in its lines, and no others', async () => {
    const images = [{ image_url: `data:image/png;base64,${'A'.repeat(40_000)}` }]
    const body = { model: 'drawer', prompt: 'With a hat.', images }
    const made = await create('/v1/images/edits', [body])
    expect(made.charged).toBe(20_000)
    expect(await paid(made, [answer({ data: [{ b64_json: 'AAAA' }] })])).toBe(20_000)
    const kept = create('/v1/images/edits', [body, { ...body, images: [{ file_id: 'file-1' }] }])
    await expect(kept).rejects.toMatchObject({ code: 'object_not_found', status: 404 })
    await expect(kept).rejects.toThrow('line 2')
    const streamed = create('/v1/images/generations', [{ ...body, stream: true }])
    await expect(streamed).rejects.toThrow('line 1: stream')
  })
})

describe('a batch of videos', () => {
  const video = (id: string, more: object = {}) =>
    answer({ id, object: 'video', status: 'completed', seconds: '4', model: 'film', ...more })

  it('is charged by their length and size, at first and in the end', async () => {
    const large = { model: 'film', prompt: 'A cat.', seconds: '8', size: '1792x1024' }
    const made = await create('/v1/videos', [large, { model: 'film', prompt: 'A dog.' }])
    expect(made.charged).toBe(8 * 250 + 4 * 100)
    expect(await gateway.usageOf(made.requestId)).toMatchObject({ details: { seconds: 12 } })
    const lines = [
      video('video_a', { seconds: '8', size: '1792x1024' }),
      video('video_b', { status: 'failed' }),
    ]
    expect(await paid(made, lines)).toBe(8 * 250)
  })

  it('gives them to its account, before that can read of them', async () => {
    const made = await create('/v1/videos', [{ model: 'film', prompt: 'A cat.' }])
    office.finish(made.id, 'completed', [video('video_own')])
    const { output_file_id: file } = await client.batches.retrieve(made.id)
    expect(await (await client.files.content(file ?? '')).text()).toContain('video_own')
    const ids = async (of: OpenAI) => (await of.videos.list()).data.map(({ id }) => id)
    expect(await ids(client)).toContain('video_own')
    expect(await ids(foreign)).toEqual([])
    const theirs = foreign.videos.retrieve('video_own')
    await expect(theirs).rejects.toMatchObject({ code: 'object_not_found' })
  })

  it('is refused where a line is none that would be made alone', async () => {
    for (const [more, says] of [
      [{ seconds: '0' }, 'line 1: seconds must'],
      [{ n: 2 }, 'line 1: n is not offered'],
      [{ input_reference: { file_id: 'file-of-nobody' } }, 'file-of-nobody'],
    ] as const) {
      const refused = create('/v1/videos', [{ model: 'film', prompt: 'A cat.', ...more }])
      await expect(refused).rejects.toThrow(says)
    }
  })
})
