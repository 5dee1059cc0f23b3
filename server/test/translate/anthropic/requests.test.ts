import { describe, expect, it } from 'vitest'
import { Refused } from '../../../src/errors.ts'
import { anthropicCodec } from '../../../src/translate/anthropic/codec.ts'
import { refuseWhatIsLost } from '../../../src/translate/features.ts'
import type { JsonObject, NeutralRequest } from '../../../src/translate/neutral/request.ts'
import { openaiCodec } from '../../../src/translate/openai/codec.ts'

const ASKED = { model: 'm', stream: false }
const read = (body: JsonObject) => anthropicCodec.readRequest(body, ASKED)
const hello = { model: 'm', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] }

/** As Claude Code sends it. */
const agent = {
  model: 'claude-sonnet-4-5',
  max_tokens: 32_000,
  stream: true,
  temperature: 1,
  metadata: { user_id: 'user_abc_account__session_1' },
  system: [
    { type: 'text', text: 'You are Claude Code.', cache_control: { type: 'ephemeral' } },
    { type: 'text', text: 'Rules.', cache_control: { type: 'ephemeral', ttl: '1h' } },
  ],
  thinking: { type: 'enabled', budget_tokens: 10_000 },
  context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
  tools: [
    {
      name: 'Read',
      description: 'Reads a file.',
      input_schema: { type: 'object', properties: { path: { type: 'string' } } },
      cache_control: { type: 'ephemeral' },
    },
  ],
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'Look at a.png' }] },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Which file?', signature: 'c2ln' },
        { type: 'redacted_thinking', data: 'cmVk' },
        { type: 'tool_use', id: 'toolu_1', name: 'Read', input: { path: 'a.png' } },
        { type: 'tool_use', id: 'toolu_2', name: 'Read', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 'toolu_1',
          content: [
            {
              type: 'image',
              source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' },
            },
          ],
        },
        { type: 'tool_result', tool_use_id: 'toolu_2', content: 'No path', is_error: true },
        { type: 'text', text: 'Go on', cache_control: { type: 'ephemeral' } },
      ],
    },
  ],
}

