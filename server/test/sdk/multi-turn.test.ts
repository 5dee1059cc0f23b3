import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { type CallableTool, GoogleGenAI } from '@google/genai'
import { ChatOpenAI } from '@langchain/openai'
import { generateText, isStepCount, jsonSchema, streamText, tool } from 'ai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { DIALECT_NAMES, type DialectName } from '../../src/dialects/dialect.ts'
import { PROVIDERS } from '../dialects/speakers.ts'
import { inTurns } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { received } from '../tools/received.ts'

/** The loops in which libraries run tools by themselves: what they were told goes back as each provider wants it. */

// It says what it thinks of unknown models.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

const gateway = await sharedGateway()
const { upstream, url } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const apiKey = key

interface Place {
  readonly city: string
}
const SCHEMA = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
} as const
const ASKED = 'What is the weather?'
const weather = async ({ city }: Place) => `Rain in ${city}.`
const CALLS = [
  { id: 'call_a', name: 'weather', input: { city: 'Oslo' } },
  { id: 'call_b', name: 'weather', input: { city: 'Rome' } },
]

/** Resolves with the last answer's text. */
type Loop = (model: string) => Promise<string | null | undefined>

const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })

const runTools =
  (stream: boolean): Loop =>
  (model) => {
    const parameters = { ...SCHEMA, required: [...SCHEMA.required] }
    const parse = (json: string): Place => JSON.parse(json)
    const described = { name: 'weather', description: 'Tells it.', parameters }
    const run = { ...described, parse, function: weather }
    const asked = {
      ...{ model, messages: [{ role: 'user' as const, content: ASKED }] },
      tools: [{ type: 'function' as const, function: run }],
    }
    return stream
      ? openai.chat.completions.runTools({ ...asked, stream: true }).finalContent()
      : openai.chat.completions.runTools(asked).finalContent()
  }

const responsesLoop: Loop = async (model) => {
  const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: ASKED }]
  for (;;) {
    const { output, output_text } = await openai.responses.create({
      ...{ model, input: [...input], store: false, include: ['reasoning.encrypted_content'] },
      tools: [{ type: 'function', name: 'weather', parameters: { ...SCHEMA }, strict: false }],
    })
    const calls = output.filter((item) => item.type === 'function_call')
    if (calls.length === 0) return output_text
    input.push(...(output as OpenAI.Responses.ResponseInputItem[]))
    for (const { call_id, arguments: json } of calls) {
      const told = await weather(JSON.parse(json))
      input.push({ type: 'function_call_output', call_id, output: told })
    }
  }
}

/** It would leave the conversation with Anthropic, and sends all of it where that is refused. */
const toolRunner =
  (stream: boolean): Loop =>
  async (model) => {
    const client = new Anthropic({ baseURL: url, apiKey, maxRetries: 0 })
    const run = betaTool({
      ...{ name: 'weather', description: 'Tells it.', inputSchema: SCHEMA },
      run: (input) => weather(input as Place),
    })
    const message = await client.beta.messages
      .toolRunner({
        ...{ model, max_tokens: 500, messages: [{ role: 'user', content: ASKED }], stream },
        ...{ tools: [run], betas: ['interleaved-thinking-2025-05-14'] },
      })
      .runUntilDone()
    return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('')
  }

const callable: CallableTool = {
  tool: async () => ({
    functionDeclarations: [
      { name: 'weather', description: 'Tells it.', parametersJsonSchema: SCHEMA },
    ],
  }),
  callTool: (calls) =>
    Promise.all(
      calls.map(async ({ id, name = '', args }) => ({
        functionResponse: {
          ...(id !== undefined && { id }),
          name,
          response: { output: await weather(args as unknown as Place) },
        },
      })),
    ),
}
const google = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url } })
const config = { tools: [callable] }

type Model = Parameters<typeof generateText>[0]['model']
const steps = (model: Model) => ({
  ...{ model, prompt: ASKED, maxRetries: 0, stopWhen: isStepCount(3) },
  // Else it refers to items that OpenAI stored.
  providerOptions: { openai: { store: false } },
  tools: {
    weather: tool({ inputSchema: jsonSchema<Place>({ ...SCHEMA }), execute: weather }),
  },
})
const vercel =
  (modelOf: (id: string) => Model): Loop =>
  async (id) =>
    (await generateText(steps(modelOf(id)))).text
