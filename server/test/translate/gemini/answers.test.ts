import { describe, expect, it } from 'vitest'
import { geminiCodec } from '../../../src/translate/gemini/codec.ts'
import type { NeutralEvent } from '../../../src/translate/neutral/answer.ts'
import type { JsonObject } from '../../../src/translate/neutral/request.ts'
import { NO_USAGE } from '../../../src/usage/usage.ts'
import { assembled, readAll, sentEvents, writeAll } from '../streams.ts'
import { ANSWER, BLOCKED, FULL } from './bodies.ts'

const context = {
  request: geminiCodec.readRequest(FULL, { model: 'gemini-3-pro', stream: true }),
  requestId: 'req_1',
  now: 1,
}

describe('an answer of Gemini', () => {
  it('is understood with everything in it', () => {
    const mark = { issuer: 'gemini', value: 'c2ln' }
    expect(geminiCodec.readAnswer(ANSWER)).toMatchObject({
      id: 'resp-1',
      model: 'gemini-3-pro',
      createdAt: 1_767_323_045,
      usage: {
        ...NO_USAGE,
        prompt: 21,
        completion: 9,
        cached: 10,
        reasoning: 4,
        image: 8,
      },
      choices: [
        {
          finish: 'tool_calls',
          parts: [
            { kind: 'reasoning', text: 'Hm.', mark },
            {
              kind: 'text',
              text: 'It is a cät.',
              // Bytes 8 to 12 of the text are its code points 8 to 11.
              citations: [{ url: 'https://example.com', title: 'Cats', start: 8, end: 11 }],
            },
            { kind: 'tool_call', id: 'call_resp1_0', name: 'look', input: '{"at":"cat"}', mark },
            { kind: 'image', source: { base64: 'aGk=' } },
          ],
          logprobs: { content: [{ token: 'It', logprob: -0.1, bytes: [73, 116] }] },
        },
      ],
    })
  })

  it('that was blocked is empty, for the reason that it is', () => {
    expect(geminiCodec.readAnswer(BLOCKED)?.choices).toMatchObject([
      { parts: [], finish: 'content_filter' },
    ])
  })

  it.each([{}, { candidates: [] }, { error: { message: 'no' } }])('is none: %o', (body) => {
    expect(geminiCodec.readAnswer(body)).toBeUndefined()
  })

  it('that is streamed is the same as one that comes whole', () => {
    const [candidate] = ANSWER.candidates as JsonObject[]
    const { content, finishReason } = candidate as { content: { parts: JsonObject[] } } & JsonObject
    const shared = { responseId: 'resp-1', modelVersion: 'gemini-3-pro' }
    const chunks = [
      ...content.parts.map((part) => ({ ...shared, candidates: [{ content: { parts: [part] } }] })),
      { ...shared, candidates: [{ finishReason }], usageMetadata: ANSWER.usageMetadata },
    ]
    const sent = chunks.map((chunk) => ({ name: '', data: JSON.stringify(chunk) }))
    const streamed = assembled(readAll(geminiCodec.createStreamReader(), sent))
    const whole = { ...ANSWER, candidates: [{ content, finishReason }], createTime: undefined }
    expect(streamed).toEqual(geminiCodec.readAnswer(whole))
  })

  it('tells errors inside a stream', () => {
    const error = { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' }
    const reader = geminiCodec.createStreamReader()
    expect(reader.read('', JSON.stringify({ error }))).toEqual([
      { kind: 'failed', error: { message: error.message, type: 'UNAVAILABLE' } },
    ])
    expect(reader.read('', JSON.stringify(ANSWER))).toEqual([])
  })
})

const START: NeutralEvent = { kind: 'start', id: 'x', model: 'm', createdAt: 1, usage: undefined }
const STOP: NeutralEvent = { kind: 'finish', choice: 0, finish: 'stop', stopSequence: undefined }
const USED: NeutralEvent = {
  kind: 'usage',
  usage: { ...NO_USAGE, prompt: 3, completion: 5, reasoning: 2, cached: 1 },
  serviceTier: undefined,
}
const text: readonly NeutralEvent[] = [
  { kind: 'open', choice: 0, part: 0, opens: { kind: 'text', text: '' } },
  { kind: 'more', choice: 0, part: 0, text: 'Hel"lo' },
  { kind: 'close', choice: 0, part: 0 },
]
const chunksOf = (events: readonly NeutralEvent[]) =>
  sentEvents(writeAll(geminiCodec.createStreamWriter(context), events)).map(({ data }) =>
    JSON.parse(data),
  )

describe('a stream for a caller that speaks Gemini', () => {
  it('has a piece in each event, and the end with the figures', () => {
    const shared = { modelVersion: 'm', responseId: 'x' }
    const content = (said: string) => ({ role: 'model', parts: [{ text: said }] })
    expect(chunksOf([START, ...text, USED, STOP])).toEqual([
      { candidates: [{ index: 0, content: content('Hel"lo') }], ...shared },
      {
        candidates: [{ index: 0, content: content(''), finishReason: 'STOP' }],
        usageMetadata: {
          promptTokenCount: 3,
          candidatesTokenCount: 3,
          thoughtsTokenCount: 2,
          totalTokenCount: 8,
          cachedContentTokenCount: 1,
          promptTokensDetails: [{ modality: 'TEXT', tokenCount: 3 }],
        },
        ...shared,
      },
    ])
  })

  it('waits with its end for figures that come late, and tells it without those that never come', () => {
    const writer = geminiCodec.createStreamWriter(context)
    for (const event of [START, ...text]) writer.write(event)
    expect(writer.write(STOP)).toBe('')
    expect(writer.write(USED)).toBe('')
    expect(writer.end()).toMatch(/"finishReason":"STOP".*"totalTokenCount":8/)
    expect(chunksOf([START, ...text, STOP]).at(-1)).toMatchObject({
      candidates: [{ finishReason: 'STOP' }],
    })
  })

  it('has calls whole, and leaves out those whose arguments were cut off', () => {
    const opens = { kind: 'tool_call', id: 'c1', name: 'look', input: '' } as const
    const calling = (...pieces: string[]): NeutralEvent[] => [
      { kind: 'open', choice: 0, part: 0, opens },
      ...pieces.map((piece) => ({ kind: 'more', choice: 0, part: 0, text: piece }) as const),
      { kind: 'close', choice: 0, part: 0 },
    ]
    const functionCall = { id: 'c1', name: 'look', args: { at: 'it' } }
    expect(chunksOf([START, ...calling('{"at":', '"it"}'), USED, STOP])[0]).toMatchObject({
      candidates: [{ content: { parts: [{ functionCall }] } }],
    })
    expect(chunksOf([START, ...calling('{"at":'), USED, STOP])).toMatchObject([
      { candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }] },
    ])
  })

  it('says that it failed, and nothing afterwards', () => {
    const failed: NeutralEvent = {
      kind: 'failed',
      error: { message: 'Oops.', type: 'overloaded_error' },
    }
    expect(chunksOf([START, ...text, failed, USED, STOP]).at(-1)).toEqual({
      error: { code: 503, message: 'Oops.', status: 'UNAVAILABLE' },
    })
  })
})
