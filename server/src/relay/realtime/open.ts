import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { Channel } from '../../channels/channel.ts'
import type { Dial, Dialled } from '../../channels/dial.ts'
import { NoAccess } from '../../channels/types/access.ts'
import type { Refused } from '../../errors.ts'
import type { Attempted, Patience, RefusedAnswer } from '../forward/attempt.ts'
import type { Deadlines, Watched } from '../forward/deadlines.ts'
import type { Failure } from '../forward/failure.ts'
import { letIn } from '../forward/upstream.ts'
import type { RunningCall } from '../running.ts'
import type { Client } from '../values.ts'

/** How opening a WebSocket to one channel ended. An open one is paused. */
export type Opening =
  | { readonly kind: 'opened'; readonly socket: WebSocket }
  | Extract<Attempted, { readonly kind: 'refused' | 'failed' | 'left' | 'cut' }>

export interface OpeningParts {
  readonly dial: Dial
  readonly deadlines: Deadlines
  readonly client: Client
  readonly running: Pick<RunningCall, 'refusal' | 'onCut'>
  readonly patience: Patience
}

/** Where it goes. `key`: `undefined` where the channel has none. */
export interface OpeningTo extends Dialled {
  readonly channel: Channel
  readonly key: string | undefined
}

/** Longer answers are read by nobody. */
const MOST_ERROR_BYTES = 64 * 1024

/** Opens a WebSocket to a channel: one owner for every way in which that can end. */
export async function open(parts: OpeningParts, to: OpeningTo): Promise<Opening> {
  try {
    const headers = await admitted(to)
    return await new Promise((resolve) => new Opener(parts, resolve).start({ ...to, headers }))
  } catch (error) {
    return { kind: 'failed', failure: failureOf(error as Error) }
  }
}

/** The headers, with what lets the session in. */
async function admitted({ channel, key, url, headers }: OpeningTo): Promise<readonly string[]> {
  if (key === undefined) return headers
  const { origin, pathname, search } = new URL(url)
  const request = {
    ...{ method: 'GET', origin, path: pathname + search, body: undefined },
    headers: headers.slice(),
  }
  await letIn(channel, key, request)
  return request.headers
}

class Opener implements Watched {
  before: Watched | undefined
  after: Watched | undefined
  readonly #parts: OpeningParts
  readonly #resolve: (opening: Opening) => void
  readonly #beganAt: number
  #socket: WebSocket | undefined
  #isOver = false

  constructor(parts: OpeningParts, resolve: (opening: Opening) => void) {
    this.#parts = parts
    this.#resolve = resolve
    this.#beganAt = parts.deadlines.now
  }

  start(to: Dialled) {
    const { client, running, deadlines, dial } = this.#parts
    if (client.left) return this.#left()
    if (running.refusal !== undefined) return this.#cut(running.refusal)
    client.onLeave(() => this.#left())
    running.onCut((refusal) => this.#cut(refusal))
    const socket = dial(to)
    this.#socket = socket
    deadlines.watch(this)
    socket.on('open', () => {
      socket.pause()
      this.#end({ kind: 'opened', socket })
    })
    // Without a listener the error of an opening that was given up would end the process.
    socket.on('error', (error) => this.#failed(failureOf(error)))
    socket.on('unexpected-response', (_request, response) => this.#refused(response))
  }

  tick(now: number) {
    const { firstByteMs, endAt } = this.#parts.patience
    if (now - this.#beganAt > firstByteMs) this.#failed({ kind: 'too_slow', of: 'first_byte' })
    else if (now > endAt) this.#failed({ kind: 'too_slow', of: 'total' })
  }

  #refused(response: IncomingMessage) {
    const pieces: Buffer[] = []
    let length = 0
    const done = (body: Buffer | undefined) => {
      const { statusCode: status = 0, rawHeaders: headers } = response
      const answer: RefusedAnswer = { status, headers, body }
      this.#end({ kind: 'refused', answer })
      response.destroy()
    }
    response.on('data', (bytes: Buffer) => {
      length += bytes.length
      if (length > MOST_ERROR_BYTES) done(undefined)
      else pieces.push(bytes)
    })
    response.on('end', () => done(Buffer.concat(pieces)))
    response.on('error', () => done(Buffer.concat(pieces)))
  }

  #failed(failure: Failure) {
    this.#end({ kind: 'failed', failure })
  }

  #left() {
    this.#end({ kind: 'left', meter: undefined, firstByteAt: 0 })
  }

  #cut(refusal: Refused) {
    this.#end({ kind: 'cut', refusal, meter: undefined, firstByteAt: 0 })
  }

  #end(opening: Opening) {
    if (this.#isOver) return
    this.#isOver = true
    this.#parts.deadlines.unwatch(this)
    if (opening.kind !== 'opened') this.#socket?.terminate()
    this.#resolve(opening)
  }
}

/** What `ws` says of an answer that breaks the rules of opening. */
const BREAKS_RULES = /^(?:Invalid |Server )/

function failureOf(error: Error): Failure {
  if (error instanceof NoAccess) {
    return { kind: error.isDenied ? 'denied' : 'unreachable', detail: error.message }
  }
  const detail = `${error.name}: ${error.message}`
  const isForeign = BREAKS_RULES.test(error.message) || error.message.startsWith('Parse Error')
  return { kind: isForeign ? 'not_http' : 'unreachable', detail }
}
