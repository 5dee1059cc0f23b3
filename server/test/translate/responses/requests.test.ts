import { describe, expect, it } from 'vitest'
import { refuseWhatIsLost } from '../../../src/translate/features.ts'
import { geminiCodec } from '../../../src/translate/gemini/codec.ts'
import { wrapMark } from '../../../src/translate/neutral/foreign-mark.ts'
import type { JsonObject, NeutralRequest } from '../../../src/translate/neutral/request.ts'
import { responsesCodec } from '../../../src/translate/responses/codec.ts'
import { FULL } from './bodies.ts'

const asked = { model: 'gpt-5', stream: true }
const read = (body: JsonObject) => responsesCodec.readRequest(body, asked)
const write = (more: Partial<NeutralRequest>, model = 'gpt-5') =>
  responsesCodec.writeRequest({ ...read({ input: 'Hello' }), ...more }, model)

describe('a call of OpenAI Responses', () => {
  it('is understood with everything in it', () => {
    const request = read(FULL)
    expect(request.system).toEqual([
      { kind: 'text', text: 'Be brief.' },
      { kind: 'text', text: 'Use tools.' },
    ])
    expect(request.messages).toMatchObject([
      {
        role: 'user',
        parts: [
          { kind: 'text', text: 'What is this?', cache: '1h' },
          { kind: 'image', source: { mediaType: 'image/png', base64: 'aGk=' }, detail: 'high' },
          { kind: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } },
          { kind: 'file', name: 'a.pdf', source: { mediaType: 'application/pdf', base64: 'aGk=' } },
          { kind: 'file', source: { kind: 'url', url: 'https://example.com/a.pdf' } },
        ],
      },
      {
        role: 'assistant',
        parts: [
          {
            kind: 'reasoning',
            text: 'One.\n\nTwo.',
            mark: { issuer: 'responses', value: 'gAAA', id: 'rs_1' },
          },
          { kind: 'text', text: 'Let me look.' },
          { kind: 'tool_call', id: 'c1', name: 'look', input: '{"at":"it"}' },
          { kind: 'tool_call', id: 'c2', name: 'patch', input: '*** Begin', custom: true },
        ],
      },
      {
        role: 'user',
        parts: [
          {
            kind: 'tool_result',
            id: 'c1',
            name: 'look',
            parts: [{ text: 'a cat' }, { kind: 'image' }],
          },
          { kind: 'tool_result', id: 'c2', name: 'patch', parts: [{ text: 'Done' }], custom: true },
        ],
      },
      { role: 'system', parts: [{ text: 'Now in Norwegian.' }] },
      { role: 'user', parts: [{ text: 'Go on.' }] },
    ])
    expect(request).toMatchObject({
      tools: [
        { kind: 'function', name: 'look', strict: false },
        { kind: 'custom', name: 'patch', format: { syntax: 'lark' } },
      ],
      toolChoice: { kind: 'allowed', required: true, names: ['look', 'patch'] },
      parallelToolCalls: false,
      format: { kind: 'schema', name: 'it', strict: true },
      reasoning: { effort: 'high', shows: 'summary' },
      logprobs: 2,
      verbosity: 'low',
      serviceTier: 'flex',
      endUser: 'somebody',
      promptCacheKey: 'key',
      outputLimit: 1000,
    })
    expect([...request.uses.keys()].sort()).toEqual([
      'cache_marks',
      'custom_tools',
      'end_user',
      'file_bytes',
      'file_url',
      'image_bytes',
      'image_detail',
      'image_url',
      'json_schema',
      'logprobs',
      'metadata',
      'mid_system',
      'one_tool_call',
      'prompt_cache_key',
      'reasoning_effort',
      'reasoning_kept',
      'reasoning_shown',
      'service_tier',
      'system',
      'temperature',
      'tool_choice_allowed',
      'tool_result_media',
      'tools',
      'top_p',
      'truncation',
      'verbosity',
    ])
  })

  it.each([
    ['tools[0] (local_shell)', { input: 'a', tools: [{ type: 'local_shell' }] }],
    ['tools[0] (web_search)', { input: 'a', tools: [{ type: 'web_search' }] }],
    ['input[0] (computer_call)', { input: [{ type: 'computer_call', id: 'cu_1' }] }],
    ['previous_response_id', { input: 'a', previous_response_id: 'resp_1' }],
    ['background', { input: 'a', background: true }],
  ])('is refused where it needs OpenAI itself, by the place: %s', (place, body) => {
    const refuse = () => refuseWhatIsLost(read(body), geminiCodec.fates, 'Gemini')
    expect(refuse).toThrow(`${place} can't be used with gpt-5 here`)
  })

  it.each([
    ['input is missing', {}],
    [
      'input[0] refers to an item that nobody keeps here: set store to false',
      { input: [{ type: 'item_reference', id: 'rs_1' }] },
    ],
    ['input must be a string or a list of items', { input: 1 }],
    ['input[0].role must be one of user, assistant', { input: [{ role: 'tool', content: 'a' }] }],
    [
      'input[0].content[0].type must be one of',
      { input: [{ role: 'user', content: [{ type: 'x' }] }] },
    ],
    ['input[0].call_id is missing', { input: [{ type: 'function_call', name: 'f' }] }],
    ['input[0].output is missing', { input: [{ type: 'function_call_output', call_id: 'c' }] }],
    ['temperature must be between 0 and 2', { input: 'a', temperature: 3 }],
    ['reasoning.effort must be one of', { input: 'a', reasoning: { effort: 'much' } }],
    ['max_output_tokens must be a whole number', { input: 'a', max_output_tokens: 0.5 }],
    ['prompt names a template', { input: 'a', prompt: { id: 'pmpt_1' } }],
  ])('is refused where it is not as documented: %s', (message, body) => {
    expect(() => read(body)).toThrow(message)
  })

  it("has other providers' marks in the place of its own", () => {
    const mark = { issuer: 'anthropic', value: 'sig', redacted: true, id: undefined } as const
    const item = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: wrapMark(mark) }
    expect(read({ input: [item] }).messages[0]?.parts).toEqual([
      { kind: 'reasoning', text: '', mark },
    ])
  })
})

