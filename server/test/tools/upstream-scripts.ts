import { once } from 'node:events'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Script, UpstreamCall } from './upstream.ts'

/** Token counts as OpenAI reports them. */
export interface Reported {
  readonly prompt?: number
  readonly completion?: number
  readonly cached?: number
}

const usageOf = ({ prompt = 10, completion = 5, cached }: Reported) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  ...(cached !== undefined && { prompt_tokens_details: { cached_tokens: cached } }),
})

const head = (call: UpstreamCall) => ({
  id: 'chatcmpl-scripted',
  created: 1_700_000_000,
  model: call.json?.model,
})

export const sendJson = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: OutgoingHttpHeaders = {},
) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** A plain chat answer; `usage: null` = the provider reports none. `headers` are sent with it, `afterMs` later. */
export function answers(
  how: {
    text?: string
    usage?: Reported | null
    headers?: OutgoingHttpHeaders
    message?: object
    afterMs?: number
  } = {},
): Script {
  return async (call, response) => {
    const { text = 'Hello from upstream.', usage = {}, headers = {}, message = {} } = how
    const { afterMs = 0 } = how
    if (afterMs > 0) await pause(afterMs)
    sendJson(response, 200, plainBody(call, { text, usage, message }), headers)
  }
}

function plainBody(
  call: UpstreamCall,
  how: { text: string; usage: Reported | null; message: object },
) {
  const message = { role: 'assistant', content: how.text, ...how.message }
  return {
    ...head(call),
    object: 'chat.completion',
    choices: [
      { index: 0, message, finish_reason: 'tool_calls' in message ? 'tool_calls' : 'stop' },
    ],
    ...(how.usage !== null && { usage: usageOf(how.usage) }),
  }
}

export interface StreamOptions {
  /** Content events, each ` word<n>`. */
  readonly events?: number
  /** Milliseconds between events. */
  readonly gapMs?: number
  /** `null`: no usage is sent even when asked for. */
  readonly usage?: Reported | null
  /** Bytes of padding in each event's text. */
  readonly padding?: number
  /** Why it ended; told by `deltas` unless said. */
  readonly finish?: string
  /** Tool call deltas instead of text. */
  readonly deltas?: readonly object[]
  /** Further lines after the completion signal (and before `[DONE]`). */
  readonly afterFinish?: readonly string[]
  /** Called before each event; a promise is waited for. */
  readonly beforeEvent?: (index: number, response: ServerResponse) => unknown
  /** Further lines before the first event, such as a comment. */
  readonly preamble?: readonly string[]
}

/** Until the kernel takes more, or the caller is gone. */
async function drained(response: ServerResponse) {
  const over = new AbortController()
  const { signal } = over
  const either = ['drain', 'close'].map((event) => once(response, event, { signal }))
  await Promise.race(either)
  over.abort()
  await Promise.allSettled(either)
}

/** Writes with back-pressure and counts what the kernel has taken. */
export async function write(call: UpstreamCall, response: ServerResponse, text: string) {
  const bytes = Buffer.byteLength(text)
  const free = response.write(text, () => {
    call.accepted += bytes
  })
  if (!free) await drained(response)
  if (response.destroyed) throw new Error('the caller went away')
}

/** One chunk of a stream, as OpenAI writes it: with `"usage":null` on all but the last when usage was asked for. */
export function chunk(
  call: UpstreamCall,
  choices: readonly object[],
  usage?: Reported | null,
): string {
  const options = call.json?.stream_options as { include_usage?: boolean } | undefined
  const value = {
    ...head(call),
    object: 'chat.completion.chunk',
    choices,
    ...(options?.include_usage === true && { usage: usage ? usageOf(usage) : null }),
  }
  return `data: ${JSON.stringify(value)}\n\n`
}

export const asksForUsage = (call: UpstreamCall): boolean =>
  (call.json?.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true

export const beginStream = (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  response.flushHeaders()
}

const content = (call: UpstreamCall, delta: object, finish: string | null = null) =>
  chunk(call, [{ index: 0, delta, finish_reason: finish }])

/** A stream of chat events: content, `finish_reason`, usage when it was asked for, `[DONE]`. */
export function streams(options: StreamOptions = {}): Script {
  const {
    events = 5,
    gapMs = 0,
    usage = {},
    padding = 0,
    afterFinish = [],
    preamble = [],
    finish = options.deltas ? 'tool_calls' : 'stop',
  } = options
  const deltas =
    options.deltas ??
    Array.from({ length: events }, (_, i) => ({
      ...(i === 0 && { role: 'assistant' }),
      content: ` word${i}${'x'.repeat(padding)}`,
    }))
  return async (call, response) => {
    beginStream(response)
    for (const line of preamble) await write(call, response, line)
    for (const [index, delta] of deltas.entries()) {
      await options.beforeEvent?.(index, response)
      if (gapMs > 0) await pause(gapMs)
      await write(call, response, content(call, delta))
    }
    await write(call, response, content(call, {}, finish))
    for (const line of afterFinish) await write(call, response, line)
    if (usage !== null && asksForUsage(call)) await write(call, response, chunk(call, [], usage))
    response.end('data: [DONE]\n\n')
  }
}
