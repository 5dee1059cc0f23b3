import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { PRICE } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { beginStream, sendJson } from '../tools/upstream-scripts.ts'
import { channelTo, keyOfAnother, startKeeper } from './keeper.ts'

const gateway = await sharedGateway()
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const others = await keyOfAnother(gateway)
const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 })
const foreign = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: others, maxRetries: 0 })
const MODEL = 'keeping'
await gateway.manage('PUT', `/api/price/${MODEL}`, PRICE)
const first = await startKeeper('first', [MODEL])
const second = await startKeeper('second', [MODEL])
const firstChannel = await channelTo(gateway, first, { models: [MODEL] })
const PATH = '/v1/responses'

const ask = (more: object = {}) => ({
  model: MODEL,
  input: 'Hello',
  max_output_tokens: 50,
  ...more,
})
const create = (more: object = {}) =>
  client.responses.create(ask(more) as { model: string; input: string })
const refused = async (call: PromiseLike<unknown>) => {
  const failure = await Promise.resolve(call).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(failure instanceof OpenAI.APIError)) throw new Error(`nothing was refused: ${failure}`)
  return [failure.status, failure.code]
}
const UNKNOWN = [404, 'object_not_found']

const made = await create()
const secondChannel = await channelTo(gateway, second, { models: [MODEL], priority: 9 })

describe('an answer that its provider keeps', () => {
  it('is gone on from where it is, though another channel has the higher priority', async () => {
    first.asked()
    const elsewhere = await create()
    expect(elsewhere.id).toContain('second')
    const next = await create({ previous_response_id: made.id })
    expect(next.id).toContain('first')
    const stream = await client.responses.create({
      ...ask({ previous_response_id: next.id }),
      stream: true,
    } as never)
    let last = ''
    for await (const event of stream as never as AsyncIterable<{ response?: { id: string } }>) {
      last = event.response?.id ?? last
    }
    expect(last).toContain('first')
    expect((await create({ previous_response_id: last })).id).toContain('first')
    expect(first.asked()).toEqual(Array.from({ length: 3 }, () => `POST ${PATH}`))
  })

  it('is read, gone through, cancelled and deleted at its provider by its account alone', async () => {
    const { id } = await create({ previous_response_id: made.id })
    second.asked()
    first.asked()
    for (const call of [
      () => foreign.responses.retrieve(id),
      () => foreign.responses.cancel(id),
      () => foreign.responses.inputItems.list(id),
      () => foreign.responses.delete(id),
      () => foreign.responses.create({ model: MODEL, input: 'a', previous_response_id: id }),
      () => client.responses.retrieve('resp_of_nobody'),
      () => create({ previous_response_id: 'resp_of_nobody' }),
    ]) {
      expect(await refused(call())).toEqual(UNKNOWN)
    }
    expect([first.asked(), second.asked()]).toEqual([[], []])
    expect((await client.responses.retrieve(id)).id).toBe(id)
    expect((await client.responses.inputItems.list(id)).data).toHaveLength(1)
    expect((await client.responses.cancel(id)).id).toBe(id)
    await client.responses.delete(id)
    expect(first.asked()).toEqual([
      `GET ${PATH}/${id}`,
      `GET ${PATH}/${id}/input_items`,
      `POST ${PATH}/${id}/cancel`,
      `DELETE ${PATH}/${id}`,
    ])
    expect(await refused(client.responses.retrieve(id))).toEqual(UNKNOWN)
    expect(await refused(create({ previous_response_id: id }))).toEqual(UNKNOWN)
  })

  it('is not known where it was not to be kept, or comes from a translation', async () => {
    expect(await refused(client.responses.retrieve((await create({ store: false })).id))).toEqual(
      UNKNOWN,
    )
    await gateway.offer('translated')
    const translated = await client.responses.create({ model: 'translated', input: 'a' })
    expect(await refused(client.responses.retrieve(translated.id))).toEqual(UNKNOWN)
  })

  it('is not mistaken for what its caller wrote, however long it is', async () => {
    const long = await startKeeper('long', ['long'], { padding: 1_500_000 })
    await gateway.manage('PUT', '/api/price/long', PRICE)
    await channelTo(gateway, long, { models: ['long'] })
    const victim = await foreign.responses.create({ model: 'long', input: 'a' })
    const metadata = { id: victim.id }
    const { id } = await client.responses.create({ model: 'long', input: 'a', metadata })
    expect((await client.responses.retrieve(id)).id).toBe(id)
    expect(await refused(client.responses.retrieve(victim.id))).toEqual(UNKNOWN)
    expect((await foreign.responses.retrieve(victim.id)).id).toBe(victim.id)
  })

  it('belongs to whom its provider issued the id last', async () => {
    const again = await startKeeper('again', ['again'])
    await gateway.manage('PUT', '/api/price/again', PRICE)
    await channelTo(gateway, again, { models: ['again'] })
    again.upstream.on('again', (_call, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const usage = { input_tokens: 1, output_tokens: 1 }
      response.end(JSON.stringify({ id: 'resp_1', object: 'response', output: [], usage }))
    })
    const asked = { model: 'again', input: 'a' }
    await client.responses.create(asked)
    await foreign.responses.create(asked)
    expect(
      await refused(client.responses.create({ ...asked, previous_response_id: 'resp_1' })),
    ).toEqual(UNKNOWN)
    await foreign.responses.create({ ...asked, previous_response_id: 'resp_1' })
  })
})

