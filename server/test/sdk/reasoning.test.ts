import Anthropic from '@anthropic-ai/sdk'
import { type Content, GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { DIALECT_NAMES, type DialectName } from '../../src/dialects/dialect.ts'
import { PROVIDERS } from '../dialects/speakers.ts'
import { inTurns, type Speech } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { received } from '../tools/received.ts'

/** What a provider signed goes back to it unchanged through every library, and to nobody else. */

const gateway = await sharedGateway()
const { upstream, url } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })

const SIGNATURE = 'U2lnbmVkIGJ5IGl0cyBpc3N1ZXI='
/** How marks of other providers begin when they travel. */
const WRAPPED = 'dHBr'
const THINKS: Speech = {
  texts: ['Let me look.'],
  thinking: { text: 'Where is it?', signature: SIGNATURE },
  tool: { id: 'call_1', name: 'weather', input: { city: 'Oslo' } },
}
const SCHEMA = { type: 'object' as const, properties: { city: { type: 'string' as const } } }

/** A conversation that one library keeps. Its turns are answered by whichever model is asked. */
interface Talk {
  turn(model: string): Promise<void>
}

function messages(stream: boolean): Talk {
  const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 })
  const said: Anthropic.MessageParam[] = [{ role: 'user', content: 'Weather?' }]
  return {
    async turn(model) {
      const asked = {
        ...{ model, messages: [...said], max_tokens: 4_096 },
        thinking: { type: 'enabled' as const, budget_tokens: 2_048 },
        tools: [{ name: 'weather', input_schema: SCHEMA }],
      }
      const { content } = stream
        ? await client.messages.stream(asked).finalMessage()
        : await client.messages.create(asked)
      said.push({ role: 'assistant', content: content as Anthropic.ContentBlockParam[] })
      const results = content.flatMap((block) =>
        block.type === 'tool_use'
          ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: 'Rain.' }]
          : [],
      )
      said.push({ role: 'user', content: results.length > 0 ? results : 'And now?' })
    },
  }
}

function responses(stream: boolean): Talk {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
  const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: 'Weather?' }]
  return {
    async turn(model) {
      const asked = {
        ...{ model, input: [...input], store: false },
        include: ['reasoning.encrypted_content' as const],
        reasoning: { effort: 'medium' as const, summary: 'auto' as const },
        tools: [
          { type: 'function' as const, name: 'weather', parameters: { ...SCHEMA }, strict: false },
        ],
      }
      const { output } = stream
        ? await client.responses.stream(asked).finalResponse()
        : await client.responses.create(asked)
      input.push(...(output as OpenAI.Responses.ResponseInputItem[]))
      for (const item of output) {
        if (item.type !== 'function_call') continue
        input.push({ type: 'function_call_output', call_id: item.call_id, output: 'Rain.' })
      }
      input.push({ role: 'user', content: 'And now?' })
    },
  }
}

function gemini(stream: boolean): Talk {
  const { models } = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } })
  const contents: Content[] = [{ role: 'user', parts: [{ text: 'Weather?' }] }]
  return {
    async turn(model) {
      const config = {
        tools: [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: SCHEMA }] }],
        thinkingConfig: { includeThoughts: true, thinkingBudget: 2_048 },
      }
      const asked = { model, contents: [...contents], config }
      const parts = []
      if (stream) {
        for await (const chunk of await models.generateContentStream(asked))
          parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []))
      } else {
        const { candidates } = await models.generateContent(asked)
        parts.push(...(candidates?.[0]?.content?.parts ?? []))
      }
      contents.push({ role: 'model', parts })
      const answers = parts.flatMap(({ functionCall: call }) =>
        call === undefined
          ? []
          : [
              {
                functionResponse: {
                  ...(call.id !== undefined && { id: call.id }),
                  name: call.name ?? '',
                  response: { output: 'Rain.' },
                },
              },
            ],
      )
      contents.push({ role: 'user', parts: answers.length > 0 ? answers : [{ text: 'And now?' }] })
    },
  }
}

function chat(): Talk {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
  const said: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Weather?' }]
  return {
    async turn(model) {
      const { choices } = await client.chat.completions.create({
        ...{ model, messages: [...said], reasoning_effort: 'medium' },
        tools: [{ type: 'function', function: { name: 'weather', parameters: { ...SCHEMA } } }],
      })
      const message = choices[0]?.message
      if (message === undefined) throw new Error('no message')
      said.push(message)
      for (const { id } of message.tool_calls ?? [])
        said.push({ role: 'tool', tool_call_id: id, content: 'Rain.' })
      said.push({ role: 'user', content: 'And now?' })
    },
  }
}

const TALKS: Readonly<
  Record<string, { readonly speaks: DialectName; readonly begin: () => Talk }>
> = {
  'openai, chat': { speaks: 'openai', begin: chat },
  'openai, responses': { speaks: 'responses', begin: () => responses(false) },
  'openai, responses, streaming': { speaks: 'responses', begin: () => responses(true) },
  '@anthropic-ai/sdk': { speaks: 'anthropic', begin: () => messages(false) },
  '@anthropic-ai/sdk, streaming': { speaks: 'anthropic', begin: () => messages(true) },
  '@google/genai': { speaks: 'gemini', begin: () => gemini(false) },
  '@google/genai, streaming': { speaks: 'gemini', begin: () => gemini(true) },
}

