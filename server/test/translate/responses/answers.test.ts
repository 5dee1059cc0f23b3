import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { NeutralEvent } from '../../../src/translate/neutral/answer.ts'
import { unwrapMark } from '../../../src/translate/neutral/foreign-mark.ts'
import type { AssistantPart } from '../../../src/translate/neutral/request.ts'
import { responsesCodec } from '../../../src/translate/responses/codec.ts'
import { NO_USAGE } from '../../../src/usage/usage.ts'
import { assembled, eventsOf, readAll, sentEvents, writeAll } from '../streams.ts'
import { ANSWER, EVENTS, FULL } from './bodies.ts'

const context = {
  request: responsesCodec.readRequest(FULL, { model: 'gpt-5', stream: true }),
  requestId: 'req_1',
  now: 1_700_000_000,
}

const sent = (events: readonly object[]) =>
  events.map((event) => ({ name: '', data: JSON.stringify(event) }))

describe('an answer of OpenAI Responses', () => {
  it('is understood with everything in it', () => {
    expect(responsesCodec.readAnswer(ANSWER)).toMatchObject({
      id: 'resp_1',
      createdAt: 1_700_000_000,
      usage: { ...NO_USAGE, prompt: 20, completion: 9, cached: 10, cacheWrite: 2, reasoning: 4 },
      choices: [
        {
          finish: 'tool_calls',
          parts: [
            { kind: 'reasoning', text: 'Hm.', mark: { issuer: 'responses', id: 'rs_1' } },
            {
              kind: 'text',
              text: 'It is a cat.',
              citations: [{ title: 'Cats', start: 0, end: 2 }],
            },
            { kind: 'refusal', text: 'No more.' },
            { kind: 'tool_call', id: 'c1', name: 'look', input: '{"at":"cat"}' },
            { kind: 'tool_call', id: 'c2', name: 'patch', input: 'text', custom: true },
            { kind: 'image', source: { mediaType: 'image/png', base64: 'aGk=' } },
          ],
          logprobs: { content: [{ token: 'It' }] },
        },
      ],
    })
  })

  it.each([
    [{ reason: 'max_output_tokens' }, 'length'],
    [{ reason: 'content_filter' }, 'content_filter'],
    [null, 'length'],
  ])('that is incomplete says why: %o', (incomplete_details, finish) => {
    const answer = responsesCodec.readAnswer({
      ...ANSWER,
      status: 'incomplete',
      incomplete_details,
    })
    expect(answer?.choices[0]?.finish).toBe(finish)
  })

  it('that failed is none, and says why', () => {
    const failed = {
      ...ANSWER,
      status: 'failed',
      error: { code: 'server_error', message: 'Oops.' },
    }
    expect(responsesCodec.readAnswer(failed)).toBeUndefined()
    expect(responsesCodec.readError(failed)).toEqual({ type: 'server_error', message: 'Oops.' })
  })

  it('is understood from its stream', () => {
    const answer = assembled(readAll(responsesCodec.createStreamReader(), sent(EVENTS)))
    const citation = { url: 'https://example.com', title: undefined, start: 0, end: 5 }
    expect(answer.choices).toMatchObject([
      {
        finish: 'tool_calls',
        parts: [
          { kind: 'reasoning', text: 'One.\n\nTwo.', mark: { value: 'gAAA', id: 'rs_1' } },
          { kind: 'text', text: 'Hello there', citations: [citation] },
          { kind: 'tool_call', id: 'c1', name: 'look', input: '{"at":"it"}' },
          // What of the output was never streamed comes with the last event.
          { kind: 'tool_call', id: 'c2', name: 'patch', input: 'text', custom: true },
          { kind: 'image' },
        ],
      },
    ])
    expect(answer.usage).toMatchObject({ prompt: 20, completion: 9 })
  })

  it('is understood from the end of its stream alone', () => {
    const events = readAll(responsesCodec.createStreamReader(), sent(EVENTS.slice(-1)))
    const { logprobs: _, ...choice } = responsesCodec.readAnswer(ANSWER)?.choices[0] ?? {}
    expect(assembled(events).choices).toMatchObject([choice])
  })

  it.each([
    { type: 'error', code: 'server_error', message: 'Oops.' },
    { type: 'error', error: { type: 'server_error', message: 'Oops.' } },
    { type: 'response.failed', response: { error: { code: 'server_error', message: 'Oops.' } } },
  ])('tells errors inside a stream: %o', (event) => {
    const reader = responsesCodec.createStreamReader()
    expect(reader.read('', JSON.stringify(event))).toEqual([
      { kind: 'failed', error: { message: 'Oops.', type: 'server_error' } },
    ])
  })
})

