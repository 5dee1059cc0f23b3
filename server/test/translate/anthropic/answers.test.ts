import { describe, expect, it } from 'vitest'
import { anthropicCodec } from '../../../src/translate/anthropic/codec.ts'
import type { NeutralEvent } from '../../../src/translate/neutral/answer.ts'
import type { JsonObject, NeutralRequest } from '../../../src/translate/neutral/request.ts'
import { openaiCodec } from '../../../src/translate/openai/codec.ts'
import { assembled, readAll, sentEvents, writeAll } from '../streams.ts'

const ASKED = { model: 'm', stream: false }
const chat = (body: JsonObject): NeutralRequest =>
  openaiCodec.readRequest(
    { model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...body },
    ASKED,
  )
const context = (request: NeutralRequest) => ({ request, requestId: 'req_1', now: 1_700_000_000 })

/** From the documentation of extended thinking with tools, with a cache. */
const message = {
  id: 'msg_01',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-4-8',
  content: [
    { type: 'thinking', thinking: 'Weather.', signature: 'EqQB' },
    { type: 'redacted_thinking', data: 'EmwK' },
    { type: 'text', text: 'I will look.', citations: null },
    { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
    { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Delft' } },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage: {
    input_tokens: 10,
    cache_read_input_tokens: 100,
    cache_creation_input_tokens: 30,
    cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    output_tokens: 50,
    output_tokens_details: { thinking_tokens: 7 },
    service_tier: 'standard',
  },
}

const USED = {
  prompt: 140,
  completion: 50,
  cached: 100,
  cacheWrite: 10,
  cacheWrite1h: 20,
  reasoning: 7,
}

describe('an answer of Anthropic', () => {
  it('is read with its usage: what was cached is part of the input', () => {
    const answer = anthropicCodec.readAnswer(message)
    expect(answer).toMatchObject({ id: 'msg_01', usage: USED, serviceTier: 'default' })
    expect(answer?.choices[0]).toMatchObject({
      finish: 'tool_calls',
      parts: [
        { kind: 'reasoning', text: 'Weather.', mark: { value: 'EqQB' } },
        { kind: 'reasoning', mark: { value: 'EmwK', redacted: true } },
        { kind: 'text', text: 'I will look.' },
        { kind: 'tool_call', id: 'toolu_1', name: 'get_weather', input: '{"city":"Delft"}' },
      ],
    })
  })

  it('comes back to it unchanged, through a client of chat completions', () => {
    const answer = anthropicCodec.readAnswer(message)
    if (answer === undefined) throw new Error('no answer')
    const request = chat({ reasoning_effort: 'high' })
    const sent = JSON.parse(JSON.stringify(openaiCodec.writeAnswer(answer, context(request))))
    expect(sent).toMatchObject({
      id: 'chatcmpl-01',
      object: 'chat.completion',
      created: 1_700_000_000,
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          message: {
            role: 'assistant',
            content: 'I will look.',
            refusal: null,
            reasoning_content: 'Weather.',
            tool_calls: [{ id: 'toolu_1', type: 'function' }],
          },
        },
      ],
      usage: {
        prompt_tokens: 140,
        completion_tokens: 50,
        total_tokens: 190,
        prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 30 },
        completion_tokens_details: { reasoning_tokens: 7 },
      },
    })
    const next = chat({
      reasoning_effort: 'high',
      messages: [
        { role: 'user', content: 'Weather?' },
        sent.choices[0].message,
        { role: 'tool', tool_call_id: 'toolu_1', content: 'Rain' },
      ],
    })
    const body = anthropicCodec.writeRequest(next, 'claude-opus-4-8') as {
      messages: { content: unknown }[]
    }
    expect(body.messages[1]?.content).toEqual([
      { type: 'thinking', thinking: 'Weather.', signature: 'EqQB' },
      { type: 'redacted_thinking', data: 'EmwK' },
      { type: 'text', text: 'I will look.' },
      { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Delft' } },
    ])
    // Towards anybody else the marks are left out.
    expect(JSON.stringify(openaiCodec.writeRequest(next, 'deepseek-chat'))).not.toContain('EqQB')
  })

  it.each([
    ['refusal', 'refusal'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['stop_sequence', 'stop_sequence'],
    ['pause_turn', 'pause'],
    ['end_turn', 'stop'],
    ['something new', 'stop'],
  ])('that ended by %s ended by %s', (stop_reason, finish) => {
    expect(anthropicCodec.readAnswer({ ...message, stop_reason })?.choices[0]?.finish).toBe(finish)
  })

  it('says why it was refused', () => {
    const stop_details = { type: 'refusal', category: 'cyber', explanation: 'Not this.' }
    const refused = { ...message, content: [], stop_reason: 'refusal', stop_details }
    const answer = anthropicCodec.readAnswer(refused)
    if (answer === undefined) throw new Error('no answer')
    expect(openaiCodec.writeAnswer(answer, context(chat({})))).toMatchObject({
      choices: [{ finish_reason: 'stop', message: { content: null, refusal: 'Not this.' } }],
    })
  })
})

const sse = (events: readonly JsonObject[]) =>
  events.map((event) => ({ name: String(event.type), data: JSON.stringify(event) }))
const block = (index: number, content_block: JsonObject) => ({
  type: 'content_block_start',
  index,
  content_block,
})
const delta = (index: number, bit: JsonObject) => ({
  type: 'content_block_delta',
  index,
  delta: bit,
})
const stop = (index: number) => ({ type: 'content_block_stop', index })

const stream = sse([
  {
    type: 'message_start',
    message: {
      ...message,
      content: [],
      stop_reason: null,
      usage: { ...message.usage, output_tokens: 1 },
    },
  },
  block(0, { type: 'thinking', thinking: '', signature: '' }),
  { type: 'ping' },
  delta(0, { type: 'thinking_delta', thinking: 'Wea' }),
  delta(0, { type: 'thinking_delta', thinking: 'ther.' }),
  delta(0, { type: 'signature_delta', signature: 'EqQB' }),
  stop(0),
  block(1, { type: 'redacted_thinking', data: 'EmwK' }),
  stop(1),
  block(2, { type: 'text', text: '' }),
  delta(2, { type: 'text_delta', text: 'I will ' }),
  delta(2, { type: 'text_delta', text: 'look.' }),
  stop(2),
  block(3, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
  delta(3, { type: 'input_json_delta', partial_json: '{"query":"x"}' }),
  stop(3),
  block(4, { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} }),
  delta(4, { type: 'input_json_delta', partial_json: '' }),
  delta(4, { type: 'input_json_delta', partial_json: '{"city":' }),
  delta(4, { type: 'input_json_delta', partial_json: '"Delft"}' }),
  stop(4),
  {
    type: 'message_delta',
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 50, input_tokens: null },
  },
  { type: 'message_stop' },
])

