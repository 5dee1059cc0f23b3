import { describe, expect, it } from 'vitest'
import { Refused } from '../../../src/errors.ts'
import { anthropicCodec } from '../../../src/translate/anthropic/codec.ts'
import type { JsonObject } from '../../../src/translate/neutral/request.ts'
import { openaiCodec } from '../../../src/translate/openai/codec.ts'

const ASKED = { model: 'm', stream: false }
const hello = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] }
const read = (body: JsonObject) => openaiCodec.readRequest({ ...hello, ...body }, ASKED)
const write = (body: JsonObject, model: string) => openaiCodec.writeRequest(read(body), model)

const everything = {
  model: 'gpt-5.2',
  messages: [
    { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      name: 'ann',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
        { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'mp3' } },
        {
          type: 'file',
          file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERg==' },
        },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
        { id: 'call_2', type: 'custom', custom: { name: 'patch', input: '*** Begin' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'one' }] },
    { role: 'tool', tool_call_id: 'call_2', content: 'two' },
    { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
    { role: 'user', content: 'And?' },
  ],
  tools: [
    { type: 'function', function: { name: 'f', parameters: { type: 'object' }, strict: true } },
    {
      type: 'custom',
      custom: {
        name: 'patch',
        format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "x"' } },
      },
    },
  ],
  tool_choice: { type: 'custom', custom: { name: 'patch' } },
  parallel_tool_calls: false,
  response_format: {
    type: 'json_schema',
    json_schema: {
      name: 'out',
      strict: true,
      schema: {
        type: 'object',
        properties: { a: { type: 'string' } },
        required: ['a'],
        additionalProperties: false,
      },
    },
  },
  max_completion_tokens: 500,
  stop: 'END',
  seed: 7,
  n: 2,
  reasoning_effort: 'none',
  temperature: 0.5,
  logprobs: true,
  top_logprobs: 3,
  verbosity: 'low',
  service_tier: 'flex',
  safety_identifier: 'ann',
  prompt_cache_key: 'k',
  stream: true,
  stream_options: { include_usage: true },
}

