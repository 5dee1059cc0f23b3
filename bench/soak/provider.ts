import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ANSWER_1K, STREAM_EVENTS } from '../answers.ts'
import type { Fate, Trouble } from './troubles.ts'

/** Below the ports that systems give away for connections: nobody else takes one while its provider refuses. */
const FIRST_PORT = 21_000
const LAST_PORT = 31_000
/** How often a provider looks whether its port should be open. */
const LOOK_MS = 20
const RETRY_AFTER_SECONDS = 1
/** The gateway stretches the pauses that it is asked for by up to a quarter (docs/routing.md). */
const LONGEST_PAUSE_MS = RETRY_AFTER_SECONDS * 1_250
const STREAM = Buffer.concat(STREAM_EVENTS)

/** A real HTTP server that fails as its fate says. */
export interface Provider {
  readonly url: string
  readonly fate: Fate
  /** Requests that arrived, and those of them that are left without an answer. */
  /** Neither wholly down nor in a pause that it asked for. */
  isWell(): boolean
  close(): Promise<void>
}

/** One provider for each fate. `now`: milliseconds since the beginning. */
export async function startProviders(fates: readonly Fate[], now: () => number) {
  const providers: Provider[] = []
  let port = FIRST_PORT
  for (const fate of fates) {
    const { provider, port: taken } = await startProvider(port, fate, now)
    providers.push(provider)
    port = taken + 1
  }
  return providers
}

async function startProvider(from: number, fate: Fate, now: () => number) {
  let pausedUntil = 0
  const server = createServer((request, response) => {
    const trouble = fate.next(now())
    if (trouble === 'says_429') pausedUntil = now() + LONGEST_PAUSE_MS
    answer(request, response, trouble)
  })
  // The gateway decides how long idle connections are kept: an end of theirs would be trouble that nobody counts.
  server.keepAliveTimeout = 120_000
  const port = await listenFrom(server, from)
  const isOpen = () => fate.outage !== 'refuses' || !fate.isDown(now())
  const looking = setInterval(() => {
    if (server.listening && !isOpen()) shut(server)
    else if (!server.listening && isOpen()) server.listen(port, '127.0.0.1')
  }, LOOK_MS)
  const provider: Provider = {
    url: `http://127.0.0.1:${port}`,
    fate,
    isWell: () => !fate.isDown(now()) && now() >= pausedUntil,
    async close() {
      clearInterval(looking)
      if (!server.listening) return
      const closed = once(server, 'close')
      shut(server)
      await closed
    },
  }
  return { provider, port }
}

async function listenFrom(server: Server, from: number): Promise<number> {
  for (let port = from; port < LAST_PORT; port++) {
    server.listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (isFree) return port
  }
  throw new Error(`no port between ${from} and ${LAST_PORT} is free`)
}

function shut(server: Server) {
  server.close()
  server.closeAllConnections()
}

function answer(request: IncomingMessage, response: ServerResponse, trouble: Trouble | undefined) {
  if (trouble === 'refuses' || trouble === 'resets') {
    request.socket.resetAndDestroy()
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const streams = Buffer.concat(chunks).includes('"stream":true')
    if (trouble === undefined) return succeed(response, streams)
    fail(response, trouble, streams)
  })
}

const headOf = (streams: boolean) =>
  streams
    ? { 'content-type': 'text/event-stream' }
    : { 'content-type': 'application/json', 'content-length': ANSWER_1K.length }

function succeed(response: ServerResponse, streams: boolean) {
  response.writeHead(200, headOf(streams))
  response.end(streams ? STREAM : ANSWER_1K)
}

function fail(response: ServerResponse, trouble: Trouble, streams: boolean) {
  switch (trouble) {
    case 'breaks':
      response.writeHead(200, headOf(streams))
      response.flushHeaders()
      // In the kernel first: else it would be a reset.
      return void response.socket?.end()
    case 'says_500':
      return refuse(response, 500)
    case 'says_502':
      return refuse(response, 502)
    case 'says_429':
      return refuse(response, 429, { 'retry-after': String(RETRY_AFTER_SECONDS) })
    case 'refuses':
    case 'resets':
    case 'stalls':
  }
}

function refuse(response: ServerResponse, status: number, headers: object = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify({ error: { message: 'out of order', type: 'x', code: null } }))
}