describe('a call for OpenAI Responses', () => {
  it('stores nothing, is never strict unasked, and has at least sixteen tokens of output', () => {
    const parameters = { type: 'object' }
    const tool = { kind: 'function', name: 'f', parameters, strict: undefined } as const
    const tools = [{ ...tool, description: undefined, cache: undefined }]
    expect(write({ tools, outputLimit: 5, stream: true })).toMatchObject({
      store: false,
      stream: true,
      max_output_tokens: 16,
      tools: [{ type: 'function', name: 'f', parameters, strict: false }],
    })
  })

  it('keeps reasoning of OpenAI alone', () => {
    const own = { issuer: 'responses', value: 'gAAA', id: 'rs_1' } as const
    const other = { issuer: 'anthropic', value: 'sig' } as const
    const parts = [
      { kind: 'reasoning', text: 'Hm.', mark: own } as const,
      { kind: 'reasoning', text: 'Hm.', mark: other } as const,
      { kind: 'text', text: 'Hello' } as const,
    ]
    expect(write({ messages: [{ role: 'assistant', parts }] }).input).toEqual([
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'Hm.' }],
        encrypted_content: 'gAAA',
      },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }] },
    ])
  })

  const thinking = { effort: 'high', budget: undefined, shows: 'summary' } as const

  it.each([
    ['gpt-5', thinking, { effort: 'high', summary: 'auto' }, false],
    ['gpt-5.1', { ...thinking, effort: 'none' }, { effort: 'none', summary: 'auto' }, true],
    ['gpt-5', { ...thinking, effort: 'none' }, { effort: 'minimal', summary: 'auto' }, false],
    ['o4-mini', { ...thinking, effort: 'max' }, { effort: 'high', summary: 'auto' }, false],
    ['gpt-5.2', undefined, undefined, true],
    ['gpt-4o', thinking, undefined, true],
    ['openai/gpt-4o', thinking, undefined, true],
  ] as const)('lets %s think as it can, and takes its temperature where it may', (...row) => {
    const [model, reasoning, written, warm] = row
    const body = write({ reasoning, sampling: { temperature: 0.5 } }, model)
    expect(body.reasoning).toEqual(written)
    expect(body.temperature).toBe(warm ? 0.5 : undefined)
    const asks = written !== undefined && !(written.effort === 'none')
    expect(body.include).toEqual(asks ? ['reasoning.encrypted_content'] : undefined)
  })

  it('is strict only about schemas that OpenAI takes as such', () => {
    const closed = { type: 'object', properties: { a: { type: 'string' } } } as const
    const strict = { ...closed, required: ['a'], additionalProperties: false }
    const written = (schema: JsonObject) => {
      const described = { name: 'a', description: undefined, strict: true }
      const tool = { ...described, kind: 'function', parameters: schema, cache: undefined } as const
      const { tools, text } = write({
        tools: [tool],
        format: { ...described, kind: 'schema', schema },
      })
      return [tools, text]
    }
    expect(written(strict)).toMatchObject([[{ strict: true }], { format: { strict: true } }])
    expect(written(closed)).toMatchObject([[{ strict: false }], { format: { strict: false } }])
  })

  it('keeps what was said on the way apart from the answer', () => {
    const said = (text: string, phase?: string) => ({
      ...{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] },
      ...(phase !== undefined && { phase }),
    })
    const input = [said('Let me look.', 'commentary'), said('It is.', 'final_answer'), said('So.')]
    expect(write({ messages: read({ input }).messages }).input).toEqual(input)
  })

  it('says JSON where OpenAI wants to hear it', () => {
    expect(write({ format: { kind: 'json' } })).toMatchObject({
      input: [{ role: 'developer', content: [{ text: 'Answer with one valid JSON object.' }] }, {}],
      text: { format: { type: 'json_object' } },
    })
  })
})
