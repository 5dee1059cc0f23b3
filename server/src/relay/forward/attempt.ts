import { type Refused, upstreamStatus } from '../../errors.ts'
import type { Meter } from '../meter/meter.ts'
import type { RunningCall } from '../running.ts'
import type { Client } from '../values.ts'
import type { AnswerSink, Exchange, Forward, Recipient, UpstreamRequest } from './answer.ts'
import type { Deadlines, Watched } from './deadlines.ts'
import type { Failure } from './failure.ts'
import { isKeepAlive, type Race, type Runner } from './race.ts'

/** An upstream's own "no". `body` is undefined when it was longer than anybody would read. */
export interface RefusedAnswer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: Buffer | undefined
}

/** How an attempt with one channel ended. `meter` is there when the answer was one to pass on. */
export type Attempted =
  | { readonly kind: 'answered'; readonly meter: Meter; readonly firstByteAt: number }
  | {
      readonly kind: 'broke'
      readonly failure: Failure
      readonly meter: Meter
      readonly firstByteAt: number
    }
  | { readonly kind: 'refused'; readonly answer: RefusedAnswer }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** Another attempt of the same call was ahead of it. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'left'; readonly meter: Meter | undefined; readonly firstByteAt: number }
  | {
      readonly kind: 'cut'
      readonly refusal: Refused
      readonly meter: Meter | undefined
      readonly firstByteAt: number
    }

export interface Patience {
  readonly firstByteMs: number
  readonly idleMs: number
  /** For the whole call, however many channels are tried. Monotonic milliseconds. */
  readonly endAt: number
}

export interface AttemptParts {
  readonly forward: Forward
  readonly deadlines: Deadlines
  readonly client: Client
  readonly running: Pick<RunningCall, 'refusal' | 'onCut'>
  readonly patience: Patience
  /** Called when a good answer begins; `undefined`: it is none that can be passed on. */
  readonly meterFor: (status: number, headers: readonly string[]) => Meter | undefined
  /** Called once. */
  readonly ended: (attempted: Attempted) => void
  readonly now: () => number
  /** Where it may have to make way for another attempt. */
  readonly race: Race | undefined
  /** Called when it has won that, before its first byte goes on. */
  readonly won: (() => void) | undefined
}

/** Contract 3.3 passes errors on; nobody reads longer ones. */
const MOST_ERROR_BYTES = 64 * 1024
/** So many pieces that say nothing are kept while another attempt runs. */
const MOST_EARLY = 64
/** How long an upstream may take to hang up after its last word. */
const LINGER_MS = 1_000

/**
 * Sends the request to one channel and pumps the answer: one owner for every way in which that can end. Throws what
 * `forward` throws.
 */
export function attempt(parts: AttemptParts, to: Recipient, request: UpstreamRequest): void {
  new Attempt(parts).start(to, request)
}

class Attempt implements AnswerSink, Watched, Runner {
  before: Watched | undefined
  after: Watched | undefined
  readonly #parts: AttemptParts
  #exchange: Exchange | undefined
  #resolved = false
  #status = 0
  #headers: readonly string[] = []
  #meter: Meter | undefined
  #errorBody: Buffer[] | undefined
  #errorBytes = 0
  #firstByteAt = 0
  /** What came of a good answer before it said anything. */
  #early: Buffer[] | undefined
  /** When something last moved: sent, received, or the client took its bytes. */
  #movedAt: number
  #stalled = false
  #listensForDrain = false

  constructor(parts: AttemptParts) {
    this.#parts = parts
    this.#movedAt = parts.deadlines.now
  }

  start(to: Recipient, request: UpstreamRequest) {
    const { client, running, deadlines, forward, race } = this.#parts
    if (client.left) return this.leave()
    if (running.refusal !== undefined) return this.cut(running.refusal)
    client.onLeave(() => this.leave())
    running.onCut((refusal) => this.cut(refusal))
    race?.join(this)
    this.#exchange = forward(to, request, this)
    deadlines.watch(this)
  }

