import OpenAI from 'openai'
import PreviousOpenAI from 'openai-previous'
import { describe, expect, it } from 'vitest'
import { hangs, refuses } from '../tools/bad-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { upstream } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const messages = [{ role: 'user' as const, content: 'Say hello.' }]

await gateway.offer('chat', answers({ text: 'Hello there.' }))
await gateway.offer('stream', streams({ events: 4, usage: { prompt: 3, completion: 4 } }))
const call = {
  index: 0,
  id: 'call_1',
  type: 'function',
  function: { name: 'weather', arguments: '' },
}
await gateway.offer(
  'tools',
  answers({
    message: {
      content: null,
      tool_calls: [{ ...call, function: { name: 'weather', arguments: '{"city":"Oslo"}' } }],
    },
  }),
)
await gateway.offer(
  'tool-stream',
  streams({
    deltas: [
      { role: 'assistant', content: null, tool_calls: [call] },
      { tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '"Oslo"}' } }] },
    ],
  }),
)

const tools = [
  {
    type: 'function' as const,
    function: {
      name: 'weather',
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
    },
  },
]

// Both majors have the calls that are used here, with types that only differ where nothing is looked at.
for (const [major, Sdk] of [
  ['current', OpenAI],
  ['previous', PreviousOpenAI as unknown as typeof OpenAI],
] as const) {
  const client = (more: { apiKey?: string; maxRetries?: number } = {}) =>
    new Sdk({ baseURL: `${gateway.url}/v1`, apiKey: `sk-${key}`, maxRetries: 0, ...more })

  describe(`the ${major} major of the openai package`, () => {
    it('chats', async () => {
      const { data, response } = await client()
        .chat.completions.create({ model: 'chat', messages })
        .withResponse()
      expect(data.choices[0]?.message.content).toBe('Hello there.')
      expect(data.usage?.total_tokens).toBe(15)
      expect(data).toHaveProperty('_request_id', response.headers.get('x-request-id'))
    })

    it('streams, with and without usage', async () => {
      for (const include_usage of [true, false]) {
        const stream = await client().chat.completions.create({
          model: 'stream',
          messages,
          stream: true,
          ...(include_usage && { stream_options: { include_usage } }),
        })
        let [text, total] = ['', 0]
        for await (const chunk of stream) {
          text += chunk.choices[0]?.delta.content ?? ''
          total += chunk.usage?.total_tokens ?? 0
        }
        expect([text, total]).toEqual([' word0 word1 word2 word3', include_usage ? 7 : 0])
      }
    })

    it('streams with its own gathering of events', async () => {
      const runner = client().chat.completions.stream({ model: 'stream', messages })
      expect((await runner.finalChatCompletion()).choices[0]?.message.content).toContain('word3')
    })

    it('calls tools, plain and streaming', async () => {
      const plain = await client().chat.completions.create({ model: 'tools', messages, tools })
      const [asked] = plain.choices[0]?.message.tool_calls ?? []
      expect(asked).toMatchObject({ function: { name: 'weather', arguments: '{"city":"Oslo"}' } })
      expect(upstream.calls.at(-1)?.json?.tools).toEqual(tools)

      const runner = client().chat.completions.stream({ model: 'tool-stream', messages, tools })
      const gathered = await runner.finalMessage()
      expect(gathered.tool_calls?.[0]).toMatchObject({
        function: { name: 'weather', arguments: '{"city":"Oslo"}' },
      })
    })

    it('aborts, which the upstream notices', async () => {
      await gateway.offer(`endless-${major}`, streams({ events: 1e6, gapMs: 2 }))
      const arrived = upstream.next()
      const stream = await client().chat.completions.create({
        model: `endless-${major}`,
        messages,
        stream: true,
      })
      let seen = 0
      for await (const _chunk of stream) {
        seen += 1
        if (seen === 3) break
      }
      expect(await (await arrived).over).toBe('aborted')
    })

    it('aborts before the first byte', async () => {
      await gateway.offer(`hanging-${major}`, hangs)
      const leaving = new AbortController()
      const arrived = upstream.next()
      const asked = client().chat.completions.create(
        { model: `hanging-${major}`, messages },
        { signal: leaving.signal },
      )
      const { over } = await arrived
      leaving.abort()
      await expect(asked).rejects.toThrow(Sdk.APIUserAbortError)
      expect(await over).toBe('aborted')
    })

    it('lists and shows models', async () => {
      const ids: string[] = []
      for await (const model of client().models.list()) ids.push(model.id)
      expect(ids).toEqual(expect.arrayContaining(['chat', 'stream', 'tools']))
      expect((await client().models.retrieve('chat')).id).toBe('chat')
    })

    it('throws its own kinds of error, with our code and request id', async () => {
      const limited = await gateway.createKey({
        model_limits_enabled: true,
        model_limits: 'stream',
      })
      await gateway.offer(`picky-${major}`, refuses(400, 'no such parameter'))
      const thrown = (model: string, apiKey = key) =>
        client({ apiKey })
          .chat.completions.create({ model, messages })
          .then(
            () => assertNever(),
            (error: InstanceType<typeof Sdk.APIError>) => error,
          )
      const unknown = await thrown('chat', 'nonsense')
      expect(unknown).toBeInstanceOf(Sdk.AuthenticationError)
      expect(unknown).toMatchObject({ status: 401, code: 'key_malformed', type: 'comet_api_error' })
      expect(unknown.requestID).toMatch(/./)
      expect(unknown.message).toContain('invalid token')
      expect(await thrown('chat', limited.key)).toBeInstanceOf(Sdk.PermissionDeniedError)
      expect(await thrown('nowhere')).toBeInstanceOf(Sdk.NotFoundError)
      expect(await thrown(`picky-${major}`)).toBeInstanceOf(Sdk.BadRequestError)
    })

    it('does not try a refusal again, but a 429 as the upstream asks', async () => {
      const poor = await gateway.createKey({ remain_quota: 0 })
      const before = upstream.calls.length
      const asked = client({ apiKey: poor.key, maxRetries: 3 }).chat.completions.create({
        model: 'chat',
        messages,
      })
      await expect(asked).rejects.toBeInstanceOf(Sdk.PermissionDeniedError)
      expect(upstream.calls.length).toBe(before)

      let tries = 0
      await gateway.offer(`busy-${major}`, (call, response) => {
        tries += 1
        const script =
          tries < 3 ? refuses(429, 'busy', { headers: { 'retry-after-ms': '5' } }) : answers()
        return script(call, response)
      })
      const patient = client({ maxRetries: 3 })
      const { choices } = await patient.chat.completions.create({
        model: `busy-${major}`,
        messages,
      })
      expect([choices.length, tries]).toEqual([1, 3])

      await gateway.offer(`always-busy-${major}`, refuses(429, 'busy'))
      const hasty = client().chat.completions.create({ model: `always-busy-${major}`, messages })
      await expect(hasty).rejects.toBeInstanceOf(Sdk.RateLimitError)
    })

    it('sees an error in the middle of a stream as an error', async () => {
      await gateway.offer(`breaking-${major}`, (_call, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        const event = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
        response.write(event, () => response.socket?.destroy())
      })
      const stream = await client().chat.completions.create({
        model: `breaking-${major}`,
        messages,
        stream: true,
      })
      const read = async () => {
        for await (const _chunk of stream);
      }
      await expect(read()).rejects.toBeInstanceOf(Sdk.APIError)
    })
  })
}

function assertNever(): never {
  throw new Error('should have been refused')
}