describe("a chat caller's request", () => {
  it('is read and written again without a loss', () => {
    const request = openaiCodec.readRequest(everything, ASKED)
    expect(request.system).toMatchObject([{ text: 'Be kind.' }, { text: 'Be brief.' }])
    const body = openaiCodec.writeRequest(request, 'gpt-5.2')
    const [, , asked, called, one, two, , and] = everything.messages
    expect(body).toEqual({
      ...everything,
      messages: [
        { role: 'system', content: 'Be kind.\n\nBe brief.' },
        { role: 'user', content: asked?.content },
        called,
        { ...one, content: 'one' },
        two,
        { role: 'assistant', content: null, refusal: 'No.' },
        and,
      ],
      tools: [
        // A schema that leaves something open is none that can be kept to strictly.
        {
          type: 'function',
          function: { name: 'f', parameters: { type: 'object' }, strict: false },
        },
        everything.tools[1],
      ],
      stop: ['END'],
    })
  })

  it('names what it asks for in its own words', () => {
    const request = openaiCodec.readRequest(
      {
        ...everything,
        logit_bias: { 50256: -100 },
        metadata: { a: 'b' },
        store: true,
        modalities: ['text', 'audio'],
        web_search_options: {},
        prediction: { type: 'content', content: 'x' },
        frequency_penalty: 0,
      },
      ASKED,
    )
    expect(Object.fromEntries(request.uses)).toMatchObject({
      system: 'messages[0]',
      image_url: 'messages[2].content[1].image_url',
      image_bytes: 'messages[2].content[2].image_url',
      image_detail: 'messages[2].content[1].image_url.detail',
      audio: 'messages[2].content[3].input_audio',
      file_bytes: 'messages[2].content[4].file',
      tools: 'tools',
      strict_tools: 'tools[0].function.strict',
      custom_tools: 'tools[1].custom',
      tool_choice_named: 'tool_choice',
      one_tool_call: 'parallel_tool_calls',
      json_schema: 'response_format',
      choices: 'n',
      logprobs: 'logprobs',
      logit_bias: 'logit_bias',
      metadata: 'metadata',
      store: 'store',
      audio_output: 'modalities',
      web_search: 'web_search_options',
      prediction: 'prediction',
      end_user: 'safety_identifier',
    })
    expect(request.uses.has('frequency_penalty')).toBe(false)
  })

  it('may speak as clients did before there were tools', () => {
    const request = read({
      functions: [{ name: 'f', parameters: { type: 'object' } }],
      function_call: { name: 'f' },
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
        { role: 'function', name: 'f', content: 'done' },
      ],
    })
    expect(request).toMatchObject({
      tools: [{ name: 'f' }],
      toolChoice: { kind: 'named', name: 'f' },
      messages: [
        {},
        { parts: [{ kind: 'tool_call', id: 'call_0', name: 'f' }] },
        { role: 'user', parts: [{ kind: 'tool_result', id: 'call_0', name: 'f' }] },
      ],
    })
  })

  it("may wish for reasoning in OpenRouter's words and in others'", () => {
    expect(read({ reasoning: { max_tokens: 2_000, exclude: true } }).reasoning).toEqual({
      effort: undefined,
      budget: 2_000,
      shows: 'nothing',
    })
    expect(read({ reasoning: { effort: 'high' } }).reasoning).toMatchObject({
      effort: 'high',
      shows: 'summary',
    })
    expect(read({ reasoning: { enabled: false } }).reasoning).toMatchObject({ budget: 0 })
    expect(read({ thinking: { type: 'disabled' } }).reasoning).toMatchObject({ budget: 0 })
    expect(read({ thinking: { type: 'enabled' } }).reasoning).toMatchObject({ budget: -1 })
  })

  it.each<[string, JsonObject, string]>([
    ['a text for messages', { messages: 'x' }, 'messages must be a list'],
    ['no messages', { messages: [] }, 'messages must be a list of at least one message'],
    ['a message that is none', { messages: [null] }, 'messages[0] must be an object'],
    ['a strange role', { messages: [{ role: 'bot' }] }, 'messages[0].role must be one of'],
    [
      'a path for an image',
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: '/a.png' } }] },
        ],
      },
      'messages[0].content[0].image_url.url must be an https: or data: URL',
    ],
    ['a result without a call', { messages: [{ role: 'tool', content: 'x' }] }, 'tool_call_id'],
    ['too much heat', { temperature: 3 }, 'temperature must be between 0 and 2'],
    ['half an answer', { n: 0.5 }, 'n must be a whole number'],
    ['a strange effort', { reasoning_effort: 'huge' }, 'reasoning_effort must be one of'],
    ['a strange format', { response_format: { type: 'xml' } }, 'response_format.type'],
    ['a nameless tool', { tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
  ])('is refused for %s, and the place is named', (_, body, message) => {
    expect(() => read(body)).toThrow(Refused)
    expect(() => read(body)).toThrow(message)
  })
})

