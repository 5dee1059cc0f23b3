import type { DialectName } from '../../src/dialects/dialect.ts'
import { chatOf } from '../tools/dialect-chat.ts'
import { candidates, messages, responses, type Speech } from '../tools/dialect-scripts.ts'
import type { Script } from '../tools/upstream.ts'

/* How each dialect is spoken, and read, without any library. */

interface Provider {
  readonly channel: (url: string) => { readonly type: string; readonly base_url: string }
  readonly script: (speech: Speech) => Script
  readonly refusal: (message: string) => object
  /** Events up to its first words. */
  readonly begun: number
}

export const PROVIDERS: Readonly<Record<DialectName, Provider>> = {
  openai: {
    channel: (url) => ({ type: 'openai-compatible', base_url: `${url}/v1` }),
    script: chatOf,
    refusal: (message) => ({ error: { message, type: 'invalid_request_error', code: null } }),
    begun: 1,
  },
  responses: {
    channel: (url) => ({
      type: 'openai-compatible',
      base_url: `${url}/v1`,
      dialects: ['responses'],
    }),
    script: responses,
    refusal: (message) => ({ error: { message, type: 'invalid_request_error', code: null } }),
    begun: 5,
  },
  anthropic: {
    channel: (url) => ({ type: 'anthropic', base_url: url }),
    script: messages,
    refusal: (message) => ({ type: 'error', error: { type: 'invalid_request_error', message } }),
    begun: 4,
  },
  gemini: {
    channel: (url) => ({ type: 'gemini', base_url: url }),
    script: candidates,
    refusal: (message) => ({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }),
    begun: 1,
  },
}

interface Asked {
  readonly model: string
  readonly stream: boolean
  readonly tools: boolean
}

/** What a caller gathers from an answer. */
export interface Heard {
  readonly text: string
  readonly tool: { readonly name: string; readonly input: unknown } | undefined
  readonly finish: string
  readonly input: number
  readonly output: number
}

interface Caller {
  readonly headers: Readonly<Record<string, string>>
  readonly call: (asked: Asked) => { readonly path: string; readonly body: object }
  readonly hear: (text: string, stream: boolean) => Heard
  // biome-ignore lint/suspicious/noExplicitAny: refusals of several shapes
  readonly refusal: (json: any) => string
  /** In a stream that is whole. */
  readonly complete: string
}

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
}
const SAYS = 'Say hello.'

// biome-ignore lint/suspicious/noExplicitAny: events of several shapes
const eventsOf = (text: string): readonly any[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)))

