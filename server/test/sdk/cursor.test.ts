import { describe, expect, it } from 'vitest'
import type { DialectName } from '../../src/dialects/dialect.ts'
import { PROVIDERS } from '../dialects/speakers.ts'
import type { Speech } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { received } from '../tools/received.ts'

/**
 * Cursor with a base URL of one's own. Its agent posts a body of OpenAI's Responses to `/v1/chat/completions` and reads
 * the answer as chat completions; elsewhere it sends chat completions, but single tools flat, as Responses has them.
 * (forum.cursor.com/t/159298, BerriAI/litellm#34029)
 */

const gateway = await sharedGateway()
const { upstream } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const NAMES: readonly DialectName[] = ['openai', 'responses', 'anthropic', 'gemini']

const PATCH = '*** Begin Patch\n*** End Patch\n'
const READ_FILE = {
  ...{ name: 'read_file', description: 'Reads a file.' },
  parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
}
const APPLY_PATCH = {
  ...{ type: 'custom', name: 'ApplyPatch', description: 'Edits files.' },
  format: { type: 'grammar', syntax: 'lark', definition: 'start: begin_patch' },
}
const said = (role: string, text: string) => ({
  role,
  content: [{ type: role === 'assistant' ? 'output_text' : 'input_text', text }],
})

const agent = (model: string, more: readonly object[] = []) => ({
  model,
  input: [{ role: 'system', content: 'You are an agent.' }, said('user', 'Read a.txt.'), ...more],
  tools: [{ type: 'function', strict: false, ...READ_FILE }, APPLY_PATCH],
  ...{ tool_choice: 'auto', stream: true, store: false, user: 'auth0|user_1' },
  include: ['reasoning.encrypted_content'],
  reasoning: { effort: 'medium', summary: 'auto' },
  text: { verbosity: 'low' },
  stream_options: { include_usage: true },
})

const ask = (model: string) => ({
  ...{ model, stream: true, stream_options: { include_usage: true } },
  messages: [{ role: 'user', content: 'Read a.txt.' }],
  tools: [{ type: 'function', function: READ_FILE }, APPLY_PATCH],
})

type Loose = Readonly<Record<string, never>>

/** Chunks of chat completions, put together. */
async function heard(body: object) {
  const answered = await gateway.call(body as never, key)
  expect(answered.status, answered.text).toBe(200)
  expect(answered.text).toMatch(/data: \[DONE\]\n\n$/)
  const lines = answered.text.split('\n').filter((line) => line.startsWith('data: {'))
  const chunks = lines.map((line) => JSON.parse(line.slice(6)))
  for (const { object } of chunks) expect(object).toBe('chat.completion.chunk')
  const choices = chunks.flatMap((chunk) => chunk.choices)
  const deltas = choices.map(({ delta }) => delta)
  const calls = deltas.flatMap(({ tool_calls }) => (tool_calls ?? []) as readonly Loose[])
  const member = (name: string, of: string) =>
    calls.map((call) => (call[name] as Loose | undefined)?.[of] ?? '').join('')
  return {
    text: deltas.map(({ content }) => content ?? '').join(''),
    id: calls[0]?.id,
    function: { name: member('function', 'name'), arguments: member('function', 'arguments') },
    custom: { name: member('custom', 'name'), input: member('custom', 'input') },
    finish: choices.map(({ finish_reason }) => finish_reason).findLast(Boolean),
    usage: chunks.map(({ usage }) => usage).findLast(Boolean),
    record: await gateway.usageOf(answered.requestId),
  }
}

let nth = 0
async function offer(provider: DialectName, speech: Speech) {
  const { channel, script } = PROVIDERS[provider]
  const model = `${provider}-cursor-${++nth}`
  return gateway.offer(model, script(speech), { channel: channel(upstream.url) })
}

const USAGE = { input: 100, output: 20 }

for (const provider of NAMES) {
  describe(`Cursor with a provider that speaks ${provider}`, () => {
    it('is answered in chat completions, and charged once', async () => {
      const model = await offer(provider, { usage: USAGE })
      const { text, finish, usage, record } = await heard(agent(model))
      expect([text, finish]).toEqual(['Hello there.', 'stop'])
      expect(usage).toMatchObject({ prompt_tokens: 100, completion_tokens: 20 })
      expect(record).toMatchObject({ prompt_tokens: 100, completion_tokens: 20, quota: 180 })
      const sent = upstream.calls.at(-1)
      expect(received(provider, sent).tools).toEqual(['read_file', 'ApplyPatch'])
      expect(sent?.body.toString()).toContain('You are an agent.')
    })

    it('calls a tool and goes on with its result', async () => {
      const tool = { id: 'call_1', name: 'read_file', input: { path: 'a.txt' } }
      const model = await offer(provider, { texts: [], tool })
      const called = await heard(agent(model))
      expect(called).toMatchObject({
        function: { name: 'read_file', arguments: '{"path":"a.txt"}' },
        finish: 'tool_calls',
      })
      const { name, arguments: json } = called.function
      await heard(
        agent(model, [
          { type: 'function_call', call_id: called.id, name, arguments: json },
          { type: 'function_call_output', call_id: called.id, output: 'It is empty.' },
        ]),
      )
      const { calls, results } = received(provider, upstream.calls.at(-1))
      expect(calls).toEqual([{ name: 'read_file', input: { path: 'a.txt' } }])
      expect(results).toEqual([expect.stringContaining('It is empty.')])
    })

    it('defines single tools flat in chat completions', async () => {
      const model = await offer(provider, {})
      expect((await heard(ask(model))).text).toBe('Hello there.')
      const { tools } = received(provider, upstream.calls.at(-1))
      expect(tools).toEqual(['read_file', 'ApplyPatch'])
    })
  })
}

describe('a tool of Cursor that takes free text', () => {
  it.each(['openai', 'anthropic', 'gemini'] as const)('is called through %s', async (provider) => {
    const tool = { id: 'call_1', name: 'ApplyPatch', input: { input: PATCH } }
    const model = await offer(provider, { texts: [], tool })
    const expected = { custom: { name: 'ApplyPatch', input: PATCH }, finish: 'tool_calls' }
    expect(await heard(agent(model))).toMatchObject(expected)
    expect(await heard(ask(model))).toMatchObject(expected)
  })
})

describe('chat completions with input and no messages', () => {
  it('are plain where they are asked to be, and refused in the words of chat completions', async () => {
    const model = await offer('openai', { usage: USAGE })
    const plain = await gateway.call({ model, input: 'Say hello.' }, key)
    expect(plain.json).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'Hello there.' } }],
      usage: { prompt_tokens: 100, completion_tokens: 20 },
    })
    const streamed = await gateway.call({ model, input: 'Say hello.', stream: true }, key)
    // As a stream of chat completions that nobody asked to report.
    expect(streamed.text).not.toContain('"usage"')
    expect(upstream.calls.at(-1)?.json).toMatchObject({
      messages: [{ role: 'user', content: 'Say hello.' }],
    })
    const stored = await gateway.call({ model, input: 'a', previous_response_id: 'resp_1' }, key)
    expect([stored.status, stored.json.error.code]).toEqual([404, 'object_not_found'])
    const wrong = await gateway.call({ model, input: 1 }, key)
    expect([wrong.status, wrong.json.error.message]).toEqual([
      400,
      expect.stringContaining('input must be a string or a list of items'),
    ])
  })
})
