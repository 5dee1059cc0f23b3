import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anthropicCodec } from '../../src/translate/anthropic/codec.ts'
import type { Codec } from '../../src/translate/codec.ts'
import { parsedJson } from '../../src/translate/json.ts'
import type { NeutralAnswer } from '../../src/translate/neutral/answer.ts'
import type { Message, NeutralRequest } from '../../src/translate/neutral/request.ts'
import { openaiCodec } from '../../src/translate/openai/codec.ts'
import * as arbitraries from './arbitraries.ts'
import { assembled, eventsOf, readAll, sentEvents, writeAll } from './streams.ts'

const ASKED = { model: 'm', stream: false }
const MODELS: readonly (readonly [Codec, string])[] = [
  [anthropicCodec, 'claude-opus-4-8'],
  [anthropicCodec, 'claude-sonnet-4-5'],
  [anthropicCodec, 'claude-3-haiku-20240307'],
  [anthropicCodec, 'glm-5'],
  [openaiCodec, 'gpt-5.2'],
  [openaiCodec, 'gpt-4o'],
  [openaiCodec, 'llama-4'],
]
const names = MODELS.map(([codec, model]) => [codec.dialect, model, codec] as const)

/** What is said and called, whoever says it and however it is divided. */
function essence(messages: readonly Message[]) {
  const said: unknown[] = []
  for (const { role, parts } of messages) {
    for (const part of parts) {
      if (part.kind === 'text') said.push([role, part.text])
      else if (part.kind === 'tool_call') said.push([part.id, part.name, parsedJson(part.input)])
      else if (part.kind === 'tool_result')
        said.push([part.id, part.parts.map((one) => (one.kind === 'text' ? one.text : ''))[0]])
      else if (part.kind === 'image' || part.kind === 'file') said.push(part.source)
    }
  }
  return said
}

/** Whether all of `less` is in `more`, in its order; the more may have notes between. */
function holds(more: readonly unknown[], less: readonly unknown[]): boolean {
  const left = more.map((one) => JSON.stringify(one))
  return less.every((one) => {
    const at = left.findIndex((other) => isSaid(other, JSON.stringify(one)))
    left.splice(0, at + 1)
    return at >= 0
  })
}

/** A result that failed or shows something is told with a few words around it. */
const isSaid = (told: string, said: string) =>
  told
    .replace('The tool failed. ', '')
    .replace('\\n(What this result shows follows in the next message.)', '') === said

describe.each(names)('a request for %s, %s,', (_, model, codec) => {
  const written = (request: NeutralRequest) =>
    JSON.parse(JSON.stringify(codec.writeRequest(request, model)))

  it('written, read and written again is the same', () => {
    fc.assert(
      fc.property(arbitraries.request, (request) => {
        const once = written(request)
        expect(written(codec.readRequest(once, ASKED))).toEqual(once)
      }),
    )
  })

  it('loses nothing of what is said, shown and called', () => {
    fc.assert(
      fc.property(arbitraries.request, (request) => {
        const { messages } = codec.readRequest(written(request), ASKED)
        const before = essence(request.messages)
        expect(holds(essence(messages), before)).toBe(true)
      }),
    )
  })
})

/** What of an answer must come through, whatever the dialect. */
function core(answer: NeutralAnswer | undefined) {
  const [choice] = answer?.choices ?? []
  const parts = choice?.parts ?? []
  return {
    model: answer?.model,
    finish: choice?.finish,
    text: parts.map((part) => (part.kind === 'text' ? part.text : '')).join(''),
    reasoning: parts.map((part) => (part.kind === 'reasoning' ? part : undefined)).filter(Boolean),
    cited: parts.flatMap((part) =>
      part.kind === 'text' ? (part.citations ?? []).map(({ url, title }) => [url, title]) : [],
    ),
    calls: parts
      .filter((part) => part.kind === 'tool_call')
      .map(({ id, name, input }) => [id, name, parsedJson(input)]),
    usage: answer?.usage,
  }
}

const wish = { effort: 'high', budget: undefined, shows: 'summary' } as const
const context = fc.record({
  request: arbitraries.request.map((request) => ({
    ...request,
    tools: [],
    reasoning: wish,
    streamsUsage: true,
  })),
  requestId: fc.constant('req_1'),
  now: fc.constant(1_700_000_000),
})

/** Each dialect marks its own reasoning in its own way: here are those of others. */
const foreign = (codec: Codec) =>
  arbitraries.answer.map((answer) => ({
    ...answer,
    choices: answer.choices.map((choice) => ({
      ...choice,
      parts: choice.parts.map((part) =>
        part.kind === 'reasoning' && part.mark?.issuer === codec.dialect
          ? { ...part, mark: { ...part.mark, issuer: 'responses' as const } }
          : part,
      ),
    })),
  }))

/** The hour of a cache is told by Anthropic alone. */
const known = (codec: Codec, expected: ReturnType<typeof core>) => {
  const { usage } = expected
  if (codec.dialect === 'anthropic' || usage === undefined) return expected
  const cacheWrite = usage.cacheWrite + usage.cacheWrite1h
  return { ...expected, usage: { ...usage, cacheWrite, cacheWrite1h: 0 } }
}

describe.each([
  ['anthropic', anthropicCodec],
  ['openai', openaiCodec],
] as const)('an answer for %s', (_, codec) => {
  it('written and read is the same', () => {
    fc.assert(
      fc.property(foreign(codec), context, (answer, asked) => {
        const read = codec.readAnswer(JSON.parse(JSON.stringify(codec.writeAnswer(answer, asked))))
        expect(core(read)).toEqual(known(codec, core(answer)))
      }),
    )
  })

  it('as a stream is the same, however it is cut', () => {
    const cutting = fc.record({
      size: fc.integer({ min: 1, max: 7 }),
      interleaved: fc.boolean(),
      usageLast: fc.boolean(),
    })
    fc.assert(
      fc.property(foreign(codec), context, cutting, (answer, asked, cut) => {
        const stream = writeAll(codec.createStreamWriter(asked), eventsOf(answer, cut))
        const read = assembled(readAll(codec.createStreamReader(), sentEvents(stream)))
        expect(core(read)).toEqual(known(codec, core(answer)))
      }),
    )
  })

  it('as a stream looks complete only once it is', () => {
    fc.assert(
      fc.property(arbitraries.answer, context, (answer, asked) => {
        const events = eventsOf(answer, { size: 3, interleaved: false, usageLast: false })
        const writer = codec.createStreamWriter(asked)
        const finish = events.findIndex(({ kind }) => kind === 'finish')
        const before = events.slice(0, finish).map((event) => writer.write(event))
        const sent = sentEvents(before.join('')).map(({ data }) => parsedJson(data))
        for (const event of sent) {
          const told = JSON.stringify(event)
          expect(told).not.toMatch(/"finish_reason":"|"stop_reason":"|message_stop/)
        }
      }),
    )
  })
})