const gemini = { issuer: 'gemini', value: 'c2ln' } as const
const PARTS: readonly AssistantPart[] = [
  { kind: 'reasoning', text: 'Hm.', mark: { issuer: 'anthropic', value: 'sig' } },
  { kind: 'text', text: 'It is ', citations: [{ url: 'https://example.com', title: 'Cats' }] },
  { kind: 'text', text: 'a cat.' },
  { kind: 'tool_call', id: 'c1', name: 'look', input: '{"at":"it"}', mark: gemini },
  { kind: 'tool_call', id: 'c2', name: 'patch', input: '{"input":"*** Begin"}' },
]
const answer = {
  id: 'msg_1',
  model: 'claude',
  createdAt: 0,
  choices: [
    { index: 0, parts: PARTS, finish: 'tool_calls', stopSequence: undefined, logprobs: undefined },
  ],
  usage: { ...NO_USAGE, prompt: 3, completion: 5 },
  serviceTier: undefined,
} as const
const cut = { size: 3, interleaved: false, usageLast: false }
const stream = (events: readonly NeutralEvent[]) =>
  writeAll(responsesCodec.createStreamWriter(context), events)

/** OpenAI's own library, which is told this stream by its provider. */
const clientOf = (text: string) =>
  new OpenAI({
    apiKey: 'none',
    maxRetries: 0,
    fetch: async () => new Response(text, { headers: { 'content-type': 'text/event-stream' } }),
  })

const ask = { model: 'gpt-5', input: 'What is this?' }

describe('an answer for a caller that speaks OpenAI Responses', () => {
  const OUTPUT = [
    { type: 'reasoning', id: 'rs_1_0', summary: [{ type: 'summary_text', text: 'Hm.' }] },
    {
      type: 'message',
      id: 'msg_1_1',
      content: [
        { type: 'output_text', text: 'It is ', annotations: [{ start_index: 0, end_index: 6 }] },
        { type: 'output_text', text: 'a cat.', annotations: [] },
      ],
    },
    { type: 'reasoning', summary: [] },
    { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"at":"it"}' },
    { type: 'custom_tool_call', call_id: 'c2', name: 'patch', input: '*** Begin' },
  ]

  it('has one message for all texts, free text for custom tools, and marks in reasoning', () => {
    const written = responsesCodec.writeAnswer(answer, context)
    expect(written).toMatchObject({ id: 'resp_1', status: 'completed', output: OUTPUT })
    const [thought, , mark] = written.output as { encrypted_content: string }[]
    expect(unwrapMark(thought?.encrypted_content ?? '', 'responses').issuer).toBe('anthropic')
    expect(unwrapMark(mark?.encrypted_content ?? '', 'responses')).toMatchObject(gemini)
  })

  it("is put together by OpenAI's library from the stream", async () => {
    const client = clientOf(stream(eventsOf(answer, cut)))
    const final = await client.responses.stream(ask).finalResponse()
    expect(final).toMatchObject({ id: 'resp_1', status: 'completed', output: OUTPUT })
    expect(final.output_text).toBe('It is a cat.')
    expect(final.usage).toMatchObject({ input_tokens: 3, output_tokens: 5, total_tokens: 8 })
  })

  it('has numbered events, each under its own name', () => {
    const events = sentEvents(stream(eventsOf(answer, cut)))
    const told = events.map(({ name, data }) => ({ name, ...JSON.parse(data) }))
    expect(told.map(({ sequence_number }) => sequence_number)).toEqual(told.map((_, at) => at))
    expect(told.every(({ name, type }) => name === type)).toBe(true)
    expect(told.filter(({ output_index }) => output_index === 3).map(({ type }) => type)).toEqual([
      'response.output_item.added',
      ...Array.from({ length: 4 }, () => 'response.function_call_arguments.delta'),
      'response.function_call_arguments.done',
      'response.output_item.done',
    ])
  })

  it('says nothing of its end before it is there, and waits for late figures', () => {
    const writer = responsesCodec.createStreamWriter(context)
    const events = eventsOf(answer, { ...cut, usageLast: true })
    const before = events.map((event) => writer.write(event)).join('')
    expect(before).not.toContain('response.completed')
    expect(writer.end()).toMatch(/^event: response\.output_item|^event: response\.completed/)
  })

  it.each([
    ['length', 'incomplete', { reason: 'max_output_tokens' }],
    ['content_filter', 'incomplete', { reason: 'content_filter' }],
    ['refusal', 'incomplete', { reason: 'content_filter' }],
    ['stop_sequence', 'completed', null],
  ] as const)('that ended by %s is %s', (finish, status, incomplete_details) => {
    const [choice] = answer.choices
    const ended = { ...answer, choices: [{ ...choice, finish }] }
    const last = sentEvents(stream(eventsOf(ended, cut))).at(-1)
    expect(last?.name).toBe(`response.${status}`)
    expect(responsesCodec.writeAnswer(ended, context)).toMatchObject({ status, incomplete_details })
  })

  it('fails in the library where the provider fails', async () => {
    const failed: NeutralEvent = { kind: 'failed', error: { message: 'Oops.', type: 'api_error' } }
    const text = stream([...eventsOf(answer, cut).slice(0, 3), failed])
    expect(sentEvents(text).at(-1)?.name).toBe('response.failed')
    await expect(clientOf(text).responses.stream(ask).finalResponse()).rejects.toThrow('Oops.')
  })
})
