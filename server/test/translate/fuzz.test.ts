import fc from 'fast-check'
import { describe, it } from 'vitest'
import type { Codec } from '../../src/translate/codec.ts'
import { CODECS as ALL } from '../../src/translate/codecs.ts'
import { isObject } from '../../src/translate/json.ts'
import type { JsonObject } from '../../src/translate/neutral/request.ts'
import * as arbitraries from './arbitraries.ts'
import { anyJson, damaged, pathsOf, survives } from './fuzz.ts'
import { eventsOf, sentEvents, writeAll } from './streams.ts'

const CODECS = Object.values(ALL)
const RUNS = { numRuns: 300 }

/** Bodies of all kinds, from what is written for them. */
const [requests, answers] = [arbitraries.request, arbitraries.answer].map((arbitrary) =>
  fc.sample<unknown>(arbitrary as fc.Arbitrary<unknown>, { numRuns: 30, seed: 7 }),
) as [Parameters<Codec['writeRequest']>[0][], Parameters<Codec['writeAnswer']>[0][]]
const contextOf = (at: number) => {
  const request = requests[at % requests.length]
  if (request === undefined) throw new Error('no request')
  return { request: { ...request, streamsUsage: true }, requestId: 'req_1', now: 1 }
}
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as JsonObject

describe.each(CODECS.map((codec) => [codec.dialect, codec] as const))('%s', (_, codec) => {
  const bodies = requests.map((request) => plain(codec.writeRequest(request, 'claude-opus-4-8')))
  const spoken = answers.map((answer, at) => plain(codec.writeAnswer(answer, contextOf(at))))
  const streams = answers.map((answer, at) => {
    const events = eventsOf(answer, { size: 4, interleaved: true, usageLast: true })
    return sentEvents(writeAll(codec.createStreamWriter(contextOf(at)), events))
  })
  const names = Array.from(
    new Set(
      [...bodies, ...spoken].flatMap((body) =>
        pathsOf(body)
          .flat()
          .filter((name) => typeof name === 'string'),
      ),
    ),
  )

  it('refuses every request that is not as documented, and fails for none', () => {
    fc.assert(
      fc.property(anyJson(names), (body) => survives(codec, CODECS, body)),
      RUNS,
    )
    fc.assert(
      fc.property(damaged(bodies, names), (body) => survives(codec, CODECS, body)),
      { numRuns: 2_000 },
    )
  })

  it('takes as long a call as may come', () => {
    const many = <T>(one: (at: number) => T) => Array.from({ length: 130_000 }, (_, at) => one(at))
    const text = { type: 'text', text: 'x' }
    const listed = many(() => text)
    const call = (at: number) => ({
      id: `c${at}`,
      type: 'function',
      function: { name: `f${at}`, arguments: '{}' },
    })
    const used = (at: number) => ({ type: 'tool_use', id: `c${at}`, name: `f${at}`, input: {} })
    const tool = (at: number) => ({ type: 'custom', custom: { name: `f${at}` } })
    const hello = { model: 'm', max_tokens: 9 }
    const user = { role: 'user', content: listed }
    for (const body of [
      { ...hello, system: listed, messages: [user, { role: 'assistant', content: listed }, user] },
      { ...hello, messages: [{ role: 'system', content: listed }, user, user] },
      { ...hello, messages: [user, { role: 'system', content: listed }] },
      { ...hello, messages: [user, { role: 'assistant', content: many(used) }] },
      {
        ...hello,
        messages: [user, { role: 'assistant', tool_calls: many(call) }],
        tools: many(tool),
      },
      { ...hello, messages: many(() => ({ role: 'user', content: 'x' })) },
    ])
      survives(codec, CODECS, body, ['claude-sonnet-4-5'])
  })

  it('reads every answer, or none', () => {
    fc.assert(
      fc.property(fc.oneof(anyJson(names), damaged(spoken, names)), fc.nat(29), (body, at) => {
        if (!isObject(body)) return
        codec.readError(body)
        const answer = codec.readAnswer(body)
        if (answer === undefined) return
        for (const other of CODECS) JSON.stringify(other.writeAnswer(answer, contextOf(at)))
      }),
      { numRuns: 1_000 },
    )
  })

  it('reads every stream', () => {
    const bit = fc.oneof(
      anyJson(names).map((value) => ({ name: '', data: JSON.stringify(value) })),
      fc.string().map((data) => ({ name: data, data })),
      fc
        .constantFrom(...streams.flat().filter(({ data }) => data !== '[DONE]'))
        .chain(({ name, data }) =>
          damaged([plain(JSON.parse(data))], names).map((value) => ({
            name,
            data: JSON.stringify(value),
          })),
        ),
      fc.constantFrom(...streams.flat()),
    )
    fc.assert(
      fc.property(fc.array(bit, { maxLength: 30 }), fc.nat(29), (bits, at) => {
        const reader = codec.createStreamReader()
        const writers = CODECS.map((other) => other.createStreamWriter(contextOf(at)))
        for (const { name, data } of bits)
          for (const event of reader.read(name, data))
            for (const writer of writers) writer.write(event)
        for (const event of reader.end()) for (const writer of writers) writer.write(event)
        for (const writer of writers) sentEvents(writer.end())
      }),
      { numRuns: 500 },
    )
  })
})
