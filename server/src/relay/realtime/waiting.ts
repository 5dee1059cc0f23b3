import type { WebSocket } from 'ws'
import { greeting } from '../../dialects/realtime.ts'
import { type RefusalCode, Refused } from '../../errors.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Deadlines, Watched } from '../forward/deadlines.ts'
import { closeAs, closedFor } from './closing.ts'
import type { Frame } from './lane.ts'
import { readSaidEvent, type Said } from './said-event.ts'
import { type TellingParts, tellRefusal } from './telling.ts'

export interface WaitingParts extends TellingParts {
  readonly deadlines: Deadlines
  readonly settings: Pick<Settings, 'get'>
  readonly draining: () => boolean
  /** The client expects the former form of sessions. */
  readonly isBeta: boolean
}

/** So long a client may take to say which model it wants: it holds nothing, and counts as no call. */
const WAIT_MS = 30_000
const SAYS =
  'this session has no model yet: name it first, by session.update with audio.input.transcription.model'

/**
 * A client that has its WebSocket before anybody knows its model, and with that its provider: its first update says so. It is
 * greeted as a provider does it, since many wait for that.
 */
export class WaitingClient implements Watched {
  before: Watched | undefined
  after: Watched | undefined
  readonly socket: WebSocket
  readonly #parts: WaitingParts
  readonly #until: number
  readonly #named = Promise.withResolvers<string | undefined>()
  /** The event that names the model, and what came behind it. */
  #said: Frame[] = []

  constructor(parts: WaitingParts, socket: WebSocket) {
    this.#parts = parts
    this.socket = socket
    this.#until = parts.deadlines.now + Math.min(WAIT_MS, parts.settings.get('realtime.idle_ms'))
    socket.on('message', this.#hear)
    socket.on('ping', this.#answer)
    // What was wrong is told by `close`, which follows.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#end(undefined))
    parts.deadlines.watch(this)
    socket.send(greeting(parts.requestId, parts.isBeta))
  }

  /** The model, as the client calls it; `undefined`: there will be none. */
  get model(): Promise<string | undefined> {
    return this.#named.promise
  }

  tick(now: number): void {
    if (now > this.#until) {
      this.refuse(new Refused('session_expired', 'this session was told no model for too long'))
    } else if (this.#parts.draining()) this.refuse(new Refused('draining'))
  }

  /** What it said: whoever takes it hears the rest. */
  take(): readonly Frame[] {
    this.socket.off('message', this.#hear)
    this.socket.off('ping', this.#answer)
    return this.#said
  }

  refuse(refusal: Refused): void {
    tellRefusal(this.#parts, this.socket, refusal, null)
    this.#close(refusal.code)
  }

  /** Ends it with an event that is there already. */
  end(event: string, code: RefusalCode): void {
    this.socket.send(event)
    this.#close(code)
  }

  #close(code: RefusalCode): void {
    this.take()
    closeAs(this.socket, closedFor(code))
    // Its own goodbye is still to be read.
    this.socket.resume()
    this.#end(undefined)
  }

  readonly #answer = (said: Buffer) => this.socket.pong(said)

  readonly #hear = (message: unknown, isBinary: boolean) => {
    const frame = { bytes: message as Buffer, isBinary }
    if (this.#said.length > 0) {
      this.#said.push(frame)
      return
    }
    let said: Said | undefined
    try {
      said = readSaidEvent(frame.bytes, isBinary)
      const model = said.models.find(({ as }) => as === 'transcriber')?.name
      if (said.of !== 'session' || typeof model !== 'string') {
        throw new Refused('invalid_request', SAYS)
      }
      this.#said.push(frame)
      // Nothing more is read until somebody is there to take it.
      this.socket.pause()
      this.#end(model)
    } catch (failure) {
      if (!(failure instanceof Refused)) throw failure
      tellRefusal(this.#parts, this.socket, failure, said?.id ?? null)
    }
  }

  #end(model: string | undefined): void {
    this.#parts.deadlines.unwatch(this)
    this.#named.resolve(model)
  }
}