// biome-ignore lint/suspicious/noExplicitAny: bodies of four dialects
type Loose = any

/** Where each provider looks for what it signed: before the call that came of it, or on it. */
const SIGNED: Readonly<Record<DialectName, (body: Loose) => unknown>> = {
  openai: ({ messages }) => messages[1].reasoning_details?.[0]?.signature,
  responses: ({ input }) => {
    const at = input.findIndex(({ type }: Loose) => type === 'reasoning')
    const call = input.findIndex(({ type }: Loose) => type === 'function_call')
    return at < call ? input[at]?.encrypted_content : 'behind the call'
  },
  anthropic: ({ messages }) => {
    const [first] = messages[1].content
    return first.type === 'thinking' && first.thinking === 'Where is it?' && first.signature
  },
  gemini: ({ contents }) =>
    contents[1].parts.find(({ functionCall }: Loose) => functionCall)?.thoughtSignature,
}

let nth = 0
async function offer(provider: DialectName, ...speeches: readonly Speech[]) {
  const { channel, script } = PROVIDERS[provider]
  const scripts = speeches.map(script)
  // Names that tell what the model can: it thinks.
  const model = `${provider === 'anthropic' ? 'claude-opus-4-1' : provider}-thinks-${++nth}`
  return gateway.offer(model, inTurns(...scripts), { channel: channel(upstream.url) })
}

for (const [name, { begin, speaks }] of Object.entries(TALKS)) {
  describe(name, () => {
    for (const issuer of DIALECT_NAMES) {
      it(`brings ${issuer} back what it signed, and nobody else`, async () => {
        const talk = begin()
        const model = await offer(issuer, THINKS, {})
        await talk.turn(model)
        await talk.turn(model)
        const again = upstream.calls.at(-1)
        expect(received(issuer, again).calls).toEqual([
          { name: 'weather', input: { city: 'Oslo' } },
        ])
        expect(SIGNED[issuer](again?.json)).toBe(SIGNATURE)
        for (const other of DIALECT_NAMES.filter((dialect) => dialect !== issuer)) {
          await talk.turn(await offer(other, {}))
          const sent = upstream.calls.at(-1)
          // In chat completions they may stay: those providers read over them, and Gemini may be behind one.
          if (other === 'openai' && (speaks === 'openai' || issuer === 'gemini')) continue
          expect(sent?.body.toString()).not.toContain(SIGNATURE)
          expect(sent?.body.toString()).not.toContain(WRAPPED)
          expect(received(other, sent).results).toEqual([expect.stringContaining('Rain.')])
        }
      })
    }
  })
}

describe('thinking that nobody may read', () => {
  it.each([['openai, responses', 'openai, chat', '@google/genai', '@anthropic-ai/sdk']].flat())(
    'comes back to Anthropic through %s',
    async (name) => {
      const talk = TALKS[name]?.begin()
      const redacted = 'UmVkYWN0ZWQ='
      const { thinking: _none, ...speech } = THINKS
      const model = await offer('anthropic', { ...speech, redacted }, {})
      await talk?.turn(model)
      await talk?.turn(model)
      const body: Loose = upstream.calls.at(-1)?.json
      expect(body.messages[1].content[0]).toEqual({ type: 'redacted_thinking', data: redacted })
    },
  )
})

describe('a conversation that another model had begun', () => {
  it('keeps what its own provider signed, byte for byte where nothing has to go', async () => {
    const model = await offer('anthropic', {})
    const thinking = { type: 'thinking', thinking: 'Hm.', signature: SIGNATURE }
    const said = [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: [thinking, { type: 'text', text: 'Hello.' }] },
      { role: 'user', content: 'And now?' },
    ]
    const ask = async (messages: object) => {
      const body = JSON.stringify({ model, max_tokens: 100, messages }, null, 1)
      const answered = await gateway.call(body, key, { path: '/v1/messages' })
      expect(answered.status, answered.text).toBe(200)
      return { body, sent: upstream.calls.at(-1) }
    }
    const { body, sent } = await ask(said)
    expect(sent?.body.toString()).toBe(body)
    // Budgets of thinking are for turns that began with it.
    const called = { type: 'tool_use', id: 't', name: 'weather', input: {} }
    const result = { type: 'tool_result', tool_use_id: 't', content: 'Rain.' }
    const amidst = {
      ...{ model, max_tokens: 4_096, thinking: { type: 'enabled', budget_tokens: 2_048 } },
      context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
      messages: [
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', content: [{ ...thinking, signature: '' }, called] },
        { role: 'user', content: [result] },
      ],
    }
    await gateway.call(amidst, key, { path: '/v1/messages' })
    expect(upstream.calls.at(-1)?.json).toMatchObject({
      ...{ thinking: { type: 'disabled' }, context_management: { edits: [] } },
      messages: [{ role: 'user' }, { content: [called] }, { content: [result] }],
    })
    const unsigned = { role: 'assistant', content: [{ ...thinking, signature: '' }] }
    const again = await ask([...said, unsigned, { role: 'user', content: 'So?' }])
    expect(again.sent?.json?.messages).toEqual([
      ...said,
      { role: 'assistant', content: [{ type: 'text', text: '(Thought.)' }] },
      { role: 'user', content: 'So?' },
    ])
  })
})
