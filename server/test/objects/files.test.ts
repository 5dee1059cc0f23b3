import OpenAI, { toFile } from 'openai'
import { describe, expect, it } from 'vitest'
import { asking, PRICE } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { sendJson } from '../tools/upstream-scripts.ts'
import { channelTo, keyOfAnother, startKeeper } from './keeper.ts'

const gateway = await sharedGateway()
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const others = await keyOfAnother(gateway)
const sdk = (apiKey: string) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 })
const client = sdk(key)
const foreign = sdk(others)
const MODEL = 'reading'
await gateway.manage('PUT', `/api/price/${MODEL}`, PRICE)
const first = await startKeeper('first', [MODEL])
const second = await startKeeper('second', [MODEL])
const bare = await startKeeper('bare', [MODEL])
bare.upstream.on('undefined', (_call, response) =>
  sendJson(response, 404, { error: { message: 'no such path' } }),
)
// Whoever comes first keeps nothing, as many servers do.
await channelTo(gateway, bare, { models: [MODEL], priority: 9 })
const firstChannel = await channelTo(gateway, first, { models: [MODEL], priority: 5 })
await channelTo(gateway, second, { models: [MODEL] })

const upload = async (
  to = client,
  text = 'one two',
  purpose: 'user_data' | 'batch' = 'user_data',
) => to.files.create({ file: await toFile(Buffer.from(text), 'a.txt'), purpose })
const codeOf = async (call: PromiseLike<unknown>) => {
  const failure = await Promise.resolve(call).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(failure instanceof OpenAI.APIError)) throw new Error(`nothing was refused: ${failure}`)
  return [failure.status, failure.code]
}
const UNKNOWN = [404, 'object_not_found']

describe('files', () => {
  it('are kept, read and deleted where they went first, by their account alone', async () => {
    const balance = await gateway.account()
    const file = await upload()
    expect(file).toMatchObject({ id: expect.stringContaining('first'), purpose: 'user_data' })
    await gateway.manage('PUT', `/api/channel/${firstChannel.id}`, { priority: -5 })
    const later = await upload()
    expect(later.id).toContain('second')
    await gateway.manage('PUT', `/api/channel/${firstChannel.id}`, { priority: 5 })
    first.asked()
    for (const call of [
      () => foreign.files.retrieve(file.id),
      () => foreign.files.content(file.id),
      () => foreign.files.delete(file.id),
      () => client.files.retrieve('file_of_nobody'),
      // An id of another kind is none of this one.
      () => client.responses.retrieve(file.id),
    ]) {
      expect(await codeOf(call())).toEqual(UNKNOWN)
    }
    expect(first.asked()).toEqual([])
    expect((await client.files.retrieve(file.id)).filename).toBe('a.txt')
    expect(await (await client.files.content(file.id)).text()).toContain('one two')
    expect((await client.files.delete(file.id)).deleted).toBe(true)
    await client.files.delete(later.id)
    expect(first.asked().map((call) => call.replace(file.id, 'it'))).toEqual([
      'GET /v1/files/it',
      'GET /v1/files/it/content',
      'DELETE /v1/files/it',
    ])
    expect(await codeOf(client.files.retrieve(file.id))).toEqual(UNKNOWN)
    // None of it costs anything.
    expect(await gateway.account()).toEqual(balance)
  })

  it('are listed page by page, each account its own', async () => {
    const made: string[] = []
    for (let at = 0; at < 5; at++) {
      made.push((await upload(client, 'a', at === 3 ? 'batch' : 'user_data')).id)
    }
    const theirs = await upload(foreign)
    const listed = async (to: OpenAI, query: object = {}) => {
      const ids: string[] = []
      for await (const file of to.files.list(query)) ids.push(file.id)
      return ids
    }
    expect(await listed(client, { limit: 2 })).toEqual(made.toReversed())
    expect(await listed(client, { limit: 2, order: 'asc' })).toEqual(made)
    expect(await listed(client, { purpose: 'batch' })).toEqual([made[3]])
    expect(await listed(foreign)).toEqual([theirs.id])
    const page = await client.files.list({ limit: 5 })
    expect([page.has_more, page.data[0]]).toEqual([
      false,
      expect.objectContaining({ object: 'file', bytes: expect.any(Number), status: 'processed' }),
    ])
    expect(await codeOf(client.files.list({ after: theirs.id }))).toEqual(UNKNOWN)
    for (const query of ['limit=0', 'limit=x', 'limit=10001', 'order=up']) {
      const path = `/v1/files?${query}`
      const answered = await gateway.call('', key, { path, method: 'GET' })
      expect([answered.status, answered.json.error.code]).toEqual([400, 'invalid_request'])
    }
  })

  it('go out byte for byte and come back whole, however large', async () => {
    const text = 'abcdefgh'.repeat(400_000)
    const file = await upload(client, text)
    const sent = first.upstream.calls.findLast(({ path }) => path === '/v1/files')
    expect(sent?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    const came = await (await client.files.content(file.id)).text()
    expect(came).toBe(sent?.body.toString('latin1'))
    expect(came).toContain(text)
    await client.files.delete(file.id)
  })
})

describe('a call that names a file', () => {
  it('goes where the file is, in whichever words it names it', async () => {
    const { id } = await upload(client, 'x'.repeat(100))
    const theirs = await upload(foreign)
    const says = (file: string) =>
      [
        [
          '/v1/chat/completions',
          { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: file } }] }] },
        ],
        [
          '/v1/responses',
          { input: [{ role: 'user', content: [{ type: 'input_file', file_id: file }] }] },
        ],
        [
          '/v1/responses',
          { input: [{ role: 'user', content: [{ type: 'input_image', file_id: file }] }] },
        ],
        [
          '/v1/responses',
          {
            input: [
              {
                type: 'function_call_output',
                call_id: 'c',
                output: [{ type: 'input_file', file_id: file }],
              },
            ],
          },
        ],
        [
          '/v1/responses',
          {
            input: 'a',
            tools: [{ type: 'code_interpreter', container: { type: 'auto', file_ids: [file] } }],
          },
        ],
        [
          '/v1/responses',
          {
            input: 'a',
            prompt: { id: 'p', variables: { of: { type: 'input_file', file_id: file } } },
          },
        ],
      ] as const
    for (const [path, body] of says(id)) {
      bare.asked()
      const answered = await gateway.call({ model: MODEL, ...body }, key, { path })
      expect([answered.status, answered.text]).toEqual([200, expect.stringContaining('first says')])
      expect(bare.asked()).toEqual([])
      const escaped = JSON.stringify({ model: MODEL, ...body }).replace('file_id', 'file\\u005fid')
      const hidden = await gateway.call(escaped, others, { path })
      expect([hidden.status, hidden.json.error.code]).toEqual(UNKNOWN)
    }
    for (const [path, body] of [...says(theirs.id), ...says('file-of-nobody')]) {
      const answered = await gateway.call({ model: MODEL, ...body }, key, { path })
      expect([answered.status, answered.json.error.code]).toEqual(UNKNOWN)
    }
    const content = [{ type: 'document', source: { type: 'file', file_id: theirs.id } }]
    const blocks = [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content }] }]
    for (const messages of [[{ role: 'user', content }], blocks]) {
      const body = { model: MODEL, max_tokens: 10, messages }
      const answered = await gateway.call(body, key, { path: '/v1/messages' })
      expect([answered.status, answered.headers.get('x-error-code')]).toEqual(UNKNOWN)
    }
    await client.files.delete(id)
  })

  it('is told from one whose tools, metadata or words speak of files', async () => {
    const call = {
      ...{ id: 'c', type: 'function' },
      function: { name: 'open', arguments: '{"file_id":"file-1"}' },
    }
    const parameters = { type: 'object', properties: { file_id: { type: 'string' } } }
    const body = {
      ...asking(MODEL),
      metadata: { file_id: 'file-1' },
      tools: [{ type: 'function', function: { name: 'open', parameters } }],
      messages: [
        { role: 'user', content: '"file_id":"file-1"' },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c', content: [{ type: 'text', text: 'file_id' }] },
      ],
    }
    expect((await gateway.call(body, key)).status).toBe(200)
  })

  it('can not use files of two providers', async () => {
    const one = await upload()
    await gateway.manage('PUT', `/api/channel/${firstChannel.id}`, { priority: -5 })
    const other = await upload()
    await gateway.manage('PUT', `/api/channel/${firstChannel.id}`, { priority: 5 })
    const content = [one, other].map(({ id }) => ({ type: 'input_file', file_id: id }))
    const body = { model: MODEL, input: [{ role: 'user', content }] }
    const answered = await gateway.call(body, key, { path: '/v1/responses' })
    expect([answered.status, answered.json.error.code]).toEqual([400, 'invalid_request'])
    expect(answered.text).toContain('different providers')
  })

  it('reserves what the file can be, but no more than the model reads', async () => {
    const { id } = await upload(client, 'x'.repeat(80_000))
    const content = [{ type: 'input_file', file_id: id }]
    const body = { model: MODEL, input: [{ role: 'user', content }], max_output_tokens: 50 }
    const path = '/v1/responses'
    const poor = await gateway.createKey({ remain_quota: 50_000 })
    const answered = await gateway.call(body, poor.key, { path })
    expect([answered.status, answered.json.error.code]).toEqual([403, 'quota_exhausted'])
    const richer = await gateway.createKey({ remain_quota: 90_000 })
    expect((await gateway.call(body, richer.key, { path })).status).toBe(200)
  })
})

