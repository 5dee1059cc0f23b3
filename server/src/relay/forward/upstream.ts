import { type Dispatcher, errors } from 'undici'
import type { Channel } from '../../channels/channel.ts'
import { NoAccess, type OutgoingRequest } from '../../channels/types/access.ts'
import type { AnswerSink, Exchange, Forward, UpstreamRequest } from './answer.ts'
import { framesReadable, UnframedSink } from './aws-event-stream.ts'
import type { Failure } from './failure.ts'

type IncomingHttpHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Sends requests to upstreams over HTTP. Deadlines are kept by the caller, so undici's own are off. */
export function createUpstreamForward(dispatcher: Dispatcher): Forward {
  return ({ channel, key }, request, sink) => {
    const isFramed = channel.type === 'bedrock'
    const heard = isFramed ? new UnframedSink(sink, () => exchange.abort()) : sink
    const exchange: HttpExchange = new HttpExchange(heard)
    const { method, path, body } = request
    const headers = withOwnHeaders(request, channel)
    if (body !== undefined && !Buffer.isBuffer(body)) {
      headers.push('content-length', String(body.bytes))
    }
    const options = {
      origin: channel.baseUrl.origin,
      path: channel.baseUrl.pathPrefix + path,
      method,
      headers,
      body,
      headersTimeout: 0,
      bodyTimeout: 0,
    }
    const entering = key === undefined ? undefined : letIn(channel, key, options)
    const coming = isFramed ? both(entering, framesReadable()) : entering
    if (coming === undefined) exchange.send(dispatcher, options)
    else exchange.sendAfter(coming, dispatcher, options)
    return exchange
  }
}

const both = (one: Promise<void> | undefined, other: Promise<void> | undefined) =>
  one !== undefined && other !== undefined ? one.then(() => other) : (one ?? other)

/** A promise only where the channel has to get something for the request before it may go out. */
export function letIn({ access }: Channel, key: string, request: OutgoingRequest) {
  if (access !== undefined) return access.authorise(request, key)
  request.headers.push('authorization', `Bearer ${key}`)
  return undefined
}

/** A request's headers, and the channel's own in their place. */
export function withOwnHeaders(
  { headers }: Pick<UpstreamRequest, 'headers'>,
  channel: Channel,
): string[] {
  return channel.headers.length > 0 ? overridden(headers, channel) : headers.slice()
}

function overridden(headers: readonly string[], channel: Channel): string[] {
  const own = new Set(channel.headers.map(([name]) => name))
  const kept: string[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string
    if (!own.has(name.toLowerCase())) kept.push(name, headers[at + 1] as string)
  }
  for (const [name, value] of channel.headers) kept.push(name, value)
  return kept
}

class HttpExchange implements Dispatcher.DispatchHandler, Exchange {
  readonly #sink: AnswerSink
  #controller: Dispatcher.DispatchController | undefined
  #over = false
  #began = false

  constructor(sink: AnswerSink) {
    this.#sink = sink
  }

  send(dispatcher: Dispatcher, options: object) {
    try {
      dispatcher.dispatch(options as Dispatcher.DispatchOptions, this)
    } catch (error) {
      // A header that undici refuses to send, say. Never before `Forward` has returned.
      queueMicrotask(() => this.onResponseError(undefined, error as Error))
    }
  }

  /** Sends once what lets the request in is there, unless nobody waits for the answer by then. */
  sendAfter(coming: Promise<void>, dispatcher: Dispatcher, options: object) {
    coming.then(
      () => {
        if (!this.#over) this.send(dispatcher, options)
      },
      (error: Error) => this.onResponseError(undefined, error),
    )
  }

  onRequestStart(controller: Dispatcher.DispatchController) {
    this.#controller = controller
    // Aborted while it waited for a connection: there was nothing to abort then.
    if (this.#over) controller.abort(LEFT)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ) {
    if (this.#over || status < 200) return
    this.#began = true
    this.#sink.head(status, flat(headers))
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer) {
    if (!this.#over) this.#sink.chunk(chunk)
  }

  onResponseEnd() {
    if (this.#over) return
    this.#over = true
    this.#sink.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error) {
    if (this.#over) return
    this.#over = true
    this.#sink.failed(toFailure(error, this.#began))
  }

  pause() {
    this.#controller?.pause()
  }

  resume() {
    this.#controller?.resume()
  }

  abort() {
    if (this.#over) return
    this.#over = true
    this.#controller?.abort(LEFT)
  }
}

/** Made once: an error with its stack costs more than the abort itself. */
const LEFT = new Error('nobody waits for this answer any more')

function toFailure(error: Error, began: boolean): Failure {
  if (error instanceof NoAccess) {
    return { kind: error.isDenied ? 'denied' : 'unreachable', detail: error.message }
  }
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  const detail = `${error.name}: ${error.message}${cause}`
  if (error instanceof errors.HTTPParserError) return { kind: 'not_http', detail }
  return { kind: began ? 'broke_off' : 'unreachable', detail }
}

function flat(headers: IncomingHttpHeaders): string[] {
  const list: string[] = []
  for (const name in headers) {
    const value = headers[name]
    if (typeof value === 'string') list.push(name, value)
    else if (Array.isArray(value)) for (const one of value) list.push(name, one)
  }
  return list
}