describe('what an answer before it adds', () => {
  it('is reserved', async () => {
    const dear = await startKeeper('dear', ['dear'], { figures: { input: 90_000, output: 10_000 } })
    await gateway.manage('PUT', '/api/price/dear', PRICE)
    await channelTo(gateway, dear, { models: ['dear'] })
    const { id } = await client.responses.create({ model: 'dear', input: 'a' })
    const poor = await gateway.createKey({ remain_quota: 50_000 })
    const body = { model: 'dear', input: 'a', max_output_tokens: 100 }
    dear.asked()
    const answered = await gateway.call({ ...body, previous_response_id: id }, poor.key, {
      path: PATH,
    })
    expect([answered.status, answered.json.error.code]).toEqual([403, 'quota_exhausted'])
    expect(dear.asked()).toEqual([])
    // Without it the key can pay for the call.
    expect((await gateway.call(body, poor.key, { path: PATH })).status).toBe(200)
  })
})

describe('the channel that keeps an answer', () => {
  it('is asked with the key that the answer was made with', async () => {
    const keyed = await startKeeper('keyed', ['keyed'])
    await gateway.manage('PUT', '/api/price/keyed', PRICE)
    const keys = ['a', 'b', 'c'].map((name) => gateway.secret(`upstream-secret-${name}-0123456789`))
    await channelTo(gateway, keyed, { models: ['keyed'], keys })
    const sent = () => keyed.upstream.calls.at(-1)?.headers.authorization
    const asked = { model: 'keyed', input: 'a' }
    await client.responses.create(asked)
    const { id } = await client.responses.create(asked)
    const by = sent()
    for (let round = 0; round < 4; round++) {
      await client.responses.create({ ...asked, previous_response_id: id })
      expect(sent()).toBe(by)
      await client.responses.retrieve(id)
      expect(sent()).toBe(by)
    }
  })

  it('is the only one that can serve it', async () => {
    const path = PATH
    const change = (fields: object) =>
      gateway.manage('PUT', `/api/channel/${firstChannel.id}`, fields)
    const next = () => gateway.call(ask({ previous_response_id: made.id }), key, { path })
    const codes = async () => {
      const [called, read] = [
        await next(),
        await gateway.call('', key, { path: `${PATH}/${made.id}`, method: 'GET' }),
      ]
      return [called.status, called.json.error.code, read.status, read.json.error?.code]
    }
    await change({ models: ['another'] })
    expect((await codes()).slice(0, 2)).toEqual([404, 'model_not_found'])
    await change({ models: [MODEL], status: 2 })
    expect(await codes()).toEqual([503, 'no_channel_available', 503, 'no_channel_available'])
    await gateway.manage('POST', '/api/group/', { name: 'elsewhere' })
    await change({ status: 1, groups: ['elsewhere'] })
    expect(await codes()).toEqual([404, 'object_not_found', 404, 'object_not_found'])
    await change({ groups: ['default'], dialects: ['openai'] })
    expect((await codes()).slice(0, 2)).toEqual([400, 'unsupported_parameter'])
    await gateway.manage('DELETE', `/api/channel/${firstChannel.id}`)
    expect(await codes()).toEqual([404, 'object_not_found', 404, 'object_not_found'])
    expect((await next()).text).toContain('deleted')
  })
})

