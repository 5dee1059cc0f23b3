import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { PRICE } from '../tools/calls.ts'
import { candidates } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { channelTo, keyOfAnother, startKeeper } from './keeper.ts'

/** What bodies refer to by ids, beside what has endpoints of its own. */

const gateway = await sharedGateway()
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const others = await keyOfAnother(gateway)
const MODEL = 'referring'
await gateway.manage('PUT', `/api/price/${MODEL}`, PRICE)
const first = await startKeeper('first', [MODEL])
const second = await startKeeper('second', [MODEL])
await channelTo(gateway, first, { models: [MODEL] })

const post = (path: string, body: object, by = key) => gateway.call(body as never, by, { path })
const respond = (more: object, by = key) =>
  post('/v1/responses', { model: MODEL, max_output_tokens: 50, ...more }, by)
const refusedWith = ({ status, headers }: { status: number; headers: Headers }) => [
  status,
  headers.get('x-error-code'),
]
const UNKNOWN = [404, 'object_not_found']

describe('items of answers', () => {
  it("are the account's, and go to where the answer is kept", async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 })
    const made = await client.responses.create({ model: MODEL, input: 'Hello' })
    const item = made.output[0] as { readonly id: string }
    await channelTo(gateway, second, { models: [MODEL], priority: 9 })
    const elsewhere = await respond({ input: 'Hello' })
    expect(elsewhere.json.id).toContain('second')
    const user = { role: 'user', content: 'And then?' }
    for (const reference of [{ type: 'item_reference', id: item.id }, { id: item.id }]) {
      first.asked()
      const input = [reference, user]
      const next = await respond({ input })
      expect(next.json.id, next.text).toContain('first')
      expect(refusedWith(await respond({ input }, others))).toEqual(UNKNOWN)
      expect(first.asked()).toHaveLength(1)
    }
    const unknown = { type: 'item_reference', id: 'msg_of_nobody' }
    expect(refusedWith(await respond({ input: [unknown, user] }))).toEqual(UNKNOWN)
    const picture = { type: 'image_generation_call', id: 'ig_of_nobody' }
    expect(refusedWith(await respond({ input: [picture, user] }))).toEqual(UNKNOWN)
  })

  it('of a stream are known when it ends', async () => {
    const streamed = await respond({ input: 'Hello', stream: true })
    const [, id = ''] = /"id":"(msg_[^"]+)"/.exec(streamed.text) ?? []
    const input = [
      { type: 'item_reference', id },
      { role: 'user', content: 'a' },
    ]
    expect((await respond({ input })).status).toBe(200)
    expect(refusedWith(await respond({ input }, others))).toEqual(UNKNOWN)
  })

  it('of answers that are not stored are unknown', async () => {
    const made = await respond({ input: 'Hello', store: false })
    const input = [{ type: 'item_reference', id: made.json.output[0].id }]
    expect(refusedWith(await respond({ input }))).toEqual(UNKNOWN)
  })
})

describe('vector stores', () => {
  const tools = [{ type: 'file_search', vector_store_ids: ['vs_of_the_operator'] }]

  it("are nobody's, unless the operator shares them", async () => {
    second.asked()
    const asked = { input: 'Find it.', tools }
    expect(refusedWith(await respond(asked))).toEqual(UNKNOWN)
    expect(second.asked()).toEqual([])
    await gateway.manage('PUT', '/api/setting/', { 'objects.vector_stores': 'shared' })
    expect((await respond(asked)).status).toBe(200)
    expect((await respond(asked, others)).status).toBe(200)
    await gateway.manage('PUT', '/api/setting/', { 'objects.vector_stores': 'refused' })
    expect(refusedWith(await respond(asked))).toEqual(UNKNOWN)
  })
})

describe('what Google keeps', () => {
  const model = 'gemini-referring'
  const generate = (body: object) => post(`/v1beta/models/${model}:generateContent`, body)
  const withFile = (part: object) => ({
    contents: [{ role: 'user', parts: [{ text: 'What is it?' }, part] }],
  })
  const offer = gateway.offer(model, candidates(), {
    channel: { type: 'gemini', base_url: gateway.upstream.url },
  })

  it.each([
    'https://generativelanguage.googleapis.com/v1beta/files/abc',
    'https://generativelanguage.googleapis.com./v1beta/files/abc',
    'HTTPS://GenerativeLanguage.GoogleAPIs.com/v1beta/files/abc',
    'https://generativelanguage.goo\tgleapis.com/v1beta/files/abc',
    'files/abc',
    'gs://bucket/secret.pdf',
    ' gs://bucket/secret.pdf',
  ])('is not given out by its address %s', async (fileUri) => {
    await offer
    const before = gateway.upstream.calls.length
    for (const part of [{ fileData: { fileUri } }, { file_data: { file_uri: fileUri } }]) {
      const refused = await generate(withFile(part))
      expect(refused.status, refused.text).toBe(404)
      expect(refused.json.error.details).toEqual([{ reason: 'object_not_found' }])
    }
    const result = { name: 'a', response: {}, parts: [{ fileData: { fileUri } }] }
    expect((await generate(withFile({ functionResponse: result }))).status).toBe(404)
    const embed = { content: { parts: [{ fileData: { fileUri } }] } }
    expect((await post(`/v1beta/models/${model}:embedContent`, embed)).status).toBe(404)
    // Nor on the way from another dialect.
    const image = { type: 'image_url', image_url: { url: fileUri } }
    const chat = { model, messages: [{ role: 'user', content: [image] }] }
    const translated = await post('/v1/chat/completions', chat)
    expect(translated.status, translated.text).toBeGreaterThanOrEqual(400)
    expect(gateway.upstream.calls.length).toBe(before)
  })

  it.each([
    'https://www.youtube.com/watch?v=abc',
    'https://example.com/open.pdf',
    'https://storage.googleapis.com/bucket/open.pdf',
  ])('is no open address such as %s', async (fileUri) => {
    await offer
    const answered = await generate(withFile({ fileData: { fileUri } }))
    expect(answered.status, answered.text).toBe(200)
  })

  it('is neither a cache nor a store of somebody else', async () => {
    await offer
    const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }]
    for (const more of [
      { cachedContent: 'cachedContents/abc' },
      { cached_content: 'cachedContents/abc' },
      { tools: [{ fileSearch: { fileSearchStoreNames: ['fileSearchStores/abc'] } }] },
    ]) {
      const refused = await generate({ contents, ...more })
      expect(refused.json.error.details).toEqual([{ reason: 'object_not_found' }])
    }
  })
})

it('buckets are not read for whoever knows their names', async () => {
  const image = { type: 'image_url', image_url: { url: 'gs://bucket/secret.png' } }
  const asked = { model: MODEL, messages: [{ role: 'user', content: [image] }] }
  expect(refusedWith(await post('/v1/chat/completions', asked))).toEqual(UNKNOWN)
})
