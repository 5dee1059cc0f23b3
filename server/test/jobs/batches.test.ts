import OpenAI, { toFile } from 'openai'
import { describe, expect, it } from 'vitest'
import { keyOfAnother } from '../objects/keeper.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { startOffice } from './office.ts'

const gateway = await sharedGateway()
const office = await startOffice([])
/** 1 unit an input token, 4 an output token; half of it in a batch. */
const PRICE = { input: '2', output: '8', service: { batch: { input: '1', output: '4' } } }
await gateway.manage('PUT', '/api/price/writer', PRICE)
await gateway.manage('PUT', '/api/price/renamed', PRICE)
const channel = await gateway.createChannel({
  ...{ base_url: office.url, models: ['writer', 'renamed', 'unpriced'] },
  ...{ dialects: ['openai', 'responses'], model_mapping: { renamed: 'another' } },
})
const own = await gateway.createKey({ remain_quota: 1_000_000 })
const foreignKey = await keyOfAnother(gateway)
const sdk = (apiKey: string) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 })
const client = sdk(own.key)
const foreign = sdk(foreignKey)
const endpoint = '/v1/chat/completions'
const path = '/v1/batches'
const QUICKLY = { timeout: 10_000, interval: 50 }
const UNKNOWN = [404, 'object_not_found']

const remain = async () => (await gateway.keyRecord(own.id)).remain_quota
const codeOf = async (call: PromiseLike<unknown>) => {
  const failure = await Promise.resolve(call).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(failure instanceof OpenAI.APIError)) throw new Error(`nothing was refused: ${failure}`)
  return [failure.status, failure.code]
}
const chat = (more: object = {}) => ({
  ...{ model: 'writer', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 100 },
  ...more,
})
const line = (body: object, more: object = {}) => ({
  ...{ custom_id: 'a', method: 'POST', url: endpoint, body },
  ...more,
})
const upload = async (lines: readonly (object | string)[], to = client) => {
  const text = lines.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n')
  return (await to.files.create({ file: await toFile(Buffer.from(text)), purpose: 'batch' })).id
}
const create = async (lines: readonly (object | string)[], more: object = {}) => {
  const input_file_id = await upload(lines)
  const body = { input_file_id, endpoint, completion_window: '24h', ...more }
  return gateway.call(body, own.key, { path })
}
const jobOf = async (requestId: string) =>
  (await gateway.usageOf(requestId))?.job as Record<string, unknown> | undefined
const output = (prompt_tokens: number, completion_tokens: number) => ({
  custom_id: 'a',
  response: {
    status_code: 200,
    body: { object: 'chat.completion', choices: [], usage: { prompt_tokens, completion_tokens } },
  },
  error: null,
})

