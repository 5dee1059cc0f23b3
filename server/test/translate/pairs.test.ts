import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CODECS } from '../../src/translate/codecs.ts'
import type { NeutralAnswer } from '../../src/translate/neutral/answer.ts'
import type { NeutralRequest } from '../../src/translate/neutral/request.ts'
import * as arbitraries from './arbitraries.ts'
import { assembled, eventsOf, readAll, sentEvents, writeAll } from './streams.ts'

const ALL = Object.values(CODECS)
const PAIRS = ALL.flatMap((provider) =>
  ALL.map((caller) => [provider.dialect, caller.dialect, provider, caller] as const),
)

/** What of an answer any caller must be told, whoever gave it. */
function core(answer: NeutralAnswer | undefined) {
  const parts = answer?.choices[0]?.parts ?? []
  return {
    model: answer?.model,
    finish: answer?.choices[0]?.finish,
    text: parts.map((part) => (part.kind === 'text' ? part.text : '')).join(''),
    reasoning: parts.map((part) => (part.kind === 'reasoning' ? part.text : '')).join(''),
    calls: parts
      .filter((part) => part.kind === 'tool_call')
      .map(({ name, input }) => [name, JSON.parse(input)]),
    prompt: answer?.usage?.prompt,
    completion: answer?.usage?.completion,
    cached: answer?.usage?.cached,
    reasoned: answer?.usage?.reasoning,
  }
}

const wish = { effort: 'high', budget: undefined, shows: 'summary' } as const
const contextOf = (request: NeutralRequest) => ({
  request: { ...request, tools: [], reasoning: wish, streamsUsage: true },
  requestId: 'req_1',
  now: 1_700_000_000,
})
const cutting = fc.record({
  size: fc.integer({ min: 1, max: 7 }),
  interleaved: fc.boolean(),
  usageLast: fc.boolean(),
})
const overTheWire = (body: object) => JSON.parse(JSON.stringify(body))

describe.each(PAIRS)('from a provider of %s to a caller of %s', (_, __, provider, caller) => {
  it('an answer arrives, whole and as a stream', () => {
    fc.assert(
      fc.property(arbitraries.answer, arbitraries.request, cutting, (answer, request, cut) => {
        const context = contextOf(request)
        const given = provider.readAnswer(overTheWire(provider.writeAnswer(answer, context)))
        if (given === undefined) throw new Error('no answer')
        const told = caller.readAnswer(overTheWire(caller.writeAnswer(given, context)))
        expect(core(told)).toEqual(core(answer))

        const sent = writeAll(provider.createStreamWriter(context), eventsOf(answer, cut))
        const events = readAll(provider.createStreamReader(), sentEvents(sent))
        const passedOn = writeAll(caller.createStreamWriter(context), events)
        const read = assembled(readAll(caller.createStreamReader(), sentEvents(passedOn)))
        expect(core(read)).toEqual(core(answer))
      }),
    )
  })
})
