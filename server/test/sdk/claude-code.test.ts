import { describe, expect, it } from 'vitest'
import { PROVIDERS } from '../dialects/speakers.ts'
import type { Speech } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { received } from '../tools/received.ts'
import { sendJson } from '../tools/upstream-scripts.ts'

/** Claude Code, by code.claude.com/docs/en/llm-gateway-protocol and what it sends to `ANTHROPIC_BASE_URL`. */

const gateway = await sharedGateway()
const { upstream, url } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })

const BETAS = [
  ...['claude-code-20250219', 'interleaved-thinking-2025-05-14', 'context-management-2025-06-27'],
  ...['prompt-caching-scope-2026-01-05', 'effort-2025-11-24', 'structured-outputs-2025-12-15'],
].join(',')
const HEADERS = {
  'anthropic-version': '2023-06-01',
  'anthropic-beta': BETAS,
  'anthropic-dangerous-direct-browser-access': 'true',
  'x-app': 'cli',
  'x-claude-code-session-id': '0b1c2d3e-0000-4000-8000-000000000000',
  'x-stainless-lang': 'js',
  'user-agent': 'claude-cli/2.1.126 (external, cli)',
}
const ephemeral = { type: 'ephemeral', ttl: '1h' }
const ATTRIBUTION = 'x-anthropic-billing-header: cc_version=2.1.126.a1; cc_entrypoint=cli; cch=0;'
const schema = (properties: object, required: readonly string[]) => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  ...{ type: 'object', properties, required, additionalProperties: false },
})

const TOOLS = [
  {
    ...{ name: 'Bash', description: 'Runs a command.', eager_input_streaming: true },
    input_schema: schema({ command: { type: 'string' }, timeout: { type: 'number' } }, ['command']),
  },
  {
    ...{ name: 'mcp__files__search', description: 'Finds files.', defer_loading: true },
    input_schema: schema({ query: { type: 'string' } }, ['query']),
    cache_control: ephemeral,
  },
]

const request = (model: string, more: readonly object[] = []) => ({
  model,
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: '<system-reminder>Be brief.</system-reminder>' },
        { type: 'text', text: 'List the files.', cache_control: ephemeral },
      ],
    },
    ...more,
  ],
  system: [
    { type: 'text', text: ATTRIBUTION },
    {
      ...{ type: 'text', text: "You are Claude Code, Anthropic's official CLI for Claude." },
      cache_control: { ...ephemeral, scope: 'global' },
    },
  ],
  tools: TOOLS,
  metadata: { user_id: JSON.stringify({ device_id: 'a'.repeat(64), session_id: 'b' }) },
  ...{ max_tokens: 64_000, thinking: { type: 'adaptive' }, stream: true },
  context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
  output_config: { effort: 'high' },
})

const ask = (body: object, headers: Record<string, string> = {}) =>
  gateway.call(body as never, key, {
    ...{ path: '/v1/messages?beta=true', headers: { ...HEADERS, ...headers } },
  })

let nth = 0
type Provider = keyof typeof PROVIDERS

async function offer(provider: Provider, speech: Speech, id = `claude-${provider}-${++nth}`) {
  const { channel, script } = PROVIDERS[provider]
  return gateway.offer(id, script(speech), { channel: channel(upstream.url) })
}

