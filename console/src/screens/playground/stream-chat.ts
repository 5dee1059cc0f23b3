import { api, unwrap } from '../../api/client.ts'
import { type ApiFailure, failureOf, lost } from '../../api/failure.ts'
import type { Call } from './chat.ts'

/** A piece of an answer as it comes. */
export interface Piece {
  readonly text?: string
  readonly promptTokens?: number
  readonly completionTokens?: number
}

interface Streaming {
  readonly call: Call
  readonly key: string
  readonly signal: AbortSignal
  /** Told the id of the request as soon as there is one. */
  readonly onRequest: (id: string) => void
}

/** Calls the model and yields its answer. @throws ApiFailure; what an aborted signal throws */
export async function* streamChat(streaming: Streaming): AsyncGenerator<Piece> {
  const response = await send(streaming)
  streaming.onRequest(response.headers.get('x-request-id') ?? '')
  if (!response.ok || response.body === null) throw await refusalOf(response)
  for await (const event of eventsOf(response.body)) {
    if (event === '[DONE]') return
    yield pieceOf(event, response)
  }
}

async function send({ call, key, signal }: Streaming): Promise<Response> {
  const body = { ...call, stream: true, stream_options: { include_usage: true } }
  try {
    return await fetch('/v1/chat/completions', {
      method: 'POST',
      // The key speaks for itself.
      credentials: 'omit',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
      signal,
    })
  } catch (reason) {
    if (signal.aborted) throw reason
    throw lost(reason)
  }
}

async function refusalOf(response: Response): Promise<ApiFailure> {
  const body: unknown = await response.json().catch(() => undefined)
  return toFailure(Object(body).error, response)
}

/** Programs find the id of the request in the message, too; people are shown it once. */
const ID_IN_MESSAGE = /\s*\(request id: [^)]*\)\.?$/

function toFailure(error: unknown, response: Response): ApiFailure {
  const { message, code }: { message?: unknown; code?: unknown } = Object(error)
  const says = typeof message === 'string' ? message.replace(ID_IN_MESSAGE, '') : undefined
  return failureOf({ code, message: says }, response)
}

function pieceOf(event: string, response: Response): Piece {
  const { choices, usage, error } = parsed(event, response)
  if (error !== undefined) throw toFailure(error, response)
  const text = choices?.[0]?.delta?.content
  return {
    ...(typeof text === 'string' && { text }),
    ...(typeof usage?.prompt_tokens === 'number' && { promptTokens: usage.prompt_tokens }),
    ...(typeof usage?.completion_tokens === 'number' && {
      completionTokens: usage.completion_tokens,
    }),
  }
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: unknown } }[]
  readonly usage?: { readonly prompt_tokens?: unknown; readonly completion_tokens?: unknown } | null
  readonly error?: unknown
}

function parsed(event: string, response: Response): Chunk {
  try {
    return Object(JSON.parse(event))
  } catch (reason) {
    throw lost(reason, response)
  }
}

/** The `data` of each server-sent event. */
async function* eventsOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split(/\r?\n/)
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data:')) yield line.slice(5).trim()
  }
}

const TRIES = 5
const PAUSE_MS = 400

/** What a request cost, from its usage record, which an aborted call leaves a moment later. */
export async function costOf(requestId: string): Promise<number | undefined> {
  for (let tried = 0; tried < TRIES; tried++) {
    if (tried > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    const query = { request_id: requestId, page_size: 1 }
    const { items } = await unwrap(api.GET('/api/log/self', { params: { query } }))
    if (items[0] !== undefined) return items[0].quota
  }
  return undefined
}
