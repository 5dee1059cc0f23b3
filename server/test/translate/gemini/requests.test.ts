import { describe, expect, it } from 'vitest'
import { refuseWhatIsLost } from '../../../src/translate/features.ts'
import { geminiCodec } from '../../../src/translate/gemini/codec.ts'
import { wrapMark } from '../../../src/translate/neutral/foreign-mark.ts'
import type { JsonObject, NeutralRequest } from '../../../src/translate/neutral/request.ts'
import { responsesCodec } from '../../../src/translate/responses/codec.ts'
import { FULL, SNAKE } from './bodies.ts'

const asked = { model: 'gemini-3-pro', stream: false }
const read = (body: JsonObject) => geminiCodec.readRequest(body, asked)
const hello = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] }
const write = (more: Partial<NeutralRequest>, model = 'gemini-3-pro') =>
  geminiCodec.writeRequest({ ...read(hello), ...more }, model)

describe('a call of generateContent', () => {
  it('is understood with everything in it', () => {
    const request = read(FULL)
    expect(request.messages[1]?.parts).toEqual([
      { kind: 'reasoning', text: 'Let me look.', mark: undefined },
      {
        kind: 'tool_call',
        id: 'c1',
        name: 'look',
        input: '{"at":"image","deep":{"a":[1]}}',
        mark: { issuer: 'gemini', value: 'c2lnbmVk' },
      },
      { kind: 'tool_call', id: 'call_nr_0', name: 'look', input: '{}', mark: undefined },
    ])
    expect(request.messages[2]?.parts).toMatchObject([
      { id: 'c1', failed: false, parts: [{ text: 'a cat' }, { kind: 'image' }] },
      { id: 'call_nr_0', failed: true, parts: [{ text: 'too dark' }] },
    ])
    expect(request.tools[0]).toMatchObject({
      parameters: {
        type: 'object',
        properties: {
          at: { type: ['string', 'null'], enum: ['image'] },
          sizes: { type: 'array', items: { type: 'integer' }, minItems: 1 },
          either: { anyOf: [{ type: 'string' }, { type: 'number' }] },
        },
      },
    })
    expect(request).toMatchObject({
      toolChoice: { kind: 'allowed', required: true, names: ['look', 'walk'] },
      format: { kind: 'schema', schema: { type: 'object' } },
      outputLimit: 500,
      choices: 2,
      logprobs: 3,
      stop: ['END'],
      reasoning: { budget: 1024, shows: 'summary' },
    })
    expect([...request.uses.keys()].sort()).toEqual([
      'choices',
      'file_url',
      'frequency_penalty',
      'image_bytes',
      'image_detail',
      'json_schema',
      'logprobs',
      'presence_penalty',
      'reasoning_budget',
      'reasoning_kept',
      'reasoning_shown',
      'safety_settings',
      'seed',
      'stop',
      'system',
      'temperature',
      'tool_choice_allowed',
      'tool_failure',
      'tool_result_media',
      'tools',
      'top_k',
      'top_p',
    ])
  })

  it("is understood in Google's other spelling", () => {
    expect(read(SNAKE)).toMatchObject({
      system: [{ text: 'Be brief.' }],
      messages: [{ role: 'user', parts: [{ kind: 'image' }] }],
      tools: [{ name: 'look', parameters: { type: 'object' } }],
      toolChoice: { kind: 'none' },
      outputLimit: 5,
      reasoning: { effort: 'low', shows: 'nothing' },
      serviceTier: 'flex',
    })
  })

  it.each([
    ['contents is missing', {}],
    ['contents[0].role must be one of user, model', { contents: [{ role: 'system', parts: [] }] }],
    ['contents[0].parts[0].text must be a string', { contents: [{ parts: [{ text: 1 }] }] }],
    [
      'contents[0].parts[0].functionCall.name is missing',
      { contents: [{ role: 'model', parts: [{ functionCall: {} }] }] },
    ],
    ['generationConfig.topP must be a number', { ...hello, generationConfig: { topP: 'much' } }],
    [
      'tools[0].functionDeclarations[0].parameters must be an object',
      { ...hello, tools: [{ functionDeclarations: [{ name: 'f', parameters: [] }] }] },
    ],
  ])('is refused where it is not as documented: %s', (message, body) => {
    expect(() => read(body)).toThrow(message)
  })

  it("is refused with Google's own tools, by their place, where another provider answers", () => {
    const request = read({ ...hello, tools: [{ googleSearch: {} }] })
    expect(() => refuseWhatIsLost(request, responsesCodec.fates, 'OpenAI Responses')).toThrow(
      "tools[0].googleSearch can't be used with gemini-3-pro here",
    )
  })

  it('joins what a client kept of a stream in pieces, so that signatures sign the whole', () => {
    const pieces = [
      { text: 'Let me ', thought: true },
      { text: 'think.', thought: true },
      {
        text: '',
        thought: true,
        thoughtSignature: wrapMark({ issuer: 'anthropic', value: 'sig' }),
      },
      { text: 'Hel' },
      { text: 'lo.' },
    ]
    const contents = [
      ...hello.contents,
      ...pieces.map((piece) => ({ role: 'model', parts: [piece] })),
      ...hello.contents,
    ]
    expect(read({ contents }).messages[1]).toMatchObject({
      role: 'assistant',
      parts: [
        { kind: 'reasoning', text: 'Let me think.', mark: { issuer: 'anthropic', value: 'sig' } },
        { kind: 'text', text: 'Hello.', mark: undefined },
      ],
    })
  })
})

const call = (mark?: { issuer: 'gemini' | 'anthropic'; value: string }) =>
  ({ kind: 'tool_call', id: 'c1', name: 'look', input: '{}', mark }) as const