describe('Claude Code with Anthropic', () => {
  it('has its body, its betas and its query passed on as they are', async () => {
    const model = await offer('anthropic', {})
    const body = JSON.stringify(request(model))
    const answered = await gateway.call(body, key, {
      ...{ path: '/v1/messages?beta=true', headers: HEADERS },
    })
    expect(answered.status, answered.text).toBe(200)
    const sent = upstream.calls.at(-1)
    expect([sent?.path, sent?.body.toString()]).toEqual(['/v1/messages?beta=true', body])
    expect(sent?.headers).toMatchObject({
      ...{ 'anthropic-beta': BETAS, 'anthropic-version': '2023-06-01' },
    })
  })

  it('is probed, lists models and counts tokens', async () => {
    const model = await offer('anthropic', {}, 'claude-listed')
    upstream.on(model, (_call, response) => sendJson(response, 200, { input_tokens: 77 }))
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200)
    const headers = { ...HEADERS, 'x-api-key': key, authorization: `Bearer ${key}` }
    const path = '/v1/models?limit=1000'
    const listed = await gateway.call('', key, { method: 'GET', path, headers })
    expect(listed.json.has_more).toBe(false)
    expect(listed.json.data).toContainEqual({
      ...{ type: 'model', id: model, display_name: model },
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
    const { max_tokens: _most, stream: _stream, ...counted } = request(model)
    const told = await gateway.call(counted as never, key, {
      ...{ path: '/v1/messages/count_tokens?beta=true', headers: HEADERS },
    })
    expect([told.status, told.json]).toEqual([200, { input_tokens: 77 }])
    const sent = upstream.calls.at(-1)
    expect(sent?.path).toBe('/v1/messages/count_tokens?beta=true')
    expect(sent?.headers).toMatchObject({ 'anthropic-beta': BETAS })
  })
})

for (const provider of ['openai', 'responses', 'gemini'] as const) {
  describe(`Claude Code with a provider that speaks ${provider}`, () => {
    it('works in turns', async () => {
      const tool = { id: 'call_1', name: 'Bash', input: { command: 'ls' } }
      const model = await offer(provider, { texts: ['On it.'], tool })
      const answered = await ask(request(model))
      expect(answered.status, answered.text).toBe(200)
      expect(answered.text).toContain('"stop_reason":"tool_use"')
      const sent = upstream.calls.at(-1)
      expect(sent?.path).not.toContain('beta=true')
      for (const name of Object.keys(sent?.headers ?? {})) expect(name).not.toMatch(/^anthropic-/)
      // It changes from call to call, and stands before all that could be cached.
      expect(sent?.body.toString()).not.toContain('x-anthropic-billing-header')
      expect(received(provider, sent).tools).toEqual(['Bash', 'mcp__files__search'])

      const id = /"id":"([^"]*)","name":"Bash"/.exec(answered.text)?.[1]
      const called = { type: 'tool_use', id, name: 'Bash', input: { command: 'ls' } }
      const content = 'a.txt\nb.txt'
      const result = { type: 'tool_result', tool_use_id: id, content, is_error: false }
      const next = await ask(
        request(model, [
          { role: 'assistant', content: [{ type: 'text', text: 'On it.' }, called] },
          { role: 'user', content: [{ ...result, cache_control: ephemeral }] },
        ]),
      )
      expect(next.status, next.text).toBe(200)
      const { calls, results } = received(provider, upstream.calls.at(-1))
      expect(calls).toEqual([{ name: 'Bash', input: { command: 'ls' } }])
      expect(results).toEqual([expect.stringContaining('b.txt')])
    })

    it('finds tools, and does without those that only Anthropic runs', async () => {
      const model = await offer(provider, {})
      const search = { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' }
      const body = request(model, [
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'Bash', input: {} }] },
        {
          role: 'user',
          content: [
            {
              ...{ type: 'tool_result', tool_use_id: 't' },
              content: [{ type: 'tool_reference', tool_name: 'mcp__files__search' }],
            },
          ],
        },
      ])
      const answered = await ask({ ...body, tools: [...TOOLS, search] })
      expect(answered.status, answered.text).toBe(200)
      const { tools, results } = received(provider, upstream.calls.at(-1))
      expect(tools).toEqual(['Bash', 'mcp__files__search'])
      expect(results).toEqual([expect.stringContaining('mcp__files__search')])
    })

    it('hears that a search of the web, a call of its own, is not to be had', async () => {
      const model = await offer(provider, {})
      const tools = [{ type: 'web_search_20250305', name: 'web_search', max_uses: 8 }]
      const answered = await ask({ ...request(model), tools })
      expect(answered.status).toBe(400)
      expect(answered.json).toMatchObject({
        type: 'error',
        error: { type: 'invalid_request_error' },
      })
      expect(answered.json.error.message).toContain('web_search')
    })
  })
}