const vercelStream =
  (modelOf: (id: string) => Model): Loop =>
  async (id) =>
    streamText(steps(modelOf(id))).text

const langchain: Loop = async (model) => {
  const definition = { type: 'function', function: { name: 'weather', parameters: SCHEMA } }
  const bound = new ChatOpenAI({
    ...{ model, apiKey, maxRetries: 0, useResponsesApi: false },
    configuration: { baseURL: `${url}/v1` },
  }).bindTools([definition])
  const first = await bound.invoke([{ role: 'user', content: ASKED }])
  const results = await Promise.all(
    (first.tool_calls ?? []).map(async ({ id, args }) => ({
      ...{ role: 'tool' as const, tool_call_id: id ?? '' },
      content: await weather(args as Place),
    })),
  )
  return (await bound.invoke([{ role: 'user', content: ASKED }, first, ...results])).text
}

const ofOpenAi = createOpenAI({ baseURL: `${url}/v1`, apiKey })
const ofAnthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey })
const ofGoogle = createGoogle({ baseURL: `${url}/v1beta`, apiKey })

const LOOPS: Readonly<Record<string, Loop>> = {
  'openai, runTools': runTools(false),
  'openai, runTools, streaming': runTools(true),
  'openai, responses': responsesLoop,
  '@anthropic-ai/sdk, toolRunner': toolRunner(false),
  '@anthropic-ai/sdk, toolRunner, streaming': toolRunner(true),
  '@google/genai, automatic function calling': async (model) =>
    (await google.models.generateContent({ model, contents: ASKED, config })).text,
  '@google/genai, chats': async (model) =>
    (await google.chats.create({ model, config }).sendMessage({ message: ASKED })).text,
  'ai with openai, responses': vercel(ofOpenAi),
  'ai with openai, chat': vercel(ofOpenAi.chat),
  'ai with anthropic': vercel(ofAnthropic),
  'ai with google': vercel(ofGoogle),
  'ai with openai, responses, streaming': vercelStream(ofOpenAi),
  'ai with openai, chat, streaming': vercelStream(ofOpenAi.chat),
  'ai with anthropic, streaming': vercelStream(ofAnthropic),
  'ai with google, streaming': vercelStream(ofGoogle),
  '@langchain/openai': langchain,
}

let nth = 0
async function offer(provider: DialectName) {
  const { channel, script } = PROVIDERS[provider]
  const turns = inTurns(
    script({ texts: ['Let me look.'], tools: CALLS }),
    script({ texts: ['It rains ', 'everywhere.'] }),
  )
  return gateway.offer(`${provider}-loop-${++nth}`, turns, { channel: channel(upstream.url) })
}

for (const [name, loop] of Object.entries(LOOPS)) {
  describe(name, () => {
    for (const provider of DIALECT_NAMES) {
      it(`runs two tools at once for ${provider}`, async () => {
        const before = upstream.calls.length
        const model = await offer(provider)
        expect(await loop(model)).toBe('It rains everywhere.')
        expect(upstream.calls.length - before).toBe(2)
        const { calls, results } = received(provider, upstream.calls.at(-1))
        expect(calls).toEqual(CALLS.map(({ id: _id, ...call }) => call))
        expect(results).toEqual([
          expect.stringContaining('Rain in Oslo.'),
          expect.stringContaining('Rain in Rome.'),
        ])
      })
    }
  })
}

describe('the AI SDK where nobody stores what it refers to', () => {
  it('hears what to do', async () => {
    const model = await offer('anthropic')
    const { providerOptions: _stored, ...asked } = steps(ofOpenAi(model))
    await expect(generateText(asked)).rejects.toThrow('set store to false')
  })
})

describe('a thread that Anthropic would keep', () => {
  it('is refused in its own words, whoever the provider is', async () => {
    for (const provider of ['anthropic', 'openai'] as const) {
      const model = await offer(provider)
      const thread = { type: 'continue', previous_message_id: 'msg_of_somebody_else' }
      const messages = [{ role: 'user', content: 'Go on.' }]
      const body = { model, max_tokens: 100, messages, thread }
      const answered = await gateway.call(body, key, { path: '/v1/messages?beta=true' })
      expect([answered.status, answered.headers.get('x-error-code')]).toEqual([
        400,
        'thread_unsupported',
      ])
      expect(answered.json.error).toMatchObject({
        type: 'invalid_request_error',
        details: { error_code: 'thread_unsupported_request', unsupported: ['thread'] },
      })
    }
  })
})