describe('a request for chat completions', () => {
  it('asks each model only for what it takes', () => {
    const body = { max_tokens: 9, temperature: 0.2, reasoning_effort: 'minimal', verbosity: 'low' }
    expect(write(body, 'gpt-4o')).toMatchObject({ max_completion_tokens: 9, temperature: 0.2 })
    expect(write(body, 'gpt-4o')).not.toHaveProperty('reasoning_effort')
    expect(write(body, 'gpt-4o')).not.toHaveProperty('verbosity')
    expect(write(body, 'gpt-5')).toMatchObject({ reasoning_effort: 'minimal', verbosity: 'low' })
    expect(write(body, 'gpt-5')).not.toHaveProperty('temperature')
    expect(write(body, 'o3')).toMatchObject({ reasoning_effort: 'low' })
    expect(write({ reasoning_effort: 'max' }, 'gpt-5.1')).toMatchObject({
      reasoning_effort: 'high',
    })
    expect(write({ reasoning_effort: 'max' }, 'gpt-5.4')).toMatchObject({
      reasoning_effort: 'xhigh',
    })
    expect(write({ reasoning_effort: 'none' }, 'llama-4')).not.toHaveProperty('reasoning_effort')
    expect(write(body, 'llama-4')).toMatchObject({ max_tokens: 9, reasoning_effort: 'low' })
  })

  it('packs tools that take a text where the model knows none', () => {
    const { tools, messages, tool_choice } = everything
    const body = write({ tools, messages, tool_choice }, 'llama-4')
    expect(body.tools).toMatchObject([
      {},
      { type: 'function', function: { name: 'patch', parameters: { required: ['input'] } } },
    ])
    expect(body.tool_choice).toEqual({ type: 'function', function: { name: 'patch' } })
    expect(body.messages).toMatchObject([
      {},
      {},
      { tool_calls: [{}, { function: { name: 'patch', arguments: '{"input":"*** Begin"}' } }] },
      {},
      {},
      {},
      {},
    ])
  })

  it('lets nothing stand between calls and their results', () => {
    const shows = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } }
    const called = ['a', 'b'].map((id) => ({
      id,
      type: 'function',
      function: { name: 'f', arguments: '{}' },
    }))
    const messages = [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: null, tool_calls: called },
      { role: 'tool', tool_call_id: 'a', content: [shows] },
      { role: 'tool', tool_call_id: 'b', content: 'two' },
      { role: 'user', content: 'y' },
    ]
    expect(write({ messages }, 'gpt-4o').messages).toMatchObject([
      {},
      {},
      { role: 'tool', tool_call_id: 'a' },
      { role: 'tool', tool_call_id: 'b', content: 'two' },
      { role: 'user', content: [{ type: 'text' }, shows] },
      { role: 'user', content: 'y' },
    ])
  })

  it('sends files of text as text', () => {
    const read = (source: JsonObject) =>
      anthropicCodec.readRequest(
        {
          model: 'm',
          max_tokens: 9,
          messages: [{ role: 'user', content: [{ type: 'document', title: 'a.txt', source }] }],
        },
        ASKED,
      )
    for (const source of [
      { type: 'text', media_type: 'text/plain', data: 'Hi' },
      { type: 'base64', media_type: 'text/plain', data: 'SGk=' },
    ]) {
      expect(openaiCodec.writeRequest(read(source), 'gpt-4o').messages).toEqual([
        { role: 'user', content: [{ type: 'text', text: 'a.txt\n\nHi' }] },
      ])
    }
  })

  it('keeps cache marks for Claude behind this dialect', () => {
    const request = anthropicCodec.readRequest(
      {
        model: 'm',
        max_tokens: 9,
        system: [{ type: 'text', text: 'A', cache_control: { type: 'ephemeral', ttl: '1h' } }],
        messages: [{ role: 'user', content: 'x' }],
      },
      ASKED,
    )
    expect(openaiCodec.writeRequest(request, 'anthropic/claude-sonnet-4.5').messages).toMatchObject(
      [{ content: [{ text: 'A', cache_control: { type: 'ephemeral', ttl: '1h' } }] }, {}],
    )
  })

  it('brings reasoning details back to where they come from, unchanged', () => {
    const details = [
      { type: 'reasoning.text', text: 'Hm', signature: 'sig', format: 'x-v1', index: 0, id: 'r' },
      { type: 'reasoning.encrypted', data: 'blob', format: 'y-v1', index: 1 },
    ]
    const messages = [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: 'y', reasoning: 'Hm', reasoning_details: details },
      { role: 'user', content: 'z' },
    ]
    expect(write({ messages }, 'deepseek-chat').messages).toMatchObject([
      {},
      { reasoning_content: 'Hm', reasoning_details: details },
      {},
    ])
  })

  it('says JSON where JSON is asked for, and shortens a long name of a user', () => {
    const asked = { response_format: { type: 'json_object' }, user: 'u'.repeat(65) }
    const body = write(asked, 'gpt-4o')
    expect(JSON.stringify(body.messages)).toContain('JSON')
    expect(body.safety_identifier).toHaveLength(64)
    expect(body.safety_identifier).not.toContain('uu')
  })
})
