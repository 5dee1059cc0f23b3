import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream'
import { describe, expect, it } from 'vitest'
import type { NeutralEvent } from '../../../src/translate/neutral/answer.ts'
import type { JsonObject } from '../../../src/translate/neutral/request.ts'
import { openaiCodec } from '../../../src/translate/openai/codec.ts'
import { assembled, eventsOf, readAll, sentEvents, writeAll } from '../streams.ts'

const read = (body: JsonObject) => openaiCodec.readAnswer(body)
const request = openaiCodec.readRequest(
  {
    model: 'm',
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: 'user', content: 'Hi' }],
    tools: [{ type: 'custom', custom: { name: 'patch' } }],
  },
  { model: 'm', stream: true },
)
const context = { request, requestId: 'req_1', now: 1_700_000_000 }

const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_700_000_001,
  model: 'gpt-5.2',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'See here.',
        refusal: null,
        annotations: [
          {
            type: 'url_citation',
            url_citation: { url: 'https://a.example', title: 'A', start_index: 0, end_index: 3 },
          },
        ],
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      logprobs: { content: [], refusal: null },
      finish_reason: 'tool_calls',
    },
  ],
  usage: {
    prompt_tokens: 10,
    completion_tokens: 5,
    total_tokens: 15,
    prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 3,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  },
  service_tier: 'default',
}

describe('a completion', () => {
  it('is read and written again without a loss', () => {
    const answer = read(completion)
    if (answer === undefined) throw new Error('no answer')
    expect(openaiCodec.writeAnswer(answer, context)).toEqual(completion)
  })

  it('may hold reasoning in any of the ways that others have for it', () => {
    const message = (given: JsonObject) =>
      read({ choices: [{ message: { role: 'assistant', content: 'x', ...given } }] })?.choices[0]
        ?.parts[0]
    expect(message({ reasoning_content: 'Hm' })).toMatchObject({ kind: 'reasoning', text: 'Hm' })
    expect(message({ reasoning: 'Hm' })).toMatchObject({ kind: 'reasoning', text: 'Hm' })
    expect(
      message({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] }] }),
    ).toMatchObject({ kind: 'reasoning', text: 'Hm' })
    expect(
      message({ reasoning_details: [{ type: 'reasoning.encrypted', data: 'x' }] }),
    ).toMatchObject({ kind: 'reasoning', text: '', mark: { issuer: 'openai' } })
  })

  it("ends as it did, whatever a provider's words", () => {
    const finish = (finish_reason: string, message: JsonObject) =>
      read({ choices: [{ finish_reason, message }] })?.choices[0]?.finish
    expect(finish('stop', { tool_calls: [{ function: { name: 'f' } }] })).toBe('tool_calls')
    expect(finish('stop', { refusal: 'No.' })).toBe('refusal')
    expect(finish('function_call', { function_call: { name: 'f' } })).toBe('tool_calls')
    expect(finish('eos', { content: 'x' })).toBe('stop')
  })

  it('gives a call its id where the provider gave none', () => {
    const answer = read({
      id: 'x1',
      choices: [{ message: { tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] } }],
    })
    expect(answer?.choices[0]?.parts).toMatchObject([{ id: 'call_x1_0_0', input: '{"a":1}' }])
  })

  it('is none without choices', () => {
    expect(read({ error: 'x' })).toBeUndefined()
    expect(openaiCodec.readError({ error: 'x' })).toEqual({ message: 'x', type: '' })
    expect(openaiCodec.readError({ detail: 'x' })).toEqual({ message: 'x', type: '' })
    expect(openaiCodec.readError({ error: { message: 'x', code: 'y' } })).toEqual({
      message: 'x',
      type: 'y',
    })
  })
})

/** As a provider would stream the events: through the writer, then the reader. */
const written = (events: readonly NeutralEvent[]) =>
  writeAll(openaiCodec.createStreamWriter(context), events)

