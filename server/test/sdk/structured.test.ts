import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema'
import { GoogleGenAI } from '@google/genai'
import { generateText, jsonSchema, Output } from 'ai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { DIALECT_NAMES, type DialectName } from '../../src/dialects/dialect.ts'
import { PROVIDERS } from '../dialects/speakers.ts'
import { sharedGateway } from '../tools/gateway.ts'

/** Answers by a schema: every library asks for them in its own way, and every provider hears of it in its own. */

// It says what it thinks of unknown models.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

const gateway = await sharedGateway()
const { upstream, url } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const apiKey = key

const SCHEMA = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const }, days: { type: 'integer' as const } },
  required: ['city', 'days'],
  additionalProperties: false as const,
} as const
const FOUND = { city: 'Oslo', days: 3 }
const ASKED = 'Where, and for how long?'
const says = [{ role: 'user' as const, content: ASKED }]

type Ask = (model: string) => Promise<unknown>

const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })
const anthropic = new Anthropic({ baseURL: url, apiKey, maxRetries: 0 })
const google = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url } })
const format = { name: 'stay', schema: { ...SCHEMA }, strict: true }

type Model = Parameters<typeof generateText>[0]['model']
const vercel =
  (modelOf: (id: string) => Model): Ask =>
  async (id) => {
    const schema = jsonSchema<typeof FOUND>({ ...SCHEMA, required: [...SCHEMA.required] })
    const asked = { model: modelOf(id), prompt: ASKED, maxRetries: 0 }
    return (await generateText({ ...asked, output: Output.object({ schema }) })).output
  }

const ASKING: Readonly<Record<string, Ask>> = {
  'openai, chat': async (model) => {
    const response_format = { type: 'json_schema' as const, json_schema: format }
    const asked = { model, messages: says, response_format }
    const { choices } = await openai.chat.completions.parse(asked)
    return choices[0]?.message.parsed
  },
  'openai, responses': async (model) => {
    const text = { format: { type: 'json_schema' as const, ...format } }
    return (await openai.responses.parse({ model, input: ASKED, text })).output_parsed
  },
  '@anthropic-ai/sdk': async (model) => {
    const output_config = { format: jsonSchemaOutputFormat(SCHEMA) }
    const asked = { model, messages: says, max_tokens: 500, output_config }
    return (await anthropic.messages.parse(asked)).parsed_output
  },
  '@google/genai': async (model) => {
    const config = { responseMimeType: 'application/json', responseJsonSchema: SCHEMA }
    const { text } = await google.models.generateContent({ model, contents: ASKED, config })
    return JSON.parse(text ?? '')
  },
  'ai with openai, responses': vercel(createOpenAI({ baseURL: `${url}/v1`, apiKey })),
  'ai with openai, chat': vercel(createOpenAI({ baseURL: `${url}/v1`, apiKey }).chat),
  'ai with anthropic': vercel(createAnthropic({ baseURL: `${url}/v1`, apiKey })),
  'ai with google': vercel(createGoogle({ baseURL: `${url}/v1beta`, apiKey })),
}

// biome-ignore lint/suspicious/noExplicitAny: bodies of four dialects
type Loose = any

const ASKED_FOR: Readonly<Record<DialectName, (body: Loose) => unknown>> = {
  openai: ({ response_format }) => response_format.json_schema.schema,
  responses: ({ text }) => text.format.schema,
  anthropic: ({ output_config, output_format }) => (output_config?.format ?? output_format).schema,
  gemini: ({ generationConfig: { responseJsonSchema, responseSchema } }) =>
    responseJsonSchema ?? responseSchema,
}

let nth = 0
async function offer(provider: DialectName, library: string) {
  const { channel, script } = PROVIDERS[provider]
  // A name that says to both ends that the model takes schemas.
  const isClaude = provider === 'anthropic' || library === 'ai with anthropic'
  const model = `${isClaude ? 'claude-sonnet-4-5' : provider}-${++nth}`
  const json = JSON.stringify(FOUND)
  const speech = { texts: [json.slice(0, 5), json.slice(5)] }
  return gateway.offer(model, script(speech), { channel: channel(upstream.url) })
}

for (const [name, ask] of Object.entries(ASKING)) {
  describe(name, () => {
    for (const provider of DIALECT_NAMES) {
      it(`gets an object by a schema from ${provider}`, async () => {
        const model = await offer(provider, name)
        expect(await ask(model)).toEqual(FOUND)
        const schema = ASKED_FOR[provider](upstream.calls.at(-1)?.json) as Loose
        expect(schema.required).toEqual(['city', 'days'])
        expect(String(schema.properties.days.type).toLowerCase()).toBe('integer')
      })
    }
  })
}
