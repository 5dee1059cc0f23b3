import { describe, expect, it } from 'vitest'
import { PROVIDERS } from '../dialects/speakers.ts'
import type { Speech } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { received } from '../tools/received.ts'

/**
 * Codex CLI, by its source (codex-rs: codex-api/src/common.rs, tools/src/tool_spec.rs, protocol/src/models.rs). It streams
 * from `/v1/responses`, stores nothing, and offers tools that OpenAI runs beside its own, whoever the provider is.
 */

const gateway = await sharedGateway()
const { upstream } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })

const HEADERS = {
  originator: 'codex_cli_rs',
  'user-agent': 'codex_cli_rs/0.147.0 (Debian 13; x86_64) unknown',
  'session-id': '0199a213-81c0-7800-8aa1-bbab2a035a53',
  'openai-beta': 'responses=experimental',
  accept: 'text/event-stream',
}
const object = (properties: object, required: readonly string[]) => ({
  ...{ type: 'object', properties, required, additionalProperties: false },
})
const COMMAND = object({ cmd: { type: 'string' }, yield_time_ms: { type: 'number' } }, ['cmd'])
const PATCH = '*** Begin Patch\n*** Add File: a.txt\n+"hello"\n*** End Patch\n'
const said = (role: string, text: string) => ({
  type: 'message',
  role,
  content: [{ type: role === 'assistant' ? 'output_text' : 'input_text', text }],
})

const TOOLS = [
  {
    ...{ type: 'function', name: 'exec_command', description: 'Runs a command.', strict: false },
    parameters: COMMAND,
  },
  {
    ...{ type: 'custom', name: 'apply_patch', description: 'Edits files.' },
    format: { type: 'grammar', syntax: 'lark', definition: 'start: begin_patch hunk+ end_patch' },
  },
  { type: 'web_search', external_web_access: false, search_content_types: ['text', 'image'] },
  { type: 'image_generation', output_format: 'png' },
  {
    ...{ type: 'namespace', name: 'mcp__files', description: 'Tools in the mcp__files namespace.' },
    tools: [
      {
        ...{ type: 'function', name: 'search', description: 'Finds files.', strict: false },
        parameters: object({ query: { type: 'string' } }, ['query']),
      },
    ],
  },
]

const request = (model: string, input: readonly object[]) => ({
  model,
  instructions: 'You are Codex, a coding agent.',
  input: [
    said('developer', '<permissions instructions>Ask first.</permissions instructions>'),
    said('user', '<environment_context><cwd>/src</cwd></environment_context>'),
    said('user', 'Add a file.'),
    ...input,
  ],
  ...{ tools: TOOLS, tool_choice: 'auto', parallel_tool_calls: true },
  reasoning: { effort: 'medium', summary: 'auto' },
  ...{ store: false, stream: true, include: ['reasoning.encrypted_content'] },
  prompt_cache_key: '0199a213-81c0-7800-8aa1-bbab2a035a53',
  text: { verbosity: 'low' },
  client_metadata: { 'x-codex-installation-id': '11111111-2222-4333-8444-555555555555' },
})

type Event = Readonly<Record<string, never>> & { readonly type: string }

/** As Codex reads it: items as they are done, until `response.completed`. */
async function turn(model: string, input: readonly object[]) {
  const answered = await gateway.call(request(model, input), key, {
    ...{ path: '/v1/responses', headers: HEADERS },
  })
  expect(answered.status, answered.text).toBe(200)
  const lines = answered.text.split('\n').filter((line) => line.startsWith('data: {'))
  const events = lines.map((line) => JSON.parse(line.slice(6)) as Event)
  const [first, last] = [events[0], events.at(-1)]
  expect([first?.type, last?.type]).toEqual(['response.created', 'response.completed'])
  const done = events.filter(({ type }) => type === 'response.output_item.done')
  return done.map(({ item }): Readonly<Record<string, unknown>> => item ?? {})
}

let nth = 0
const NAMES = ['openai', 'anthropic', 'gemini'] as const