const USAGE = read(completion)?.usage
const some: NeutralEvent[] = [
  { kind: 'start', id: 'msg_1', model: 'claude', createdAt: 0, usage: undefined },
  { kind: 'open', choice: 0, part: 0, opens: { kind: 'reasoning', text: '', mark: undefined } },
  { kind: 'more', choice: 0, part: 0, text: 'Hm' },
  {
    kind: 'detail',
    choice: 0,
    part: 0,
    detail: { mark: { issuer: 'anthropic', value: 'c2ln' } },
  },
  { kind: 'close', choice: 0, part: 0 },
  { kind: 'open', choice: 0, part: 1, opens: { kind: 'text', text: '' } },
  { kind: 'more', choice: 0, part: 1, text: 'Hi "you"\n' },
  { kind: 'close', choice: 0, part: 1 },
  {
    kind: 'open',
    choice: 0,
    part: 2,
    opens: { kind: 'tool_call', id: 'c1', name: 'f', input: '' },
  },
  { kind: 'more', choice: 0, part: 2, text: '{"a"' },
  { kind: 'more', choice: 0, part: 2, text: ':1}' },
  { kind: 'close', choice: 0, part: 2 },
  {
    kind: 'open',
    choice: 0,
    part: 3,
    opens: { kind: 'tool_call', id: 'c2', name: 'patch', input: '' },
  },
  { kind: 'more', choice: 0, part: 3, text: '{"input":"***' },
  { kind: 'more', choice: 0, part: 3, text: ' x"}' },
  { kind: 'close', choice: 0, part: 3 },
  { kind: 'finish', choice: 0, finish: 'tool_calls', stopSequence: undefined },
]
if (USAGE !== undefined) some.push({ kind: 'usage', usage: USAGE, serviceTier: undefined })

describe('a stream for a chat caller', () => {
  it('is what the documentation shows, chunk by chunk', () => {
    const sent = sentEvents(written(some))
    expect(sent.at(-1)?.data).toBe('[DONE]')
    const chunks = sent.slice(0, -1).map(({ data }) => JSON.parse(data))
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        id: 'chatcmpl-1',
        object: 'chat.completion.chunk',
        created: 1_700_000_000,
        model: 'claude',
      })
    }
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 10 } })
    const bits = chunks.slice(0, -1).map(({ choices, usage }) => ({ ...choices[0], usage }))
    const plain = { index: 0, logprobs: null, finish_reason: null, usage: null }
    expect(bits.slice(0, 2)).toEqual([
      { ...plain, delta: { role: 'assistant', content: '', refusal: null } },
      { ...plain, delta: { reasoning_content: 'Hm' } },
    ])
    expect(bits.slice(2).map(({ delta }) => delta)).toEqual([
      { reasoning_details: [expect.objectContaining({ type: 'reasoning.text', text: 'Hm' })] },
      { content: 'Hi "you"\n' },
      { tool_calls: [call(0, 'c1', 'function', { name: 'f', arguments: '' })] },
      { tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] },
      { tool_calls: [{ index: 0, function: { arguments: ':1}' } }] },
      { tool_calls: [call(1, 'c2', 'custom', { name: 'patch', input: '' })] },
      { tool_calls: [{ index: 1, custom: { input: '*** x' } }] },
      {},
    ])
    expect(bits.at(-1)).toMatchObject({ finish_reason: 'tool_calls' })
  })

  it("is put together by OpenAI's own library", async () => {
    const lines = sentEvents(
      written(some.filter((event) => !('part' in event && event.part === 3))),
    )
      .filter(({ data }) => data !== '[DONE]')
      .map(({ data }) => `${data}\n`)
    const stream = ChatCompletionStream.fromReadableStream(
      new Blob(lines).stream() as ReadableStream,
    )
    const final = await stream.finalChatCompletion()
    expect(final.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: 'Hi "you"\n',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
      },
    })
    expect(final.usage).toMatchObject({ total_tokens: 15 })
  })

  it('says where each source stands in all that was said, as the whole answer does', () => {
    const url = 'https://a.example'
    const parts = [
      { kind: 'text' as const, text: 'a\u{1F600}' },
      { kind: 'text' as const, text: 'cd', citations: [{ url }, { url, start: 0, end: 1 }] },
    ]
    const choice = {
      index: 0,
      parts,
      finish: 'stop' as const,
      stopSequence: undefined,
      logprobs: undefined,
    }
    const answer = {
      id: 'x',
      model: 'm',
      createdAt: 1,
      choices: [choice],
      usage: undefined,
      serviceTier: undefined,
    }
    const cited = (start_index: number, end_index: number) => ({
      type: 'url_citation',
      url_citation: { url, title: url, start_index, end_index },
    })
    expect(openaiCodec.writeAnswer(answer, context)).toMatchObject({
      choices: [{ message: { annotations: [cited(2, 4), cited(2, 3)] } }],
    })
    const events = eventsOf(answer, { size: 1, interleaved: false, usageLast: false })
    const told = sentEvents(written(events)).filter(({ data }) => data.includes('annotations'))
    expect(told.map(({ data }) => JSON.parse(data).choices[0].delta)).toEqual([
      { annotations: [cited(2, 4), cited(2, 3)] },
    ])
  })

  it('may be a refusal in the words of the model, or none', () => {
    const finish: NeutralEvent = {
      kind: 'finish',
      choice: 0,
      finish: 'refusal',
      stopSequence: undefined,
    }
    const words: NeutralEvent[] = [
      { kind: 'open', choice: 0, part: 0, opens: { kind: 'refusal', text: '' } },
      { kind: 'more', choice: 0, part: 0, text: 'No.' },
      { kind: 'close', choice: 0, part: 0 },
    ]
    const choices = (events: readonly NeutralEvent[]) =>
      sentEvents(written(events))
        .filter(({ data }) => data !== '[DONE]')
        .map(({ data }) => JSON.parse(data).choices[0])
    expect(choices([...words, finish])).toMatchObject([
      { delta: { role: 'assistant' } },
      { delta: { refusal: 'No.' } },
      { delta: {}, finish_reason: 'stop' },
    ])
    expect(choices([finish])).toMatchObject([
      { delta: { role: 'assistant' } },
      { delta: {}, finish_reason: 'content_filter' },
    ])
  })

  it('has no usage for whoever did not ask for it', () => {
    const quiet = { ...context, request: { ...request, streamsUsage: false } }
    expect(writeAll(openaiCodec.createStreamWriter(quiet), some)).not.toContain('usage')
  })

  it('ends only where the provider ended it, and tells of a failure', () => {
    expect(written(some.slice(0, 8))).not.toContain('[DONE]')
    const failed: NeutralEvent = { kind: 'failed', error: { type: '', message: 'Gone' } }
    const told = sentEvents(written([...some.slice(0, 8), failed, ...some.slice(8)])).at(-1)
    expect(JSON.parse(told?.data ?? '')).toEqual({
      error: { message: 'Gone', type: 'server_error', param: null, code: null },
    })
  })
})