/** The parts of what the model is said to have said. */
function modelParts(parts: NeutralRequest['messages'][number]['parts'], model?: string): unknown {
  const messages = [{ role: 'assistant', parts } as NeutralRequest['messages'][number]]
  const [content] = write({ messages }, model).contents as { parts: unknown }[]
  return content?.parts
}

describe('a call for Gemini', () => {
  it('has signatures of its own, wherever another dialect put them', () => {
    const mark = { issuer: 'gemini', value: 'c2ln' } as const
    const signed = { functionCall: { id: 'c1', name: 'look', args: {} }, thoughtSignature: 'c2ln' }
    expect(modelParts([call(mark)])).toEqual([signed])
    expect(modelParts([{ kind: 'reasoning', text: '', mark }, call()])).toEqual([signed])
    expect(
      modelParts([
        { kind: 'text', text: 'a' },
        { kind: 'reasoning', text: '', mark },
      ]),
    ).toEqual([{ text: 'a' }, { text: '', thoughtSignature: 'c2ln' }])
  })

  it("leaves other providers' reasoning out, and says that nobody signed their calls", () => {
    const mark = { issuer: 'anthropic', value: 'sig' } as const
    const thought = { kind: 'reasoning', text: 'Hm.', mark } as const
    const functionCall = { id: 'c1', name: 'look', args: {} }
    expect(modelParts([thought, call(), call()])).toEqual([
      { functionCall, thoughtSignature: 'skip_thought_signature_validator' },
      { functionCall },
    ])
    expect(modelParts([thought, call()], 'gemini-2.5-pro')).toEqual([{ functionCall }])
  })

  it('has results of functions right behind their calls, and images in them from Gemini 3 on', () => {
    const image = {
      kind: 'image',
      source: { kind: 'bytes', mediaType: 'image/png', base64: 'aa' },
    } as const
    const parts = [{ kind: 'text', text: 'a cat' } as const, image]
    const result = { kind: 'tool_result', id: 'c1', name: undefined, parts, failed: false } as const
    const messages: NeutralRequest['messages'] = [
      { role: 'assistant', parts: [call()] },
      { role: 'user', parts: [{ kind: 'text', text: 'Look:' }, result] },
    ]
    const inlineData = { mimeType: 'image/png', data: 'aa' }
    const response = { id: 'c1', name: 'look', response: { output: 'a cat' } }
    expect(write({ messages }).contents).toMatchObject([
      { role: 'model' },
      {
        role: 'user',
        parts: [{ functionResponse: { ...response, parts: [{ inlineData }] } }, { text: 'Look:' }],
      },
    ])
    expect(write({ messages }, 'gemini-2.5-flash').contents).toMatchObject([
      { role: 'model' },
      { role: 'user', parts: [{ functionResponse: response }, { inlineData }, { text: 'Look:' }] },
    ])
  })

  it.each([
    ['gemini-3-pro', { effort: 'minimal' }, { thinkingLevel: 'LOW' }],
    ['gemini-3-flash', { effort: 'none' }, { thinkingLevel: 'MINIMAL' }],
    ['gemini-flash-latest', { effort: 'max' }, { thinkingLevel: 'HIGH' }],
    ['gemini-3-flash', { budget: 2_000 }, { thinkingLevel: 'LOW' }],
    ['gemini-2.5-pro', { effort: 'none' }, { thinkingBudget: 128 }],
    ['gemini-2.5-flash', { effort: 'none' }, { thinkingBudget: 0 }],
    ['gemini-2.5-flash', { budget: -1 }, { thinkingBudget: -1 }],
    ['gemini-2.5-flash', { budget: 60_000 }, { thinkingBudget: 24_576 }],
    ['gemini-2.0-flash', { effort: 'high' }, undefined],
    ['gemma-3-27b-it', { effort: 'high' }, undefined],
  ] as const)('lets %s think %o', (model, wish, thinkingConfig) => {
    const reasoning = { effort: undefined, budget: undefined, shows: undefined, ...wish }
    const { generationConfig } = write({ reasoning }, model)
    expect((generationConfig as JsonObject).thinkingConfig).toEqual(thinkingConfig)
  })

  it('has schemas without the keywords that Gemini does not know', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        kind: { const: 'a' },
        size: { type: 'integer', exclusiveMinimum: 0, default: 1 },
        place: { $ref: '#/definitions/place', description: 'where' },
        all: {
          allOf: [
            { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
            { properties: { b: { type: 'string', pattern: 'x' } }, required: ['b'] },
          ],
        },
      },
      definitions: { place: { type: 'string', minLength: 1 } },
      additionalProperties: false,
    }
    const format = {
      kind: 'schema',
      name: 'a',
      description: undefined,
      schema,
      strict: true,
    } as const
    expect(write({ format }).generationConfig).toMatchObject({
      responseMimeType: 'application/json',
      responseJsonSchema: {
        type: 'object',
        properties: {
          kind: { enum: ['a'] },
          size: { type: 'integer' },
          place: { $ref: '#/$defs/place' },
          all: {
            type: 'object',
            properties: { a: { type: 'string' }, b: { type: 'string' } },
            required: ['a', 'b'],
          },
        },
        additionalProperties: false,
        $defs: { place: { type: 'string' } },
      },
    })
    expect(JSON.stringify(write({ format }))).not.toMatch(/\$schema|pattern|default|exclusive/)
  })

  it('is refused with a name of a tool that Gemini does not take', () => {
    const tool = { kind: 'custom', name: '1st', description: undefined, format: undefined } as const
    expect(() => write({ tools: [tool] })).toThrow(
      'the tool\'s name "1st" must begin with a letter',
    )
  })
})
