import { once } from 'node:events'
import { createServer, type IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws'

// biome-ignore lint/suspicious/noExplicitAny: tests look into events of every shape
export type Event = any

/** A session as the provider has it. */
export interface ProviderSession {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  /** What it was sent, parsed; bytes as they are. */
  readonly events: Event[]
  /** Ids of the responses that it began. */
  readonly begun: string[]
  say(event: Event): void
}

/** Hears of each event of a session. */
export type RealtimeScript = (event: Event, session: ProviderSession) => void

export interface RealtimeProvider {
  /** Origin, without `/v1`. */
  readonly url: string
  readonly sessions: readonly ProviderSession[]
  /** What is done with sessions from now on. */
  script: RealtimeScript
  /** Answers a handshake over HTTP; true: it was answered. */
  refuses: (request: IncomingMessage, response: ServerResponse) => boolean
  close(): Promise<void>
}

export const USAGE = {
  total_tokens: 150,
  input_tokens: 100,
  output_tokens: 50,
  input_token_details: {
    ...{ text_tokens: 40, audio_tokens: 60, image_tokens: 0, cached_tokens: 30 },
    cached_tokens_details: { text_tokens: 10, audio_tokens: 20, image_tokens: 0 },
  },
  output_token_details: { text_tokens: 20, audio_tokens: 30 },
}

/** Silence of so many seconds, as it is sent: two bytes for each of 24 000 samples. */
export const seconds = (length: number): string => Buffer.alloc(length * 48_000).toString('base64')

let responses = 0

/** Says hello, and reports what that cost. */
export function speaks(usage: Event = USAGE): RealtimeScript {
  return (event, session) => {
    if (event.type !== 'response.create') return
    const id = begins(session)
    session.say({ type: 'response.output_text.delta', response_id: id, delta: 'Hello!' })
    ends(session, id, usage)
  }
}

/** A response begins; its id. */
export function begins({ say, begun }: ProviderSession): string {
  const id = `resp_${++responses}`
  begun.push(id)
  say({ type: 'response.created', response: { id, object: 'realtime.response' } })
  return id
}

export function ends({ say }: ProviderSession, id: string, usage: Event, status = 'completed') {
  say({ type: 'response.done', response: { id, object: 'realtime.response', status, usage } })
}

/** A real WebSocket provider on the loopback, which remembers what it was sent. */
export async function startRealtimeProvider(): Promise<RealtimeProvider> {
  const sessions: ProviderSession[] = []
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true })
  const provider = {
    url: '',
    sessions,
    script: speaks(),
    refuses: () => false,
    async close() {
      for (const socket of open) socket.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  } as { -readonly [K in keyof RealtimeProvider]: RealtimeProvider[K] }
  function begin(socket: WebSocket, request: IncomingMessage) {
    const events: Event[] = []
    const say = (event: Event) => socket.send(JSON.stringify(event))
    const session = { socket, request, events, begun: [], say }
    sessions.push(session)
    socket.on('error', () => undefined)
    socket.on('message', (bytes: Buffer, isBinary) => {
      const event = isBinary ? bytes : JSON.parse(bytes.toString())
      events.push(event)
      provider.script(event, session)
    })
    say({ type: 'session.created', session: { type: 'realtime', model: 'theirs' } })
  }
  const open = new Set<Socket>()
  server.on('upgrade', (request, duplex, head) => {
    const socket = duplex as Socket
    open.add(socket)
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    if (provider.refuses(request, response)) return
    response.detachSocket(socket)
    sockets.handleUpgrade(request, socket, head, begin)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  provider.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return provider
}

/** A session as its client has it. */
export interface ClientSession {
  readonly socket: WebSocket
  readonly headers: IncomingMessage['headers']
  /** What it was told so far, parsed. */
  readonly events: Event[]
  say(event: Event): void
  /** The next event of this type that was not waited for yet. */
  hears(type: string): Promise<Event>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
}

/** What a handshake was answered over HTTP. */
export interface NotOpened {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly json: Event
}

export interface Asking {
  readonly url: string
  readonly path: string
  readonly protocols?: readonly string[]
  readonly options?: ClientOptions
}

/** Opens a WebSocket, or says what was answered instead. */
async function dial(asking: Asking): Promise<ClientSession | NotOpened> {
  const { url, path, protocols = [], options = {} } = asking
  const socket = new WebSocket(url.replace('http', 'ws') + path, [...protocols], options)
  const events: Event[] = []
  const waiting: { type: string; resolve(event: Event): void }[] = []
  const unheard: Event[] = []
  socket.on('message', (bytes: Buffer, isBinary) => {
    const event = isBinary ? { type: 'bytes', bytes } : JSON.parse(bytes.toString())
    events.push(event)
    const at = waiting.findIndex(({ type }) => type === event.type)
    if (at < 0) unheard.push(event)
    else waiting.splice(at, 1)[0]?.resolve(event)
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  let headers: IncomingMessage['headers'] = {}
  socket.on('upgrade', (response) => {
    headers = response.headers
  })
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('unexpected-response', async (_request, response: IncomingMessage) => {
      const pieces: Buffer[] = []
      for await (const piece of response) pieces.push(piece as Buffer)
      const text = Buffer.concat(pieces).toString()
      resolve({
        ...{ status: response.statusCode ?? 0, headers: response.headers },
        json: text === '' ? undefined : JSON.parse(text),
      })
    })
    socket.on('open', () =>
      resolve({
        ...{ socket, headers, events, closed },
        say: (event) => socket.send(typeof event === 'string' ? event : JSON.stringify(event)),
        hears: (type) => {
          const at = unheard.findIndex((event) => event.type === type)
          if (at >= 0) return Promise.resolve(unheard.splice(at, 1)[0])
          return new Promise((heard) => waiting.push({ type, resolve: heard }))
        },
      }),
    )
  })
}

/** Opens a session that has to open. */
export async function talk(asking: Asking): Promise<ClientSession> {
  const opened = await dial(asking)
  if ('status' in opened) throw new Error(`${opened.status} ${JSON.stringify(opened.json)}`)
  return opened
}

/** Is refused, as it should be. */
export async function refusedAt(asking: Asking): Promise<NotOpened> {
  const answered = await dial(asking)
  if ('status' in answered) return answered
  answered.socket.terminate()
  throw new Error('it was opened')
}