export const CALLERS: Readonly<Record<DialectName, Caller>> = {
  openai: {
    headers: {},
    call: ({ model, stream, tools }) => ({
      path: '/v1/chat/completions',
      body: {
        ...{ model, messages: [{ role: 'user', content: SAYS }], max_tokens: 100 },
        ...(stream && { stream, stream_options: { include_usage: true } }),
        ...(tools && {
          tools: [{ type: 'function', function: { name: 'weather', parameters: SCHEMA } }],
        }),
      },
    }),
    hear(text, stream) {
      const parts = stream ? eventsOf(text) : [JSON.parse(text)]
      const choices = parts.flatMap(({ choices }) => choices)
      const said = choices.map(({ delta, message }) => delta ?? message)
      const calls = said.flatMap(({ tool_calls }) => tool_calls ?? [])
      const usage = parts.map((part) => part.usage).findLast(Boolean)
      return {
        text: said.map(({ content }) => content ?? '').join(''),
        tool: toolOf(
          calls.map((call) => [call.function.name ?? '', call.function.arguments ?? '']),
        ),
        finish: choices.map((choice) => choice.finish_reason).findLast(Boolean),
        input: usage?.prompt_tokens,
        output: usage?.completion_tokens,
      }
    },
    refusal: (json) => json.error.message,
    complete: '"finish_reason":"',
  },
  responses: {
    headers: {},
    call: ({ model, stream, tools }) => ({
      path: '/v1/responses',
      body: {
        ...{ model, input: SAYS, max_output_tokens: 100 },
        ...(stream && { stream }),
        ...(tools && { tools: [{ type: 'function', name: 'weather', parameters: SCHEMA }] }),
      },
    }),
    hear(text, stream) {
      const events = stream ? eventsOf(text) : []
      const whole = stream ? events.at(-1).response : JSON.parse(text)
      const output = whole.output as readonly Record<string, never>[]
      const call = output.find(({ type }) => type === 'function_call')
      const said = output.flatMap(({ content }) => (content ?? []) as readonly { text: string }[])
      const deltas = events.filter(({ type }) => type === 'response.output_text.delta')
      const streamed = deltas.map(({ delta }) => delta).join('')
      const joined = said.map((part) => part.text).join('')
      return {
        text: !stream || streamed === joined ? joined : `${streamed} is not ${joined}`,
        tool: call && toolOf([[call.name ?? '', call.arguments ?? '']]),
        finish: call === undefined ? 'stop' : 'tool_calls',
        input: whole.usage?.input_tokens,
        output: whole.usage?.output_tokens,
      }
    },
    refusal: (json) => json.error.message,
    complete: 'response.completed',
  },
  anthropic: {
    headers: { 'anthropic-version': '2023-06-01' },
    call: ({ model, stream, tools }) => ({
      path: '/v1/messages',
      body: {
        ...{ model, messages: [{ role: 'user', content: SAYS }], max_tokens: 100 },
        ...(stream && { stream }),
        ...(tools && { tools: [{ name: 'weather', input_schema: SCHEMA }] }),
      },
    }),
    hear(text, stream) {
      const finishes: Record<string, string> = { end_turn: 'stop', tool_use: 'tool_calls' }
      if (!stream) {
        const { content, stop_reason, usage } = JSON.parse(text)
        const call = content.find((block: { type: string }) => block.type === 'tool_use')
        return {
          text: content.map((block: { text?: string }) => block.text ?? '').join(''),
          tool: call && { name: call.name, input: call.input },
          finish: finishes[stop_reason] ?? stop_reason,
          input: usage.input_tokens,
          output: usage.output_tokens,
        }
      }
      const events = eventsOf(text)
      const deltas = events.flatMap(({ type, delta }) =>
        type === 'content_block_delta' ? [delta] : [],
      )
      const call = events.find(({ content_block }) => content_block?.type === 'tool_use')
      const json = deltas.map(({ partial_json }) => partial_json ?? '').join('')
      const end = events.find(({ type }) => type === 'message_delta')
      return {
        text: deltas.map((delta) => delta.text ?? '').join(''),
        tool: call && toolOf([[call.content_block.name, json]]),
        finish: finishes[end.delta.stop_reason] ?? end.delta.stop_reason,
        input: end.usage.input_tokens,
        output: end.usage.output_tokens,
      }
    },
    refusal: (json) => `${json.type}: ${json.error.message}`,
    complete: 'message_stop',
  },
  gemini: {
    headers: {},
    call: ({ model, stream, tools }) => ({
      path: `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
      body: {
        contents: [{ role: 'user', parts: [{ text: SAYS }] }],
        generationConfig: { maxOutputTokens: 100 },
        ...(tools && {
          tools: [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: SCHEMA }] }],
        }),
      },
    }),
    hear(text, stream) {
      const events = stream ? eventsOf(text) : [JSON.parse(text)]
      const found = events.flatMap((event) => event.candidates ?? [])
      const parts = found.flatMap(({ content }) => content?.parts ?? [])
      const call = parts.find(({ functionCall }) => functionCall !== undefined)?.functionCall
      const usage = events.map(({ usageMetadata }) => usageMetadata).findLast(Boolean)
      const isStop = found.some(({ finishReason }) => finishReason === 'STOP')
      return {
        text: parts.map((part) => part.text ?? '').join(''),
        tool: call && { name: call.name, input: call.args },
        finish: isStop ? (call === undefined ? 'stop' : 'tool_calls') : 'none',
        input: usage?.promptTokenCount,
        output: usage?.candidatesTokenCount,
      }
    },
    refusal: (json) => `${json.error.status}: ${json.error.message}`,
    complete: '"finishReason"',
  },
}

function toolOf(pieces: readonly (readonly [name: string, json: string])[]): Heard['tool'] {
  if (pieces.length === 0) return undefined
  const name = pieces.map(([part]) => part).join('')
  return { name, input: JSON.parse(pieces.map(([, part]) => part).join('')) }
}