async function offer(provider: (typeof NAMES)[number], speech: Speech) {
  const { channel, script } = PROVIDERS[provider]
  const model = `${provider}-codex-${++nth}`
  return gateway.offer(model, script(speech), { channel: channel(upstream.url) })
}

const call = (name: string, input: object): Speech => ({
  texts: ['On it.'],
  tool: { id: 'call_1', name, input },
})

for (const provider of NAMES) {
  describe(`Codex with a provider that speaks ${provider}`, () => {
    it('runs commands, without the tools that only OpenAI runs', async () => {
      const model = await offer(provider, call('exec_command', { cmd: 'ls' }))
      const items = await turn(model, [])
      expect(items).toMatchObject([
        { type: 'message', role: 'assistant', content: [{ text: 'On it.' }] },
        { type: 'function_call', name: 'exec_command', arguments: '{"cmd":"ls"}' },
      ])
      expect(items[1]).not.toHaveProperty('namespace')
      const { tools } = received(provider, upstream.calls.at(-1))
      expect(tools).toEqual(['exec_command', 'apply_patch', 'mcp__files__search'])
      const sent = upstream.calls.at(-1)?.headers
      expect(sent).not.toHaveProperty('openai-beta')
      // What it thought, said, called and found goes back; Codex drops the ids of items.
      const echo = items.map(({ id: _id, status: _status, ...item }) => item)
      const output = { type: 'function_call_output', call_id: items[1]?.call_id, output: 'a.txt' }
      await turn(model, [...echo, output, said('user', 'And now?')])
      const { calls, results } = received(provider, upstream.calls.at(-1))
      expect(calls).toEqual([{ name: 'exec_command', input: { cmd: 'ls' } }])
      expect(results).toEqual([expect.stringContaining('a.txt')])
    })

    it('patches files in free text', async () => {
      const model = await offer(provider, call('apply_patch', { input: PATCH }))
      const items = await turn(model, [])
      expect(items[1]).toMatchObject({
        ...{ type: 'custom_tool_call', name: 'apply_patch', input: PATCH },
      })
      const { call_id } = items[1] ?? {}
      const output = { type: 'custom_tool_call_output', call_id, output: 'Success.' }
      await turn(model, [...items, output])
      const { calls, results } = received(provider, upstream.calls.at(-1))
      expect(calls).toEqual([{ name: 'apply_patch', input: { input: PATCH } }])
      expect(results).toEqual([expect.stringContaining('Success.')])
    })

    it('calls tools of MCP servers by namespace and name', async () => {
      const model = await offer(provider, call('mcp__files__search', { query: 'a' }))
      const items = await turn(model, [])
      expect(items[1]).toMatchObject({
        ...{ type: 'function_call', namespace: 'mcp__files', name: 'search' },
      })
      const output = { type: 'function_call_output', call_id: items[1]?.call_id, output: 'a.txt' }
      await turn(model, [...items, output])
      const { calls } = received(provider, upstream.calls.at(-1))
      expect(calls).toEqual([{ name: 'mcp__files__search', input: { query: 'a' } }])
    })

    it('goes on where OpenAI had searched the web before', async () => {
      const model = await offer(provider, {})
      const found = { type: 'web_search_call', status: 'completed', action: { type: 'search' } }
      const items = await turn(model, [found, said('assistant', 'It is so.'), said('user', 'Why?')])
      expect(items).toMatchObject([{ type: 'message', content: [{ text: 'Hello there.' }] }])
      expect(upstream.calls.at(-1)?.body.toString()).toContain('It is so.')
    })
  })
}

describe('tools that only OpenAI runs', () => {
  it.each([
    ['that nothing of the caller stands beside', { tools: [{ type: 'web_search' }] }],
    ['that must be called', { tools: TOOLS, tool_choice: { type: 'web_search' } }],
  ])('%s are refused by other providers', async (_which, fields) => {
    const model = await offer('anthropic', {})
    const body = { model, input: 'Hello', ...fields }
    const answered = await gateway.call(body, key, { path: '/v1/responses' })
    expect([answered.status, answered.headers.get('x-error-code')]).toEqual([
      400,
      'unsupported_parameter',
    ])
    expect(answered.json.error.message).toContain('web_search')
  })
})