  head(status: number, headers: readonly string[]) {
    this.#movedAt = this.#parts.deadlines.now
    this.#status = status
    this.#headers = headers
    if (upstreamStatus.isGood(status)) this.#meter = this.#parts.meterFor(status, headers)
    if (this.#meter === undefined) this.#errorBody = []
  }

  chunk(bytes: Buffer) {
    this.#movedAt = this.#parts.deadlines.now
    const meter = this.#meter
    if (meter === undefined) return this.#errorChunk(bytes)
    // After its last word nothing more is read.
    if (this.#resolved) return this.#stop()
    if (this.#firstByteAt === 0) {
      const { race, now } = this.#parts
      if (race !== undefined && !this.#mayBegin(race, meter, bytes)) return
      this.#firstByteAt = now()
    }
    if (!meter.chunk(bytes)) this.#waitForClient()
    if (meter.complete) this.#finish({ kind: 'answered', meter, firstByteAt: this.#firstByteAt })
  }

  end() {
    this.#parts.deadlines.unwatch(this)
    if (this.#resolved) return
    const meter = this.#meter
    if (meter === undefined) return this.#refused()
    const firstByteAt = this.#firstByteAt
    if (meter.end()) return this.#finish({ kind: 'answered', meter, firstByteAt })
    this.#broke({
      kind: 'not_http',
      detail: 'the answer is empty, not valid JSON, or an error with a good status',
    })
  }

  failed(failure: Failure) {
    this.#parts.deadlines.unwatch(this)
    if (this.#resolved) return
    // All of the content came: only the goodbye is missing.
    if (this.#meter?.finished) return this.end()
    if (this.#meter !== undefined) return this.#broke(failure)
    if (this.#errorBody !== undefined) return this.#refused()
    this.#finish({ kind: 'failed', failure })
  }

  tick(now: number) {
    const { firstByteMs, idleMs, endAt } = this.#parts.patience
    const still = now - this.#movedAt
    if (this.#resolved) {
      if (still > LINGER_MS) this.#stop()
    } else if (this.#stalled) {
      // The client takes nothing; the upstream is not to blame.
      if (still > idleMs) this.leave()
    } else if (this.#status === 0 && still > firstByteMs) this.#timedOut('first_byte')
    else if (this.#status !== 0 && still > idleMs) this.#timedOut('idle')
    else if (now > endAt) this.#timedOut('total')
  }

  #timedOut(of: 'first_byte' | 'idle' | 'total') {
    this.#exchange?.abort()
    this.failed({ kind: 'too_slow', of })
  }

  leave() {
    if (this.#resolved) return
    this.#stop()
    this.#finish({ kind: 'left', meter: this.#meter, firstByteAt: this.#firstByteAt })
  }

  lose() {
    if (this.#resolved) return
    this.#stop()
    this.#finish({ kind: 'lost' })
  }

  cut(refusal: Refused) {
    if (this.#resolved) return
    this.#stop()
    const firstByteAt = this.#firstByteAt
    this.#finish({ kind: 'cut', refusal, meter: this.#meter, firstByteAt })
  }

  /** Nothing of an answer may go out before it is sure that no other one does. */
  #mayBegin(race: Race, meter: Meter, bytes: Buffer): boolean {
    this.#early ??= []
    const early = this.#early
    if (race.isOpen && early.length < MOST_EARLY && isKeepAlive(bytes)) {
      early.push(bytes)
      return false
    }
    if (!race.wins(this)) return false
    this.#parts.won?.()
    for (const piece of early) meter.chunk(piece)
    return true
  }

  #broke(failure: Failure) {
    const meter = this.#meter as Meter
    this.#finish({ kind: 'broke', failure, meter, firstByteAt: this.#firstByteAt })
  }

  #errorChunk(bytes: Buffer) {
    this.#errorBytes += bytes.length
    if (this.#errorBytes <= MOST_ERROR_BYTES) {
      this.#errorBody?.push(bytes)
      return
    }
    this.#errorBody = undefined
    this.#stop()
    this.#refused()
  }

  #refused() {
    const body = this.#errorBody === undefined ? undefined : Buffer.concat(this.#errorBody)
    this.#finish({
      kind: 'refused',
      answer: { status: this.#status, headers: this.#headers, body },
    })
  }

  #waitForClient() {
    this.#exchange?.pause()
    this.#stalled = true
    if (this.#listensForDrain) return
    this.#listensForDrain = true
    this.#parts.client.response.on('drain', () => {
      this.#movedAt = this.#parts.deadlines.now
      this.#stalled = false
      this.#exchange?.resume()
    })
  }

  #stop() {
    this.#parts.deadlines.unwatch(this)
    this.#exchange?.abort()
  }

  #finish(attempted: Attempted) {
    if (this.#resolved) return
    this.#resolved = true
    this.#parts.ended(attempted)
  }
}