describe('conversations, containers and compactions', () => {
  it('conversations belong to their account, and are billed as what they hold', async () => {
    const { id } = await client.conversations.create({
      items: [{ type: 'message', role: 'user', content: 'x'.repeat(60_000) }],
    })
    expect(id).toContain('second')
    await create({ conversation: id })
    await client.conversations.items.list(id)
    for (const call of [
      () => foreign.conversations.retrieve(id),
      () => foreign.conversations.update(id, { metadata: {} }),
      () => foreign.conversations.items.list(id),
      () => foreign.conversations.items.retrieve('msg_0', { conversation_id: id }),
      () => foreign.conversations.items.create(id, { items: [] }),
      () => foreign.conversations.delete(id),
      () => foreign.responses.create({ model: MODEL, input: 'a', conversation: id }),
      () => foreign.responses.create({ model: MODEL, input: 'a', conversation: { id } }),
    ]) {
      expect(await refused(call())).toEqual(UNKNOWN)
    }
    const fresh = await client.conversations.create({
      items: [{ type: 'message', role: 'user', content: 'x'.repeat(60_000) }],
    })
    const poor = await gateway.createKey({ remain_quota: 50_000 })
    const answered = await gateway.call(ask({ conversation: fresh.id }), poor.key, { path: PATH })
    expect([answered.status, answered.json.error.code]).toEqual([403, 'quota_exhausted'])
    await client.conversations.delete(id)
    expect(await refused(create({ conversation: id }))).toEqual(UNKNOWN)
  })

  it('containers belong to the account whose code ran there', async () => {
    const tool = (container: unknown) => ({ tools: [{ type: 'code_interpreter', container }] })
    const { output } = await create(tool({ type: 'auto' }))
    const id = (output[0] as { container_id: string }).container_id
    await create(tool(id))
    const asked = ask(tool(id)) as { model: string; input: string }
    expect(await refused(foreign.responses.create(asked))).toEqual(UNKNOWN)
    // Nor does it become another's because a provider tells that one of it.
    second.upstream.on('telling', (_call, response) => {
      const usage = { input_tokens: 1, output_tokens: 1 }
      const told = [{ type: 'code_interpreter_call', container_id: id }]
      const conversation = { id: kept.id }
      sendJson(response, 200, { id: 'resp_telling', conversation, output: told, usage })
    })
    const kept = await client.conversations.create({})
    await gateway.manage('PUT', '/api/price/telling', PRICE)
    await gateway.manage('PUT', `/api/channel/${secondChannel.id}`, { models: [MODEL, 'telling'] })
    await foreign.responses.create({ model: 'telling', input: 'a' })
    expect(await refused(foreign.responses.create(asked))).toEqual(UNKNOWN)
    expect(await refused(foreign.conversations.retrieve(kept.id))).toEqual(UNKNOWN)
    await create(tool(id))
    await client.conversations.retrieve(kept.id)
  })

  it("so do Anthropic's", async () => {
    const { upstream } = gateway
    const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude' }
    let runs = 0
    const usage = { input_tokens: 5, output_tokens: 5 }
    const content = [{ type: 'text', text: 'Done.' }]
    await gateway.offer(
      'claude',
      (call, response) => {
        const stop = { stop_reason: 'end_turn', container: { id: `container_${runs}` } }
        if (call.json?.stream !== true) {
          return sendJson(response, 200, { ...head, content, ...stop, usage })
        }
        beginStream(response)
        for (const event of [
          { type: 'message_start', message: { ...head, content: [], usage } },
          { type: 'message_delta', delta: stop, usage },
          { type: 'message_stop' },
        ]) {
          response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
        }
        return void response.end()
      },
      { channel: { type: 'anthropic', base_url: upstream.url } },
    )
    const messages = [{ role: 'user', content: 'Run it.' }]
    const body = { model: 'claude', max_tokens: 10, messages }
    const tools = [{ type: 'code_execution_20250825', name: 'code_execution' }]
    const path = '/v1/messages'
    for (const stream of [false, true]) {
      const [whose, whoseNot] = stream ? [others, key] : [key, others]
      const again = { ...body, container: `container_${++runs}` }
      expect((await gateway.call({ ...body, tools, stream }, whose, { path })).status).toBe(200)
      expect((await gateway.call(again, whose, { path })).status).toBe(200)
      const foreigner = await gateway.call(again, whoseNot, { path })
      expect([foreigner.status, foreigner.headers.get('x-error-code')]).toEqual(UNKNOWN)
    }
  })

  it("compactions are charged, and read only what is their account's", async () => {
    const { id } = await create()
    const body = { model: MODEL, previous_response_id: id }
    const path = `${PATH}/compact`
    const answered = await gateway.call(body, key, { path })
    expect(answered.status, answered.text).toBe(200)
    expect(second.upstream.calls.at(-1)?.path).toBe(path)
    expect(await gateway.usageOf(answered.requestId)).toMatchObject({ quota: 30 + 20 * 4 })
    const other = await gateway.call(body, others, { path })
    expect([other.status, other.json.error.code]).toEqual(UNKNOWN)
  })
})
