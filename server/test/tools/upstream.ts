import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answers } from './upstream-scripts.ts'

/** A request as the upstream got it, and what became of its answer. */
export interface UpstreamCall {
  readonly method: string
  readonly path: string
  /** Names and values in turn, spelt as they came. */
  readonly rawHeaders: readonly string[]
  readonly headers: Readonly<IncomingMessage['headers']>
  readonly body: Buffer
  /** The body as JSON; undefined when it is none. */
  readonly json: Record<string, unknown> | undefined
  /** Bytes of the answer that the kernel has taken so far. */
  accepted: number
  /** Resolves when the answer was sent whole or the caller went away. */
  readonly over: Promise<'answered' | 'aborted'>
}

/** Answers one call in whatever way, good or bad. `response.socket` is there for the worst. */
export type Script = (call: UpstreamCall, response: ServerResponse) => void | Promise<void>

export interface Upstream {
  /** Origin, without `/v1`. */
  readonly url: string
  readonly calls: readonly UpstreamCall[]
  /** What is answered to calls that name `model`; the latest script counts. */
  on(model: string, script: Script): void
  /** The n-th call from now on (1 is the next one). */
  next(n?: number): Promise<UpstreamCall>
  close(): Promise<void>
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function parsed(body: Buffer): Record<string, unknown> | undefined {
  try {
    return JSON.parse(body.toString()) as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** The body names it, as JSON or as a form, or, in Gemini's dialect and on other clouds, the path; `undefined` in letters: nobody does. */
function modelOf({ json, path, body }: UpstreamCall): string {
  const inPath = /\/models?\/([^:/?]+)[:/]/.exec(path)?.[1]
  return String(json?.model ?? inForm(body) ?? (inPath && decodeURIComponent(inPath)))
}

function inForm(body: Buffer): string | undefined {
  const at = body.indexOf(IN_FORM)
  if (at < 0) return undefined
  const start = at + IN_FORM.length
  return body.toString('utf8', start, body.indexOf('\r\n', start))
}

const IN_FORM = 'name="model"\r\n\r\n'

async function record(request: IncomingMessage, response: ServerResponse): Promise<UpstreamCall> {
  const over = new Promise<'answered' | 'aborted'>((resolve) => {
    response.on('finish', () => resolve('answered'))
    response.on('close', () => resolve(response.writableFinished ? 'answered' : 'aborted'))
  })
  const body = await bodyOf(request)
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    rawHeaders: request.rawHeaders,
    headers: request.headers,
    body,
    json: parsed(body),
    accepted: 0,
    over,
  }
}

/**
 * A real HTTP provider on the loopback, which answers each model as its script says and remembers what it was sent.
 * `endsIdle: false`: it ends no connection by itself, which a gateway that stands still would learn too late.
 */
export async function startUpstream({ endsIdle = true } = {}): Promise<Upstream> {
  const calls: UpstreamCall[] = []
  const scripts = new Map<string, Script>()
  const waiting: { at: number; resolve(call: UpstreamCall): void }[] = []

  const arrived = (call: UpstreamCall) => {
    calls.push(call)
    for (const waiter of waiting.filter(({ at }) => at === calls.length)) waiter.resolve(call)
  }
  const server = createServer((request, response) => {
    record(request, response)
      .then(async (call) => {
        arrived(call)
        const script = scripts.get(modelOf(call)) ?? answers()
        await script(call, response)
      })
      // The caller went away, as many tests want; a script that fails otherwise shows as a broken answer.
      .catch(() => response.destroy())
  })
  if (!endsIdle) server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    on: (model, script) => void scripts.set(model, script),
    next: (n = 1) => new Promise((resolve) => waiting.push({ at: calls.length + n, resolve })),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** An origin where nobody listens. */
export async function closedPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}