describe("an Anthropic caller's request", () => {
  it('keeps everything that an agent sends', () => {
    const request = read(agent)
    expect(request).toMatchObject({
      stream: true,
      outputLimit: 32_000,
      endUser: 'user_abc_account__session_1',
      reasoning: { budget: 10_000, shows: 'summary' },
      system: [
        { text: 'You are Claude Code.', cache: '5m' },
        { text: 'Rules.', cache: '1h' },
      ],
      tools: [{ kind: 'function', name: 'Read', cache: '5m' }],
    })
    expect(request.messages[1]?.parts).toMatchObject([
      { kind: 'reasoning', text: 'Which file?', mark: { issuer: 'anthropic', value: 'c2ln' } },
      { kind: 'reasoning', mark: { issuer: 'anthropic', value: 'cmVk', redacted: true } },
      { kind: 'tool_call', id: 'toolu_1', name: 'Read', input: '{"path":"a.png"}' },
      { kind: 'tool_call', id: 'toolu_2', input: '{}' },
    ])
    expect(request.messages[2]?.parts).toMatchObject([
      { kind: 'tool_result', id: 'toolu_1', name: 'Read', failed: false },
      { kind: 'tool_result', id: 'toolu_2', failed: true, parts: [{ text: 'No path' }] },
      { kind: 'text', text: 'Go on', cache: '5m' },
    ])
    expect(Object.fromEntries(request.uses)).toMatchObject({
      system: 'system',
      tools: 'tools',
      temperature: 'temperature',
      reasoning_budget: 'thinking.budget_tokens',
      reasoning_kept: 'messages[1].content[0]',
      tool_result_media: 'messages[2].content[0].content',
      tool_failure: 'messages[2].content[1].is_error',
      end_user: 'metadata.user_id',
    })
  })

  it('reaches a GPT with all that a GPT takes', () => {
    const body = openaiCodec.writeRequest(read(agent), 'gpt-5.2')
    expect(body).toMatchObject({
      model: 'gpt-5.2',
      max_completion_tokens: 32_000,
      stream: true,
      stream_options: { include_usage: true },
      reasoning_effort: 'medium',
      safety_identifier: 'user_abc_account__session_1',
      tools: [{ type: 'function', function: { name: 'Read', description: 'Reads a file.' } }],
      messages: [
        { role: 'system', content: 'You are Claude Code.\n\nRules.' },
        { role: 'user', content: 'Look at a.png' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'toolu_1', function: { name: 'Read', arguments: '{"path":"a.png"}' } },
            { id: 'toolu_2', function: { name: 'Read', arguments: '{}' } },
          ],
        },
        {
          role: 'tool',
          tool_call_id: 'toolu_1',
          content: '(What this result shows follows in the next message.)',
        },
        { role: 'tool', tool_call_id: 'toolu_2', content: 'The tool failed. No path' },
        {
          role: 'user',
          content: [
            { type: 'text' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
            { type: 'text', text: 'Go on' },
          ],
        },
      ],
    })
    expect(body).not.toHaveProperty('temperature')
    expect(JSON.stringify(body)).not.toContain('cache_control')
    expect(JSON.stringify(body)).not.toContain('Which file?')
  })

  it('is written again as it was', () => {
    const { context_management: _, temperature: __, ...kept } = agent
    expect(anthropicCodec.writeRequest(read(agent), 'claude-sonnet-4-5')).toEqual(kept)
  })

  it('shows other models what was thought before a call', () => {
    const body = openaiCodec.writeRequest(read(agent), 'deepseek-chat')
    expect(body.messages).toMatchObject([{}, {}, { reasoning_content: 'Which file?' }, {}, {}, {}])
    expect(body).toMatchObject({ max_tokens: 32_000, temperature: 1, reasoning_effort: 'medium' })
  })

  it('names documents, search results and instructions on the way', () => {
    const request = read({
      ...hello,
      messages: [
        {
          role: 'user',
          content: [
            {
              type: 'document',
              title: 'a.pdf',
              context: 'Of 2020.',
              source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERg==' },
              citations: { enabled: true },
            },
            { type: 'document', source: { type: 'url', url: 'https://example.com/b.pdf' } },
            { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Hi' } },
            {
              type: 'search_result',
              title: 'T',
              source: 'https://example.com',
              content: [{ type: 'text', text: 'found' }],
            },
            { type: 'mid_conv_system', content: [{ type: 'text', text: 'Be brief.' }] },
          ],
        },
        { role: 'system', content: 'Be briefer.' },
      ],
    })
    expect(request.messages).toMatchObject([
      {
        role: 'user',
        parts: [
          { kind: 'text', text: 'Of 2020.' },
          { kind: 'file', name: 'a.pdf', source: { kind: 'bytes', base64: 'JVBERg==' } },
          { kind: 'file', source: { kind: 'url', url: 'https://example.com/b.pdf' } },
          { kind: 'file', source: { kind: 'text', text: 'Hi' } },
          { kind: 'text', text: 'T\nhttps://example.com\nfound' },
        ],
      },
      { role: 'system', parts: [{ text: 'Be brief.' }] },
      { role: 'system', parts: [{ text: 'Be briefer.' }] },
    ])
    expect(Array.from(request.uses.keys())).toEqual(
      expect.arrayContaining(['citations', 'file_bytes', 'file_url', 'mid_system']),
    )
  })

  it("is refused elsewhere where it needs Anthropic's own tools", () => {
    const request = read({ ...hello, tools: [{ type: 'web_search_20250305', name: 'web_search' }] })
    expect(() => refuseWhatIsLost(request, openaiCodec.fates, 'chat completions')).toThrow(
      'tools[0] (web_search_20250305)',
    )
  })

  it.each<[string, JsonObject, string]>([
    ['no limit', { ...hello, max_tokens: undefined }, 'max_tokens is missing'],
    ['no messages', { ...hello, messages: [] }, 'messages must be a list of at least one'],
    ['a text for messages', { ...hello, messages: 'Hi' }, 'messages must be a list'],
    ['a strange role', { ...hello, messages: [{ role: 'tool' }] }, 'messages[0].role must be one'],
    [
      'a strange block',
      { ...hello, messages: [{ role: 'user', content: [{ type: 'x' }] }] },
      'messages[0].content[0].type',
    ],
    ['a small budget', { ...hello, thinking: { type: 'enabled', budget_tokens: 5 } }, '1024'],
    ['heat', { ...hello, temperature: 1.5 }, 'temperature must be between 0 and 1'],
    ['a place', { ...hello, inference_geo: 'eu' }, 'inference_geo'],
    ['a tool without a schema', { ...hello, tools: [{ name: 'x' }] }, 'tools[0].input_schema'],
  ])('is refused for %s, and the place is named', (_, body, message) => {
    expect(() => read(body)).toThrow(Refused)
    expect(() => read(body)).toThrow(message)
  })
})

