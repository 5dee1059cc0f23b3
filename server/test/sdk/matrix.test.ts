import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { ChatOpenAI } from '@langchain/openai'
import { generateText, jsonSchema, streamText, tool } from 'ai'
import PreviousAnthropic from 'anthropic-previous'
import { GoogleGenAI as PreviousGoogleGenAI } from 'genai-previous'
import OpenAI from 'openai'
import PreviousOpenAI from 'openai-previous'
import { describe, expect, it } from 'vitest'
import type { DialectName } from '../../src/dialects/dialect.ts'
import { PROVIDERS } from '../dialects/speakers.ts'
import type { Speech } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { sendJson } from '../tools/upstream-scripts.ts'

/** Every official library as a caller, against providers of every dialect, over real sockets. */

// It says what it thinks of unknown models.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

const gateway = await sharedGateway()
const { upstream, url } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const NAMES: readonly DialectName[] = ['openai', 'responses', 'anthropic', 'gemini']
const INPUT = { city: 'Oslo', days: 3 }
const SCHEMA = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const }, days: { type: 'integer' as const } },
  required: ['city'],
}
const FIGURES = { input: 100, output: 20 }

/** What a library gathers from an answer. */
interface Gathered {
  readonly text?: string | null | undefined
  readonly input?: number | undefined
  readonly output?: number | undefined
  readonly tool?: unknown
}

interface Library {
  plain(model: string): Promise<Gathered>
  stream(model: string): Promise<Gathered>
  tools(model: string): Promise<unknown>
  /** The status of the error that it throws. */
  refused(model: string): Promise<unknown>
}

const says = [{ role: 'user' as const, content: 'Say hello.' }]
const statusOf = async (call: () => Promise<unknown>) => {
  try {
    await call()
  } catch (error) {
    const { status, statusCode } = error as { status?: number; statusCode?: number }
    return status ?? statusCode ?? error
  }
  return 'it was not refused'
}