describe('a batch', () => {
  it('is charged what its calls may cost, and in the end what their answers report', async () => {
    const before = await remain()
    const made = await create([line(chat()), line(chat({ n: 2 }))])
    expect(made.status, made.text).toBe(200)
    const charged = before - (await remain())
    // Output of three answers at two units a token, and the input at half a unit.
    expect(charged).toBeGreaterThan(300 * 2)
    expect(charged).toBeLessThan(300 * 2 + 200)
    expect(await gateway.usageOf(made.requestId)).toMatchObject({
      ...{ model_name: 'writer', quota: charged, estimated: true, completion_tokens: 300 },
      details: { job: 'batch', service: 'batch' },
      job: { id: made.json.id, kind: 'batch', state: 'running' },
    })
    office.finish(made.json.id, 'completed', [output(100, 50), output(10, 25), { error: {} }])
    gateway.advance(600)
    await expect
      .poll(() => jobOf(made.requestId), QUICKLY)
      .toMatchObject({
        ...{ state: 'completed', cost: 50 + 100 + 5 + 50, correction: 205 - charged },
      })
    expect(before - (await remain())).toBe(205)
  })

  it('gives its output to its account, as soon as it is told of', async () => {
    const made = await create([line(chat())])
    office.finish(made.json.id, 'completed', [output(10, 10)])
    const { output_file_id: file = '' } = await client.batches.retrieve(made.json.id)
    expect(await (await client.files.content(file)).text()).toContain('prompt_tokens')
    expect(await codeOf(foreign.files.content(file))).toEqual(UNKNOWN)
    await expect.poll(() => jobOf(made.requestId), QUICKLY).toMatchObject({ cost: 25 })
  })

  it('that failed costs nothing; of one that was cancelled its answers are paid', async () => {
    const before = await remain()
    const failed = await create([line(chat())])
    office.finish(failed.json.id, 'failed')
    await client.batches.retrieve(failed.json.id)
    await expect.poll(() => jobOf(failed.requestId), QUICKLY).toMatchObject({ state: 'failed' })
    expect(await remain()).toBe(before)
    const cancelled = await create([line(chat())])
    expect((await client.batches.cancel(cancelled.json.id)).status).toBe('cancelling')
    office.finish(cancelled.json.id, 'cancelled', [output(2, 1)])
    gateway.advance(600)
    await expect
      .poll(() => jobOf(cancelled.requestId), QUICKLY)
      .toMatchObject({ state: 'cancelled', cost: 3 })
    expect(await remain()).toBe(before - 3)
  })

  it('is told of to its account alone', async () => {
    const first = (await create([line(chat())])).json.id
    const second = (await create([line(chat())])).json.id
    expect((await client.batches.list({ limit: 2 })).data.map(({ id }) => id)).toEqual([
      second,
      first,
    ])
    expect((await foreign.batches.list()).data).toEqual([])
    const ours = await upload([line(chat())])
    for (const call of [
      () => foreign.batches.retrieve(first),
      () => foreign.batches.cancel(first),
      () =>
        foreign.batches.create({
          ...{ input_file_id: ours, endpoint, completion_window: '24h' },
        }),
    ]) {
      expect(await codeOf(call())).toEqual(UNKNOWN)
    }
  })

  it('is refused, naming the line, where one of its calls would be', async () => {
    const theirs = await upload([line(chat())], foreign)
    const before = office.batches.size
    const content = [{ type: 'file', file: { file_id: theirs } }]
    for (const [lines, code, says] of [
      [[], 'invalid_request', 'holds no call'],
      [['{'], 'invalid_request', 'line 1'],
      [[line(chat()), line(chat({ model: 'renamed' }))], 'invalid_request', 'line 2: all calls'],
      [[line(chat(), { url: '/v1/embeddings' })], 'invalid_request', 'line 1: url must be'],
      [[line(chat({ stream: true }))], 'invalid_request', 'line 1: stream'],
      [[line(chat({ max_tokens: -1 }))], 'invalid_request', 'line 1: max_tokens'],
      [
        [
          '{"method":"POST","url":"/v1/chat/completions","body":{"model":"writer"},"body":{"model":"x"}}',
        ],
        'invalid_request',
        'twice',
      ],
      [[line(chat({ model: 'renamed' }))], 'unsupported_parameter', 'another name'],
      [[line(chat({ model: 'unpriced' }))], 'price_missing', 'no price'],
      [[line(chat({ model: 'nobody-has-it' }))], 'model_not_found', 'nobody-has-it'],
      [[line(chat({ messages: [{ role: 'user', content }] }))], 'object_not_found', theirs],
      [[line(chat({ max_tokens: 1_000_000 }))], 'quota_exhausted', 'it costs'],
    ] as const) {
      const refused = await create(lines)
      expect([refused.json.error?.code, refused.text], says).toEqual([
        code,
        expect.stringContaining(says),
      ])
    }
    for (const more of [
      { endpoint: '/v1/audio/speech' },
      { input_file_id: undefined },
      { model: 'writer' },
    ]) {
      expect((await create([line(chat())], more)).status).toBe(400)
    }
    const limited = await gateway.createKey({ model_limits_enabled: true, model_limits: 'other' })
    const input_file_id = await upload([line(chat())])
    const body = { input_file_id, endpoint, completion_window: '24h' }
    const refused = await gateway.call(body, limited.key, { path })
    expect([refused.status, refused.json.error.code]).toEqual([403, 'model_not_allowed'])
    expect(office.batches.size).toBe(before)
  })

  it('reserves what its model may write where a line sets no limit', async () => {
    const { max_tokens: _, ...unlimited } = chat()
    const before = await remain()
    const made = await create([line(unlimited)])
    expect(before - (await remain())).toBeGreaterThan(16_384 * 2)
    office.finish(made.json.id, 'expired')
    gateway.advance(600)
    await expect.poll(() => remain(), QUICKLY).toBe(before)
  })

  it('of responses and of embeddings is charged by what they report', async () => {
    for (const [url, body, usage, cost] of [
      [
        '/v1/responses',
        { input: 'a', max_output_tokens: 50 },
        { input_tokens: 20, output_tokens: 10 },
        30,
      ],
      ['/v1/embeddings', { input: 'a' }, { prompt_tokens: 40, total_tokens: 40 }, 20],
    ] as const) {
      const input = line({ model: 'writer', ...body }, { url })
      const made = await create([input], { endpoint: url })
      expect(made.status, made.text).toBe(200)
      const response = { status_code: 200, body: { id: 'x', output: [], usage } }
      office.finish(made.json.id, 'completed', [{ custom_id: 'a', response, error: null }])
      gateway.advance(600)
      await expect.poll(() => jobOf(made.requestId), QUICKLY).toMatchObject({ cost })
    }
  })

  it('is read one at a time for each account', async () => {
    const input_file_id = await upload([line(chat())])
    const body = { input_file_id, endpoint, completion_window: '24h' }
    const held = Promise.withResolvers<void>()
    office.held = held.promise
    const asked = office.calls.length
    const first = gateway.call(body, own.key, { path })
    await expect.poll(() => office.calls.length, QUICKLY).toBe(asked + 1)
    const second = await gateway.call(body, own.key, { path })
    expect([second.status, second.json.error.code]).toEqual([429, 'rate_limited'])
    held.resolve()
    office.held = undefined
    expect((await first).status).toBe(200)
    expect((await gateway.call(body, own.key, { path })).status).toBe(200)
  })

  it('whose output is long is read line by line', async () => {
    const made = await create([line(chat())])
    office.finish(
      made.json.id,
      'completed',
      Array.from({ length: 20_000 }, () => output(2, 1)),
    )
    gateway.advance(600)
    await expect.poll(() => jobOf(made.requestId), QUICKLY).toMatchObject({ cost: 60_000 })
  })

  it('goes on when its channel is gone, and its charge stands', async () => {
    const made = await create([line(chat())])
    const left = await remain()
    await gateway.manage('DELETE', `/api/channel/${channel.id}`)
    gateway.advance(600)
    await expect.poll(() => jobOf(made.requestId), QUICKLY).toMatchObject({ state: 'abandoned' })
    expect(await remain()).toBe(left)
  })
})