const call = (index: number, id: string, type: string, called: JsonObject) => ({
  index,
  id,
  type,
  [type]: called,
})
const chunk = (delta: JsonObject, rest?: JsonObject) => ({
  name: '',
  data: JSON.stringify({ id: 'x', choices: [{ index: 0, delta, ...rest }] }),
})

describe('a stream of chunks', () => {
  it('is read with all that others add to it', () => {
    const events = readAll(openaiCodec.createStreamReader(), [
      { name: '', data: ': comment' },
      { name: '', data: '{"choices":[]}' },
      chunk({
        role: 'assistant',
        content: null,
        reasoning: 'Hm',
        reasoning_details: [{ type: 'reasoning.text', text: 'Hm', index: 0 }],
      }),
      chunk({ reasoning_details: [{ type: 'reasoning.text', signature: 's', index: 0 }] }),
      chunk({ content: 'Hi' }, { logprobs: { content: [] } }),
      chunk({ tool_calls: [{ index: 0, function: { name: 'f', arguments: { a: 1 } } }] }),
      chunk({}, { finish_reason: 'stop' }),
      chunk({ content: 'too late' }),
      { name: '', data: '[DONE]' },
    ])
    expect(assembled(events).choices).toMatchObject([
      {
        finish: 'tool_calls',
        parts: [
          { kind: 'reasoning', text: 'Hm', mark: { issuer: 'openai' } },
          { kind: 'text', text: 'Hi' },
          { kind: 'tool_call', id: 'call_x_0_0', name: 'f', input: '{"a":1}' },
        ],
      },
    ])
    expect(events.filter(({ kind }) => kind === 'logprobs')).toHaveLength(1)
  })

  it('keeps its choices apart', () => {
    const of = (index: number, delta: JsonObject, finish_reason: string | null = null) => ({
      name: '',
      data: JSON.stringify({ id: 'x', choices: [{ index, delta, finish_reason }] }),
    })
    const events = readAll(openaiCodec.createStreamReader(), [
      of(1, { content: 'b' }),
      of(0, { content: 'a' }),
      of(1, { content: 'B' }, 'stop'),
      of(0, { content: 'A' }, 'length'),
    ])
    const choices = assembled(events).choices.map(({ index, finish, parts }) => [
      index,
      finish,
      parts,
    ])
    expect(choices).toEqual([
      [1, 'stop', [{ kind: 'text', text: 'bB' }]],
      [0, 'length', [{ kind: 'text', text: 'aA' }]],
    ])
  })

  it('that fails says so', () => {
    const reader = openaiCodec.createStreamReader()
    expect(reader.read('', '{"error":{"message":"Gone","type":"server_error"}}')).toEqual([
      { kind: 'failed', error: { message: 'Gone', type: 'server_error' } },
    ])
  })
})
