import type { ServerResponse } from 'node:http'
import { afterAll } from 'vitest'
import { newCaller } from '../token/callers.ts'
import type { TestGateway } from '../tools/gateway.ts'
import { startUpstream, type Upstream, type UpstreamCall } from '../tools/upstream.ts'
import { answers, beginStream, sendJson, write } from '../tools/upstream-scripts.ts'

/** A provider that keeps what it issued, and knows nothing else. */
export interface Keeper {
  readonly name: string
  readonly upstream: Upstream
  /** By id, as it would tell of them. */
  readonly kept: Map<string, Record<string, unknown>>
  /** What it was asked since the last look. */
  asked(): readonly string[]
}

/** The tokens that an answer reports: input, and output. */
const FIGURES = { input: 30, output: 20 }

const unknown = (response: ServerResponse, id: string) =>
  sendJson(response, 404, { error: { message: `${id} not found`, type: 'invalid_request_error' } })

interface Making {
  /** A member that makes the answer long. */
  readonly padding?: number
  readonly figures?: { readonly input: number; readonly output: number }
}

/** Starts a provider that answers `models` in Responses' words and keeps files, answers and conversations. */
export async function startKeeper(name: string, models: readonly string[], making: Making = {}) {
  const upstream = await startUpstream()
  afterAll(() => upstream.close())
  const kept: Keeper['kept'] = new Map()
  let made = 0
  let seen = 0
  const newId = (prefix: string) => `${prefix}_${name}_${++made}`

  function responseFor({ json = {} }: UpstreamCall) {
    const { input, output } = making.figures ?? FIGURES
    const { conversation } = json
    return {
      // Members of the caller's come first, so that whoever looks for an id must know which it is.
      metadata: json.metadata ?? {},
      ...(making.padding !== undefined && { instructions: 'x'.repeat(making.padding) }),
      id: newId('resp'),
      object: 'response',
      created_at: 1_700_000_000,
      status: 'completed',
      model: json.model,
      store: json.store ?? true,
      ...(conversation !== undefined && { conversation: { id: conversation } }),
      output: [
        ...(JSON.stringify(json.tools ?? []).includes('code_interpreter')
          ? [{ type: 'code_interpreter_call', id: 'ci_1', container_id: newId('cntr'), code: '' }]
          : []),
        {
          ...{ type: 'message', id: newId('msg'), role: 'assistant', status: 'completed' },
          content: [{ type: 'output_text', text: `${name} says hello`, annotations: [] }],
        },
      ],
      usage: {
        ...{ input_tokens: input, output_tokens: output, total_tokens: input + output },
        ...{ input_tokens_details: { cached_tokens: 0 } },
        ...{ output_tokens_details: { reasoning_tokens: 0 } },
      },
    }
  }

  async function respond(call: UpstreamCall, response: ServerResponse) {
    const { json = {}, path } = call
    if (path === '/v1/chat/completions')
      return answers({ text: `${name} says hello` })(call, response)
    for (const id of [json.previous_response_id, json.conversation]) {
      if (typeof id === 'string' && !kept.has(id)) return unknown(response, id)
    }
    const whole = responseFor(call)
    if (whole.store !== false) kept.set(whole.id, whole)
    if (json.stream !== true) return sendJson(response, 200, whole)
    beginStream(response)
    const begun = { ...whole, status: 'in_progress', output: [], usage: null }
    for (const event of [
      { type: 'response.created', response: begun },
      { type: 'response.output_text.delta', delta: `${name} says hello` },
      { type: 'response.completed', response: whole },
    ]) {
      await write(call, response, `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    }
    return void response.end()
  }

  function keep({ method, path, body, json }: UpstreamCall, response: ServerResponse) {
    const [, , family = '', id = '', part = ''] = (path.split('?')[0] as string).split('/')
    if (method === 'POST' && id === '') {
      const text = body.toString('latin1')
      const purpose = /name="purpose"\r\n\r\n(\w+)/.exec(text)?.[1]
      const isFile = family === 'files'
      const object = {
        id: newId(isFile ? 'file' : 'conv'),
        object: isFile ? 'file' : 'conversation',
        created_at: 1_700_000_000 + made,
        ...(isFile && {
          ...{ bytes: body.length, filename: 'a.txt', purpose, status: 'processed' },
          content: text,
        }),
        ...(!isFile && { metadata: json?.metadata ?? {} }),
      }
      kept.set(object.id, object)
      const { content: _, ...said } = object as typeof object & { content?: string }
      return sendJson(response, 200, said)
    }
    const object = kept.get(id)
    if (object === undefined) return unknown(response, id)
    if (method === 'DELETE' && part === '') {
      kept.delete(id)
      return sendJson(response, 200, { id, object: object.object, deleted: true })
    }
    if (part === 'content') {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      return void response.end(object.content, 'latin1')
    }
    if (part === 'input_items' || part === 'items') {
      const data = [{ id: 'msg_0', type: 'message', role: 'user', content: [] }]
      return sendJson(response, 200, { object: 'list', data, has_more: false })
    }
    return sendJson(response, 200, { ...object, content: undefined })
  }

  for (const model of models) upstream.on(model, respond)
  upstream.on('undefined', keep)
  return {
    ...{ name, upstream, kept },
    asked() {
      const calls = upstream.calls.slice(seen).map(({ method, path }) => `${method} ${path}`)
      seen = upstream.calls.length
      return calls
    },
  } satisfies Keeper
}

/** A channel to it. */
export const channelTo = (
  gateway: TestGateway,
  { name, upstream }: Keeper,
  fields: Record<string, unknown>,
) =>
  gateway.createChannel({
    ...{ name, base_url: `${upstream.url}/v1`, dialects: ['openai', 'responses'] },
    ...fields,
  })

/** The key of an account of its own. */
export async function keyOfAnother(
  gateway: TestGateway,
  fields: object = {},
  account: object = {},
): Promise<string> {
  const other = await newCaller(gateway, { account: { quota: 100_000_000, ...account } })
  return (await other.create({ remain_quota: 100_000_000, ...fields })).key
}
