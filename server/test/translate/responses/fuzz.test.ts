import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Refused } from '../../../src/errors.ts'
import { geminiCodec } from '../../../src/translate/gemini/codec.ts'
import { isObject } from '../../../src/translate/json.ts'
import { responsesCodec } from '../../../src/translate/responses/codec.ts'
import { anyJson, damaged } from '../fuzz.ts'
import { readAll } from '../streams.ts'
import { ANSWER, EVENTS, FULL, NAMES } from './bodies.ts'

const RUNS = { numRuns: 1_000 }
const asked = { model: 'm', stream: false }

/** Reads a call as an attacker sends it, and writes what was understood. Anything but a refusal is thrown on. */
function attack(body: unknown): 'read' | 'refused' {
  if (!isObject(body)) return 'refused'
  try {
    const request = responsesCodec.readRequest(body, asked)
    for (const model of ['gpt-5', 'gpt-5.2', 'gpt-4o', 'other']) {
      JSON.stringify(responsesCodec.writeRequest(request, model))
    }
    JSON.stringify(geminiCodec.writeRequest(request, 'gemini-3-pro'))
    return 'read'
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    expect(['invalid_request', 'unsupported_parameter']).toContain(error.code)
    return 'refused'
  }
}

describe('a call that nobody should send', () => {
  it('of any JSON is read or refused', () => {
    fc.assert(
      fc.property(anyJson(NAMES), (body) => void attack(body)),
      RUNS,
    )
  })

  it('that is valid but for one member is read or refused', () => {
    fc.assert(
      fc.property(damaged([FULL], NAMES), (body) => void attack(body)),
      RUNS,
    )
    expect(attack(FULL)).toBe('read')
  })
})

describe('a call with lists that are longer than a stack', () => {
  it('is read', () => {
    const content = Array.from({ length: 200_000 }, () => ({ type: 'input_text', text: 'a' }))
    const input = [
      { role: 'system', content },
      { role: 'user', content },
    ]
    expect(attack({ input })).toBe('read')
  })
})

describe('an answer that no provider should send', () => {
  const context = { request: responsesCodec.readRequest(FULL, asked), requestId: 'r', now: 1 }

  it('is read as far as it makes sense', () => {
    const body = fc.oneof(anyJson(NAMES), damaged([ANSWER], NAMES))
    fc.assert(
      fc.property(body, (answer) => {
        if (!isObject(answer)) return
        const read = responsesCodec.readAnswer(answer)
        responsesCodec.readError(answer)
        if (read === undefined) return
        JSON.stringify(geminiCodec.writeAnswer(read, context))
        JSON.stringify(responsesCodec.writeAnswer(read, context))
      }),
      RUNS,
    )
  })

  it('is streamed as far as it makes sense, in any order', () => {
    const event = fc.oneof(
      fc.string(),
      fc.oneof(anyJson(NAMES), damaged(EVENTS, NAMES)).map((one) => JSON.stringify(one)),
      fc.constantFrom(...EVENTS).map((one) => JSON.stringify(one)),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        const sent = events.map((text) => ({ name: '', data: text ?? '' }))
        const read = readAll(responsesCodec.createStreamReader(), sent)
        for (const codec of [geminiCodec, responsesCodec]) {
          const writer = codec.createStreamWriter(context)
          for (const one of read) writer.write(one)
          writer.end()
        }
      }),
      RUNS,
    )
  })
})