describe('a stream of Anthropic', () => {
  it('is the same as the whole answer', () => {
    const whole = anthropicCodec.readAnswer(message)
    expect(assembled(readAll(anthropicCodec.createStreamReader(), stream))).toEqual(whole)
  })

  it('without input for a tool calls it with an empty object', () => {
    const events = sse([block(0, { type: 'tool_use', id: 't', name: 'f', input: {} }), stop(0)])
    const { choices } = assembled(readAll(anthropicCodec.createStreamReader(), events))
    expect(choices[0]?.parts).toMatchObject([{ kind: 'tool_call', input: '{}' }])
  })

  it('that fails says so, and what breaks off is closed without an end', () => {
    const reader = anthropicCodec.createStreamReader()
    const error = { type: 'overloaded_error', message: 'Overloaded' }
    expect(reader.read('error', JSON.stringify({ type: 'error', error }))).toEqual([
      { kind: 'failed', error },
    ])
    const broken = readAll(anthropicCodec.createStreamReader(), stream.slice(0, 11))
    expect(broken.at(-1)).toEqual({ kind: 'close', choice: 0, part: 2 })
    expect(broken.some(({ kind }) => kind === 'finish')).toBe(false)
    expect(writeAll(anthropicCodec.createStreamWriter(context(chat({}))), broken)).not.toContain(
      'message_stop',
    )
  })
})

const thinking = anthropicCodec.readRequest(
  {
    model: 'm',
    max_tokens: 2_000,
    thinking: { type: 'enabled', budget_tokens: 1_024 },
    messages: [{ role: 'user', content: 'Hi' }],
  },
  ASKED,
)

