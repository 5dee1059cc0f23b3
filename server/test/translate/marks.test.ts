import { describe, expect, it } from 'vitest'
import { anthropicCodec } from '../../src/translate/anthropic/codec.ts'
import type { Codec } from '../../src/translate/codec.ts'
import type { NeutralAnswer } from '../../src/translate/neutral/answer.ts'
import type { ForeignMark } from '../../src/translate/neutral/foreign-mark.ts'
import type { AssistantPart, JsonObject } from '../../src/translate/neutral/request.ts'
import { openaiCodec } from '../../src/translate/openai/codec.ts'
import { assembled, eventsOf, readAll, sentEvents, writeAll } from './streams.ts'

/** What a provider signed goes to a client of another dialect, and comes back with the client's next call. */

const gemini: ForeignMark = { issuer: 'gemini', value: 'R2VtaW5p' }
const encrypted: ForeignMark = { issuer: 'responses', value: 'gAAAA', id: 'rs_1' }

const parts: readonly AssistantPart[] = [
  { kind: 'reasoning', text: 'Hm', mark: encrypted },
  { kind: 'reasoning', text: '', mark: encrypted },
  { kind: 'text', text: 'Let me look.' },
  { kind: 'tool_call', id: 'call_1', name: 'f', input: '{"a":1}', mark: gemini },
]
const answer: NeutralAnswer = {
  id: 'x',
  model: 'm',
  createdAt: 1,
  choices: [
    { index: 0, parts, finish: 'tool_calls', stopSequence: undefined, logprobs: undefined },
  ],
  usage: undefined,
  serviceTier: undefined,
}

const anthropicCall = {
  model: 'm',
  max_tokens: 9_000,
  thinking: { type: 'enabled', budget_tokens: 2_000 },
  messages: [{ role: 'user', content: 'x' }],
}
const chatCall = { model: 'm', messages: [{ role: 'user', content: 'x' }] }

interface Told {
  readonly content: unknown
  readonly choices: readonly { readonly message: unknown }[]
}
const DIALECTS: readonly (readonly [string, Codec, JsonObject, (body: Told) => unknown])[] = [
  ['anthropic', anthropicCodec, anthropicCall, ({ content }) => ({ role: 'assistant', content })],
  ['openai', openaiCodec, chatCall, ({ choices }) => choices[0]?.message],
]

const ASKED = { model: 'm', stream: false }
const onlyMarked = (all: readonly AssistantPart[]) =>
  all.flatMap((part) => ('mark' in part && part.mark !== undefined ? [[part.kind, part.mark]] : []))

describe.each(DIALECTS)(
  'marks on their way through a client of %s',
  (_, codec, call, messageOf) => {
    const request = codec.readRequest(call, ASKED)
    const context = { request, requestId: 'req_1', now: 1 }
    const returned = (body: JsonObject) => {
      const messages = [{ role: 'user', content: 'x' }, messageOf(body as unknown as Told)]
      return codec.readRequest({ ...call, messages }, ASKED).messages[1]
    }

    it('come back with the next call', () => {
      const message = returned(JSON.parse(JSON.stringify(codec.writeAnswer(answer, context))))
      expect(message?.parts).toMatchObject(parts)
    })

    it('come back from a stream', () => {
      const events = eventsOf(answer, { size: 2, interleaved: false, usageLast: false })
      const stream = writeAll(codec.createStreamWriter(context), events)
      const [choice] = assembled(readAll(codec.createStreamReader(), sentEvents(stream))).choices
      if (choice === undefined) throw new Error('no choice')
      const body = codec.writeAnswer({ ...answer, choices: [choice] }, context)
      const message = returned(JSON.parse(JSON.stringify(body)))
      expect(message).toMatchObject({ role: 'assistant' })
      expect(onlyMarked((message?.parts ?? []) as readonly AssistantPart[])).toMatchObject(
        onlyMarked(parts),
      )
    })

    it('are left out towards everybody else', () => {
      const message = returned(JSON.parse(JSON.stringify(codec.writeAnswer(answer, context))))
      if (message === undefined) throw new Error('no message')
      const next = { ...request, messages: [...request.messages, message] }
      for (const body of [
        anthropicCodec.writeRequest(next, 'claude-opus-4-8'),
        openaiCodec.writeRequest(next, 'gpt-5.2'),
      ]) {
        const text = JSON.stringify(body)
        expect(text).toContain('Let me look.')
        expect(text).not.toMatch(/gAAAA|R2VtaW5p|dHBr/)
      }
    })
  },
)

it("Gemini's mark on a call is where Google's own chat completions have it", () => {
  const request = openaiCodec.readRequest(chatCall, ASKED)
  const context = { request, requestId: 'req_1', now: 1 }
  const body = openaiCodec.writeAnswer(answer, context)
  const extra_content = { google: { thought_signature: 'R2VtaW5p' } }
  expect(body).toMatchObject({
    choices: [{ message: { tool_calls: [{ id: 'call_1', extra_content }] } }],
  })
  const next = { ...request, messages: [{ role: 'assistant' as const, parts }] }
  expect(openaiCodec.writeRequest(next, 'gemini-3-pro')).toMatchObject({
    messages: [{ tool_calls: [{ id: 'call_1', extra_content }] }],
  })
})