const neutral = (body: JsonObject): NeutralRequest =>
  openaiCodec.readRequest(
    { messages: [{ role: 'user', content: 'Hi' }], model: 'm', ...body },
    ASKED,
  )
const write = (body: JsonObject, model: string) => anthropicCodec.writeRequest(neutral(body), model)

describe("a request for Anthropic's models", () => {
  it('has a limit, since one is demanded', () => {
    expect(write({}, 'claude-opus-4-8').max_tokens).toBe(32_000)
    expect(write({}, 'claude-3-5-haiku-20241022').max_tokens).toBe(8_192)
    expect(write({ max_completion_tokens: 50 }, 'claude-opus-4-8').max_tokens).toBe(50)
  })

  it('joins turns, puts results first and begins with the user', () => {
    const body = write(
      {
        messages: [
          { role: 'system', content: 'A' },
          { role: 'assistant', content: 'Welcome ' },
          { role: 'user', content: 'x' },
          {
            role: 'assistant',
            content: '',
            tool_calls: [
              { id: 'call:1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
            ],
          },
          { role: 'user', content: 'wait' },
          { role: 'tool', tool_call_id: 'call:1', content: 'done' },
          { role: 'developer', content: 'B' },
          { role: 'user', content: ' ' },
        ],
      },
      'claude-opus-4-8',
    )
    expect(body.system).toEqual([
      { type: 'text', text: 'A' },
      { type: 'text', text: 'B' },
    ])
    expect(body.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: '(The conversation begins.)' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'Welcome ' }] },
      { role: 'user', content: [{ type: 'text', text: 'x' }] },
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 'call_1', name: 'f', input: { a: 1 } }],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_1', content: 'done' },
          { type: 'text', text: 'wait' },
        ],
      },
    ])
    // A conversation with calls needs tools, though none may be called now.
    expect(body.tools).toEqual([{ name: 'f', input_schema: { type: 'object' } }])
    expect(body.tool_choice).toEqual({ type: 'none' })
  })

  it('begins an answer where the model goes on with one', () => {
    const begun = {
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: '{ ' },
      ],
    }
    expect(write(begun, 'claude-sonnet-4-5').messages).toMatchObject([
      {},
      { role: 'assistant', content: [{ type: 'text', text: '{' }] },
    ])
    expect(write(begun, 'claude-opus-4-8').messages).toMatchObject([
      {},
      { role: 'assistant', content: [{ type: 'text', text: '{ ' }] },
      { role: 'user', content: [{ type: 'text', text: '(Go on.)' }] },
    ])
  })

  it('lets each model think in its own way, within the limit', () => {
    const wish = { reasoning_effort: 'high', max_completion_tokens: 4_000 }
    expect(write(wish, 'claude-opus-4-8')).toMatchObject({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'high' },
    })
    expect(write(wish, 'claude-sonnet-4-5-20250929').thinking).toEqual({
      type: 'enabled',
      budget_tokens: 3_000,
    })
    expect(
      write({ ...wish, max_completion_tokens: 1_000 }, 'claude-sonnet-4-5'),
    ).not.toHaveProperty('thinking')
    expect(write(wish, 'claude-3-haiku-20240307')).not.toHaveProperty('thinking')
    expect(write({ reasoning_effort: 'none' }, 'claude-sonnet-5').thinking).toEqual({
      type: 'disabled',
    })
    expect(write({ reasoning_effort: 'none' }, 'claude-mythos-preview')).not.toHaveProperty(
      'thinking',
    )
    expect(
      write({ ...wish, tools: [tool('f')], tool_choice: 'required' }, 'claude-opus-4-8').thinking,
    ).toEqual({ type: 'disabled' })
  })

  it("leaves a budget out in the midst of another model's turn", () => {
    const midst = {
      reasoning_effort: 'low',
      messages: [
        { role: 'user', content: 'x' },
        {
          role: 'assistant',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'done' },
      ],
    }
    expect(write(midst, 'claude-sonnet-4-5')).not.toHaveProperty('thinking')
    expect(write(midst, 'claude-opus-4-8').thinking).toEqual({ type: 'adaptive' })
  })

  it('takes no more sampling options than the model does', () => {
    const hot = { temperature: 1.7, top_p: 0.9, top_k: 5 }
    expect(write(hot, 'claude-3-haiku-20240307')).toMatchObject({
      temperature: 1,
      top_p: 0.9,
      top_k: 5,
    })
    expect(write(hot, 'claude-sonnet-4-5')).not.toHaveProperty('top_p')
    expect(write(hot, 'claude-opus-4-7')).not.toHaveProperty('temperature')
    expect(write({ ...hot, reasoning_effort: 'low' }, 'claude-sonnet-4-5')).not.toHaveProperty(
      'temperature',
    )
  })

  it('tells limits that a schema may not hold in words', () => {
    const schema = {
      type: 'object',
      properties: { age: { type: 'integer', minimum: 0, description: 'Years' } },
      required: ['age'],
    }
    const response_format = { type: 'json_schema', json_schema: { name: 'x', schema } }
    expect(write({ response_format }, 'claude-opus-4-8').output_config).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: { age: { type: 'integer', description: 'Years\n\n{"minimum":0}' } },
          required: ['age'],
          additionalProperties: false,
        },
      },
    })
    expect(write({ response_format }, 'claude-3-haiku-20240307').system).toContain('"minimum":0')
    const open = { type: 'object', additionalProperties: { type: 'number' } }
    const self = {
      type: 'object',
      properties: { next: { $ref: '#/$defs/node' } },
      $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } },
    }
    for (const other of [open, self]) {
      const body = write(
        { response_format: { type: 'json_schema', json_schema: { schema: other } } },
        'claude-opus-4-8',
      )
      expect(body).not.toHaveProperty('output_config')
      expect(body.system).toContain(JSON.stringify(other))
    }
    expect(write({ response_format: { type: 'json_object' } }, 'claude-opus-4-8').system).toContain(
      'JSON',
    )
  })

  it('makes functions of tools that take a text, and offers only those that are allowed', () => {
    const body = write(
      {
        tools: [tool('f'), { type: 'custom', custom: { name: 'patch' } }, tool('g')],
        parallel_tool_calls: false,
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: {
            mode: 'required',
            tools: [
              { type: 'custom', custom: { name: 'patch' } },
              { type: 'function', function: { name: 'g' } },
            ],
          },
        },
      },
      'claude-opus-4-8',
    )
    expect(body.tools).toMatchObject([
      { name: 'patch', input_schema: { properties: { input: { type: 'string' } } } },
      { name: 'g', input_schema: { type: 'object' } },
    ])
    expect(body.tool_choice).toEqual({ type: 'any', disable_parallel_tool_use: true })
  })

  it('is refused for what it can never say', () => {
    expect(() => write({ stop: ['\n'] }, 'claude-opus-4-8')).toThrow('stop must not hold')
    expect(() => write({ tools: [tool('a.b')] }, 'claude-opus-4-8')).toThrow('the tool a.b')
    expect(() => refuseWhatIsLost(neutral({ n: 2 }), anthropicCodec.fates, 'x')).toThrow('n can')
  })
})

const tool = (name: string) => ({ type: 'function', function: { name, parameters: {} } })
