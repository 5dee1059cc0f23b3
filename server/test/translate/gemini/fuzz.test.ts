import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Refused } from '../../../src/errors.ts'
import { geminiCodec } from '../../../src/translate/gemini/codec.ts'
import { isObject } from '../../../src/translate/json.ts'
import { responsesCodec } from '../../../src/translate/responses/codec.ts'
import { anyJson, damaged } from '../fuzz.ts'
import { readAll } from '../streams.ts'
import { ANSWER, BLOCKED, FULL, NAMES, SNAKE } from './bodies.ts'

const RUNS = { numRuns: 1_000 }
const asked = { model: 'm', stream: false }

/** Reads a call as an attacker sends it, and writes what was understood. Anything but a refusal is thrown on. */
function attack(body: unknown): 'read' | 'refused' {
  if (!isObject(body)) return 'refused'
  try {
    const request = geminiCodec.readRequest(body, asked)
    for (const model of ['gemini-3-pro', 'gemini-2.5-flash', 'gemma-3']) {
      JSON.stringify(geminiCodec.writeRequest(request, model))
    }
    JSON.stringify(responsesCodec.writeRequest(request, 'gpt-5'))
    return 'read'
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    expect(['invalid_request', 'unsupported_parameter']).toContain(error.code)
    return 'refused'
  }
}

function nested(depth: number): unknown {
  let value: unknown = {}
  for (let at = 0; at < depth; at++) value = { properties: { a: value }, type: 'OBJECT' }
  return value
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
      fc.property(damaged([FULL, SNAKE], NAMES), (body) => void attack(body)),
      RUNS,
    )
    expect(attack(FULL)).toBe('read')
    expect(attack(SNAKE)).toBe('read')
  })

  it.each(['parameters', 'parametersJsonSchema'])(
    'with %s nested without end is refused',
    (name) => {
      const functionDeclarations = [{ name: 'f', [name]: nested(20_000) }]
      const body = { contents: [{ parts: [{ text: 'a' }] }], tools: [{ functionDeclarations }] }
      expect(attack(body)).toBe('refused')
    },
  )

  it('with lists that are longer than a stack is read', () => {
    const parts = Array.from({ length: 200_000 }, () => ({ text: 'a' }))
    const required = parts.map((_, at) => `p${at}`)
    const parametersJsonSchema = { allOf: [{ required }, { required }] }
    const tools = [{ functionDeclarations: [{ name: 'f', parametersJsonSchema }] }]
    expect(attack({ contents: [{ parts }, { role: 'model', parts }], tools })).toBe('read')
  })

  it('keeps a property called __proto__ where it belongs', () => {
    const body = JSON.parse(
      '{"contents":[{"parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"__proto__":{"type":"STRING"}}}}]}]}',
    )
    const written = geminiCodec.writeRequest(geminiCodec.readRequest(body, asked), 'gemini-3-pro')
    expect(JSON.stringify(written)).toContain('"properties":{"__proto__":{"type":"string"}}')
  })
})

describe('an answer that no provider should send', () => {
  const context = { request: geminiCodec.readRequest(FULL, asked), requestId: 'r', now: 1 }

  it('is read as far as it makes sense', () => {
    const body = fc.oneof(anyJson(NAMES), damaged([ANSWER, BLOCKED], NAMES))
    fc.assert(
      fc.property(body, (answer) => {
        if (!isObject(answer)) return
        const read = geminiCodec.readAnswer(answer)
        geminiCodec.readError(answer)
        if (read === undefined) return
        JSON.stringify(geminiCodec.writeAnswer(read, context))
        JSON.stringify(responsesCodec.writeAnswer(read, context))
      }),
      RUNS,
    )
  })

  it('is streamed as far as it makes sense', () => {
    const chunk = fc.oneof(
      fc.string(),
      fc.oneof(anyJson(NAMES), damaged([ANSWER, BLOCKED], NAMES)).map((one) => JSON.stringify(one)),
    )
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 4 }), (chunks) => {
        const sent = chunks.map((text) => ({ name: '', data: text ?? '' }))
        const events = readAll(geminiCodec.createStreamReader(), sent)
        for (const codec of [geminiCodec, responsesCodec]) {
          const writer = codec.createStreamWriter(context)
          for (const event of events) writer.write(event)
          writer.end()
        }
      }),
      RUNS,
    )
  })
})