describe('what else may be asked', () => {
  it('counts against the rate limits', async () => {
    const limited = await gateway.createKey({ rpm_limit: 1 })
    await sdk(limited.key).files.list()
    expect(await codeOf(sdk(limited.key).files.list())).toEqual([429, 'rate_limited'])
  })

  it('is refused in words where it is not offered', async () => {
    const asked = async (method: string, path: string) => {
      const answered = await gateway.call(method === 'GET' ? '' : '{}', key, { method, path })
      return [answered.status, answered.json.error.code, answered.json.error.message]
    }
    const says = (words: string) => [404, 'route_not_found', expect.stringContaining(words)]
    expect(await asked('PUT', '/v1/files/file-1')).toEqual(says('use GET or DELETE'))
    expect(await asked('GET', '/v1/files/%2e%2e%2fmodels')).toEqual(says('is no id'))
    expect(await asked('GET', '/v1/files/a/b/c')).toEqual(says('not offered'))
    await gateway.manage('POST', '/api/group/', { name: 'empty' })
    const nowhere = await keyOfAnother(gateway, { group: 'empty' }, { groups: ['empty'] })
    expect(await codeOf(upload(sdk(nowhere)))).toEqual([503, 'no_channel_available'])
  })

  it("passes a provider's refusal on, and hides one that is between it and the gateway", async () => {
    const { id } = await upload()
    first.kept.delete(id)
    const gone = await gateway.call('', key, { path: `/v1/files/${id}`, method: 'GET' })
    expect([gone.status, gone.text]).toEqual([404, expect.stringContaining(`${id} not found`)])
    // What its provider has no more is forgotten with the attempt to delete it.
    expect(await codeOf(client.files.delete(id))).toEqual([404, undefined])
    expect(await codeOf(client.files.delete(id))).toEqual(UNKNOWN)
  })
})