function chat(Sdk: typeof OpenAI): Library {
  const { chat } = new Sdk({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
  const plain = async (model: string): Promise<Gathered> => {
    const { choices, usage } = await chat.completions.create({ model, messages: says })
    const [first] = choices
    return {
      text: first?.message.content,
      input: usage?.prompt_tokens,
      output: usage?.completion_tokens,
    }
  }
  return {
    plain,
    async stream(model) {
      const options = { stream_options: { include_usage: true } }
      const runner = chat.completions.stream({ model, messages: says, ...options })
      const { choices, usage } = await runner.finalChatCompletion()
      expect(choices[0]?.finish_reason).toBe('stop')
      return {
        text: choices[0]?.message.content,
        input: usage?.prompt_tokens,
        output: usage?.completion_tokens,
      }
    },
    async tools(model) {
      const parameters = { ...SCHEMA }
      const runner = chat.completions.stream({
        ...{ model, messages: says },
        tools: [{ type: 'function', function: { name: 'weather', parameters } }],
      })
      const { choices } = await runner.finalChatCompletion()
      const [call] = choices[0]?.message.tool_calls ?? []
      return call?.type === 'function' ? JSON.parse(call.function.arguments) : undefined
    },
    refused: (model) => statusOf(() => plain(model)),
  }
}

function responses(Sdk: typeof OpenAI): Library {
  const client = new Sdk({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
  const plain = async (model: string): Promise<Gathered> => {
    const { output_text, usage } = await client.responses.create({ model, input: 'Say hello.' })
    return { text: output_text, input: usage?.input_tokens, output: usage?.output_tokens }
  }
  return {
    plain,
    async stream(model) {
      const stream = client.responses.stream({ model, input: 'Say hello.' })
      const { output_text, usage } = await stream.finalResponse()
      return { text: output_text, input: usage?.input_tokens, output: usage?.output_tokens }
    },
    async tools(model) {
      const stream = client.responses.stream({
        ...{ model, input: 'Say hello.' },
        tools: [{ type: 'function', name: 'weather', parameters: { ...SCHEMA }, strict: false }],
      })
      const { output } = await stream.finalResponse()
      const call = output.find(({ type }) => type === 'function_call')
      return call?.type === 'function_call' ? JSON.parse(call.arguments) : undefined
    },
    refused: (model) => statusOf(() => plain(model)),
  }
}

function anthropic(Sdk: typeof Anthropic): Library {
  const client = new Sdk({ baseURL: url, apiKey: key, maxRetries: 0 })
  const call = (model: string) => ({ model, messages: says, max_tokens: 500 })
  const gathered = ({ content, usage }: Anthropic.Message): Gathered => ({
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    input: usage.input_tokens,
    output: usage.output_tokens,
  })
  return {
    plain: async (model) => gathered(await client.messages.create(call(model))),
    stream: async (model) => gathered(await client.messages.stream(call(model)).finalMessage()),
    async tools(model) {
      const tools = [{ name: 'weather', input_schema: SCHEMA }]
      const message = await client.messages.stream({ ...call(model), tools }).finalMessage()
      expect(message.stop_reason).toBe('tool_use')
      const block = message.content.find(({ type }) => type === 'tool_use')
      return block?.type === 'tool_use' ? block.input : undefined
    },
    refused: (model) => statusOf(() => client.messages.create(call(model))),
  }
}

function google(Sdk: typeof GoogleGenAI): Library {
  const { models } = new Sdk({ apiKey: key, httpOptions: { baseUrl: url } })
  const contents = 'Say hello.'
  return {
    async plain(model) {
      const { text, usageMetadata } = await models.generateContent({ model, contents })
      return {
        text,
        input: usageMetadata?.promptTokenCount,
        output: usageMetadata?.candidatesTokenCount,
      }
    },
    async stream(model) {
      let text = ''
      let usage: { promptTokenCount?: number; candidatesTokenCount?: number } | undefined
      for await (const part of await models.generateContentStream({ model, contents })) {
        text += part.text ?? ''
        usage = part.usageMetadata ?? usage
      }
      return { text, input: usage?.promptTokenCount, output: usage?.candidatesTokenCount }
    },
    async tools(model) {
      const functionDeclarations = [{ name: 'weather', parametersJsonSchema: SCHEMA }]
      const config = { tools: [{ functionDeclarations }] }
      const found = []
      for await (const part of await models.generateContentStream({ model, contents, config })) {
        found.push(...(part.functionCalls ?? []))
      }
      return found[0]?.args
    },
    refused: (model) => statusOf(() => models.generateContent({ model, contents })),
  }
}

type Streaming = Parameters<typeof streamText>[0]
type Model = Parameters<typeof generateText>[0]['model']

function vercel(modelOf: (id: string) => Model): Library {
  const call = (id: string) => ({ model: modelOf(id), prompt: 'Say hello.', maxRetries: 0 })
  return {
    async plain(id) {
      const { text, usage } = await generateText(call(id))
      return { text, input: usage.inputTokens, output: usage.outputTokens }
    },
    async stream(id) {
      const streamed = streamText(call(id))
      const [text, usage] = await Promise.all([streamed.text, streamed.usage])
      return { text, input: usage.inputTokens, output: usage.outputTokens }
    },
    async tools(id) {
      const weather = tool({ inputSchema: jsonSchema<typeof INPUT>({ ...SCHEMA }) })
      const { toolCalls } = streamText({ ...call(id), tools: { weather } } as unknown as Streaming)
      return ((await toolCalls) as readonly { input: unknown }[])[0]?.input
    },
    refused: (id) => statusOf(() => generateText(call(id))),
  }
}

// Its own types lose what is in it.
function figuresOf(usage: unknown) {
  const { input_tokens, output_tokens } = (usage ?? {}) as Record<string, number | undefined>
  return { input: input_tokens, output: output_tokens }
}

function langchain(): Library {
  const client = (model: string) =>
    new ChatOpenAI({
      ...{ model, apiKey: key, maxRetries: 0, useResponsesApi: false },
      configuration: { baseURL: `${url}/v1` },
    })
  return {
    async plain(model) {
      const { text, usage_metadata: usage } = await client(model).invoke('Say hello.')
      return { text, ...figuresOf(usage) }
    },
    async stream(model) {
      let whole: Awaited<ReturnType<ChatOpenAI['invoke']>> | undefined
      for await (const part of await client(model).stream('Say hello.')) {
        whole = whole === undefined ? part : (whole as typeof part).concat(part)
      }
      return { text: whole?.text, ...figuresOf(whole?.usage_metadata) }
    },
    async tools(model) {
      const weather = { type: 'function', function: { name: 'weather', parameters: SCHEMA } }
      const { tool_calls } = await client(model).bindTools([weather]).invoke('Say hello.')
      return tool_calls?.[0]?.args
    },
    refused: (model) => statusOf(() => client(model).invoke('Say hello.')),
  }
}

const apiKey = key
const LIBRARIES: Readonly<Record<string, Library>> = {
  'openai, chat': chat(OpenAI),
  'openai, chat, previous major': chat(PreviousOpenAI as unknown as typeof OpenAI),
  'openai, responses': responses(OpenAI),
  'openai, responses, previous major': responses(PreviousOpenAI as unknown as typeof OpenAI),
  '@anthropic-ai/sdk': anthropic(Anthropic),
  '@anthropic-ai/sdk, previous major': anthropic(PreviousAnthropic as unknown as typeof Anthropic),
  '@google/genai': google(GoogleGenAI),
  '@google/genai, previous major': google(PreviousGoogleGenAI as unknown as typeof GoogleGenAI),
  'ai with openai, responses': vercel(createOpenAI({ baseURL: `${url}/v1`, apiKey })),
  'ai with openai, chat': vercel(createOpenAI({ baseURL: `${url}/v1`, apiKey }).chat),
  'ai with anthropic': vercel(createAnthropic({ baseURL: `${url}/v1`, apiKey })),
  'ai with google': vercel(createGoogle({ baseURL: `${url}/v1beta`, apiKey })),
  '@langchain/openai': langchain(),
}

let nth = 0
async function offer(provider: DialectName, speech: Speech): Promise<string> {
  const { channel, script } = PROVIDERS[provider]
  const model = `${provider}-${++nth}`
  return gateway.offer(model, script(speech), { channel: channel(upstream.url) })
}

for (const [name, library] of Object.entries(LIBRARIES)) {
  describe(name, () => {
    for (const provider of NAMES) {
      it(`chats with a provider that speaks ${provider}`, async () => {
        const model = await offer(provider, { usage: FIGURES })
        const expected = { text: 'Hello there.', input: 100, output: 20 }
        expect(await library.plain(model)).toMatchObject(expected)
        expect(await library.stream(model)).toMatchObject(expected)
      })

      it(`has its tools called by ${provider}`, async () => {
        const speech = { texts: [], tool: { id: 'call_1', name: 'weather', input: INPUT } }
        const model = await offer(provider, speech)
        expect(await library.tools(model)).toEqual(INPUT)
      })

      it(`throws what ${provider} refuses`, async () => {
        const model = await offer(provider, {})
        upstream.on(model, (_call, response) =>
          sendJson(response, 400, PROVIDERS[provider].refusal('too much of it')),
        )
        expect(await library.refused(model)).toBe(400)
      })
    }
  })
}