describe('a stream for an Anthropic caller', () => {
  it('is what the documentation shows, event by event', () => {
    const events = readAll(openaiCodec.createStreamReader(), CHUNKS)
    const written = sentEvents(
      writeAll(anthropicCodec.createStreamWriter(context(thinking)), events),
    )
    const seen = written.map(({ data }) => JSON.parse(data))
    expect(seen.map(({ type }) => type)).toEqual(written.map(({ name }) => name))
    expect(seen).toMatchObject([
      { type: 'message_start', message: { id: 'msg_9', role: 'assistant', content: [] } },
      { index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
      { index: 0, delta: { type: 'thinking_delta', thinking: 'Hm' } },
      { type: 'content_block_stop', index: 0 },
      { index: 1, content_block: { type: 'text', text: '' } },
      { index: 1, delta: { type: 'text_delta', text: 'Let me' } },
      { type: 'content_block_stop', index: 1 },
      { index: 2, content_block: { type: 'tool_use', id: 'call_a', name: 'f', input: {} } },
      { index: 2, delta: { type: 'input_json_delta', partial_json: '{"a"' } },
      { index: 2, delta: { type: 'input_json_delta', partial_json: ':1}' } },
      { type: 'content_block_stop', index: 2 },
      { index: 3, content_block: { type: 'tool_use', id: 'call_b', name: 'g', input: {} } },
      { index: 3, delta: { type: 'input_json_delta', partial_json: '{}' } },
      { type: 'content_block_stop', index: 3 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'tool_use', stop_sequence: null },
        usage: { input_tokens: 4, cache_read_input_tokens: 5, output_tokens: 7 },
      },
      { type: 'message_stop' },
    ])
  })

  it('packs what a tool that takes a text is called with, as a whole answer does', () => {
    const text = '*** Begin "Patch"'
    const call = { kind: 'tool_call', id: 'c', name: 'patch', input: text, custom: true } as const
    const events: NeutralEvent[] = [
      { kind: 'open', choice: 0, part: 0, opens: { ...call, input: '' } },
      { kind: 'more', choice: 0, part: 0, text: text.slice(0, 5) },
      { kind: 'more', choice: 0, part: 0, text: text.slice(5) },
      { kind: 'close', choice: 0, part: 0 },
      { kind: 'finish', choice: 0, finish: 'tool_calls', stopSequence: undefined },
    ]
    const stream = writeAll(anthropicCodec.createStreamWriter(context(thinking)), events)
    const read = assembled(readAll(anthropicCodec.createStreamReader(), sentEvents(stream)))
    expect(read.choices[0]?.parts).toMatchObject([
      { kind: 'tool_call', id: 'c', input: JSON.stringify({ input: text }) },
    ])
  })

  it('shows no thinking to whoever did not ask for it', () => {
    const request = { ...thinking, reasoning: undefined }
    const events = readAll(openaiCodec.createStreamReader(), CHUNKS)
    const written = writeAll(anthropicCodec.createStreamWriter(context(request)), events)
    expect(written).not.toContain('thinking')
  })

  it('does not look complete before it is, and tells of a failure', () => {
    const writer = anthropicCodec.createStreamWriter(context(thinking))
    const events = readAll(openaiCodec.createStreamReader(), CHUNKS.slice(0, -3))
    const written = events.map((event) => writer.write(event)).join('')
    expect(written).not.toContain('message_delta')
    expect(writer.write({ kind: 'failed', error: { type: 'x', message: 'Gone' } })).toBe(
      'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"Gone"}}\n\n',
    )
    expect(writer.end()).toBe('')
  })
})

const chunk = (choices: readonly JsonObject[], rest?: JsonObject) => ({
  name: '',
  data: JSON.stringify({ id: 'chatcmpl-9', object: 'chat.completion.chunk', choices, ...rest }),
})
const bit = (given: JsonObject) => chunk([{ index: 0, delta: given, finish_reason: null }])
/** Two calls that come at the same time, and usage behind the end. */
const CHUNKS = [
  bit({ role: 'assistant', content: '' }),
  bit({ reasoning_content: 'Hm' }),
  bit({ content: 'Let me' }),
  bit({ tool_calls: [{ index: 0, id: 'call_a', function: { name: 'f', arguments: '{"a"' } }] }),
  bit({ tool_calls: [{ index: 1, id: 'call_b', function: { name: 'g', arguments: '{}' } }] }),
  bit({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
  chunk([{ index: 0, delta: {}, finish_reason: 'tool_calls' }]),
  chunk([], {
    usage: {
      prompt_tokens: 9,
      completion_tokens: 7,
      total_tokens: 16,
      prompt_tokens_details: { cached_tokens: 5 },
    },
  }),
  { name: '', data: '[DONE]' },
]
