import type { WebSocket } from 'ws'
import { type Edit, spliced } from '../../dialects/edits.ts'
import { readToldEvent, type ToldOf } from '../../dialects/realtime.ts'
import { CLIENT_LEFT_STATUS, Refused, statusOf } from '../../errors.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Proven } from '../authenticate.ts'
import type { ErrorType } from '../finish.ts'
import type { Watched } from '../forward/deadlines.ts'
import { scrubbed } from '../forward/scrub.ts'
import { patienceFor } from '../forward/try-channel.ts'
import { SessionClock } from './clock.ts'
import { type Closed, closeAs, closedFor, DONE, isBroken } from './closing.ts'
import type { Connected } from './connect.ts'
import { Conversation, type ConversationParts } from './conversation.ts'
import { type Frame, Lane, type Passed } from './lane.ts'
import { Pulse } from './pulse.ts'
import { readSaidEvent, type Said } from './said-event.ts'
import type { Item } from './tab.ts'
import { type TellingParts, tellRefusal } from './telling.ts'

export interface SessionParts extends ConversationParts {
  readonly settings: Pick<Settings, 'get'>
  readonly errorType: ErrorType
  readonly draining: () => boolean
}

/** Both sides of a session, and who asked for it. */
export interface Sides {
  readonly client: WebSocket
  /** What it said while it waited for its provider, which it was greeted for. Absent: it did not wait. */
  readonly said?: readonly Frame[]
  readonly connected: Connected
  readonly proven: Proven
}

/** Who lasts so long need not be looked at more often. */
const TICK_EVERY_MS = 200
/** How often it is asked whether the key still may have a session: it may expire without a change. */
const LOOKED_AFTER_EVERY_MS = 1_000
/** A provider that is told to stop says so soon what was used up to there. */
const STOPPING_MS = 2_000

/** Passes the messages of both sides on until one of them, or we, end it. Resolves when all is charged. */
export function runSession(parts: SessionParts, sides: Sides): Promise<void> {
  return new Promise((resolve) => new Session(parts, sides, resolve).start())
}

class Session implements Watched {
  before: Watched | undefined
  after: Watched | undefined
  readonly #parts: SessionParts
  readonly #client: WebSocket
  readonly #provider: WebSocket
  readonly #connected: Connected
  readonly #over: () => void
  readonly #conversation: Conversation
  readonly #pulses: readonly Pulse[]
  readonly #telling: TellingParts
  readonly #toProvider: Lane
  readonly #toClient: Lane
  readonly #clock: SessionClock
  #said: readonly Frame[] | undefined
  #tickedAt = 0
  #lookedAt: number
  /** Why it has to end once the present message has passed. */
  #due: Refused | undefined
  /** What records of what did not come whole say; `undefined` while the session goes on. */
  #ended: NonNullable<Item['broken']> | undefined
  #stopAt = 0
  #isOver = false

  constructor(parts: SessionParts, { client, said, connected, proven }: Sides, over: () => void) {
    this.#said = said
    this.#parts = parts
    this.#client = client
    this.#connected = connected
    this.#provider = connected.socket
    this.#over = over
    this.#telling = { ...parts, requestId: connected.reserved.call.id }
    this.#conversation = new Conversation(parts, connected, proven)
    const patience = patienceFor(parts, connected.channel, parts.deadlines.now)
    this.#clock = new SessionClock({ ...parts, patience })
    this.#lookedAt = parts.deadlines.now
    this.#pulses = [client, this.#provider].map((one) => new Pulse(one, () => parts.deadlines.now))
    const failed = (failure: unknown) => this.#fail(failure)
    const provider = this.#provider
    const read = (frame: Frame) => this.#fromClient(frame)
    this.#toProvider = new Lane({
      from: client,
      to: provider,
      read,
      failed,
      passed: () => undefined,
    })
    this.#toClient = new Lane({
      ...{ from: provider, to: client, failed },
      read: (frame) => this.#fromProvider(frame),
      passed: () => this.#passed(),
    })
  }

  start() {
    const { running } = this.#connected.reserved
    const ignore = () => undefined
    // What was wrong is told by `close`, which follows.
    this.#client.on('error', ignore)
    this.#provider.on('error', ignore)
    this.#client.on('close', (code, reason) => this.#clientClosed({ code, reason: String(reason) }))
    this.#provider.on('close', (code, reason) =>
      this.#providerClosed({ code, reason: String(reason) }),
    )
    running.onCut((refusal) => this.#refuseAll(refusal))
    this.#parts.deadlines.watch(this)
    if (running.refusal !== undefined) return this.#refuseAll(running.refusal)
    if (this.#client.readyState !== this.#client.OPEN) return this.#client.terminate()
    this.#provider.resume()
    if (this.#said !== undefined) this.#toProvider.begin(this.#said)
  }

  tick(now: number) {
    if (now - this.#tickedAt < TICK_EVERY_MS) return
    this.#tickedAt = now
    if (this.#ended !== undefined) {
      if (now > this.#stopAt) this.#finish()
      return
    }
    const { open, running } = this.#conversation
    this.#clock.looked({ isBehind: this.#toClient.isFull, isHeld: this.#provider.isPaused })
    // Takes nothing: nothing can be told it, either.
    if (this.#clock.isClientStuck) return this.#client.terminate()
    const refusal =
      open === 0 && this.#parts.draining()
        ? new Refused('draining')
        : this.#clock.whyOver(open, running.length)
    if (refusal !== undefined) return this.#refuseAll(refusal)
    for (const pulse of this.#pulses) pulse.tick()
    if (now - this.#lookedAt < LOOKED_AFTER_EVERY_MS) return
    this.#lookedAt = now
    const cuts = this.#parts.settings.get('revocation.streams') === 'cut'
    if (open === 0 || cuts) this.#conversation.lookAgain().catch((no: unknown) => this.#fail(no))
  }

  #fromClient(frame: Frame): Passed | Promise<Passed> {
    if (this.#ended !== undefined) return undefined
    this.#clock.moved()
    let said: Said | undefined
    let edits: readonly Edit[]
    try {
      said = readSaidEvent(frame.bytes, frame.isBinary)
      if (said.of === 'sound') return this.#after(this.#conversation.hear(said.bytes), frame)
      if (said.of === 'other') return frame
      edits = this.#conversation.judge(said)
    } catch (failure) {
      return this.#refuseOne(failure, said)
    }
    const passed = edits.length === 0 ? frame : { ...frame, bytes: spliced(frame.bytes, edits) }
    if (said.of === 'session') return passed
    const refused = this.#conversation.whyNotNow()
    return refused === undefined ? this.#ask(passed) : this.#refuseOne(refused, said)
  }

  #after(held: Promise<void> | undefined, frame: Frame): Passed | Promise<Passed> {
    return held === undefined ? frame : held.then(() => (this.#ended ? undefined : frame))
  }

  async #ask(frame: Frame): Promise<Passed> {
    await this.#conversation.ask()
    this.#clock.providerMoved()
    return this.#ended === undefined ? frame : undefined
  }

  #fromProvider(frame: Frame): Passed | Promise<Passed> {
    this.#clock.providerMoved()
    if (frame.isBinary) return frame
    const told = readToldEvent(frame.bytes.toString())
    switch (told?.of) {
      case undefined:
        return frame
      case 'session':
        this.#conversation.setUp(told)
        return told.isGreeting && this.#said !== undefined ? undefined : frame
      case 'written':
        this.#conversation.written(told)
        return frame
      case 'spoken':
        this.#conversation.spoken(told)
        return frame
      case 'sound':
        return this.#after(this.#conversation.noteSound(told), frame)
      case 'noted':
        this.#conversation.hearing.write(told)
        return frame
      case 'error':
        this.#conversation.refusedByProvider()
        return this.#clean(frame)
      case 'begun':
        return this.#conversation.begun(told).then(() => frame)
      case 'done':
      case 'transcribed':
        return this.#charge(told, frame)
    }
  }

  /** Nobody hears that something is done before its charge is durable. */
  async #charge(told: ToldOf<'done' | 'transcribed'>, frame: Frame): Promise<Passed> {
    const conversation = this.#conversation
    if (told.of === 'done') await conversation.done(told, this.#ended)
    else if (!(await conversation.transcribed(told, this.#ended))) {
      this.#due = new Refused('quota_exhausted')
    }
    if (this.#ended === undefined) {
      await conversation.next().catch((failure: unknown) => {
        this.#due = refusalOf(failure)
      })
    }
    return told.of === 'done' ? this.#clean(frame) : frame
  }

  #passed() {
    if (this.#ended !== undefined) {
      if (this.#conversation.isQuiet) this.#finish()
    } else if (this.#due !== undefined) this.#refuseAll(this.#due)
  }

  /** Without what only the operator may see. */
  #clean(frame: Frame): Frame {
    const text = frame.bytes.toString()
    const clean = scrubbed(text, this.#connected.channel)
    return clean === text ? frame : { ...frame, bytes: Buffer.from(clean) }
  }

  /** The client's event goes no further; the session does. */
  #refuseOne(failure: unknown, said: Said | undefined): undefined {
    if (!(failure instanceof Refused)) throw failure
    tellRefusal(this.#telling, this.#client, failure, said?.id ?? null)
  }

  #fail(failure: unknown) {
    this.#refuseAll(refusalOf(failure))
    if (failure instanceof Refused) return
    const { id } = this.#connected.reserved.call
    this.#parts.log.error({ request: id, failure }, 'a realtime session failed')
  }

  #refuseAll(refusal: Refused) {
    if (this.#ended !== undefined) return
    tellRefusal(this.#telling, this.#client, refusal, null)
    closeAs(this.#client, closedFor(refusal.code))
    this.#stop({ status: statusOf(refusal.code), code: refusal.code })
  }

  #clientClosed(closed: Closed) {
    if (this.#ended === undefined) this.#stop({ status: CLIENT_LEFT_STATUS, code: '' }, closed)
  }

  #providerClosed(closed: Closed) {
    if (this.#ended === undefined) {
      if (isBroken(closed)) {
        const says = 'the provider broke off the session'
        this.#refuseAll(new Refused('upstream_unreachable', says))
      } else {
        const reason = scrubbed(closed.reason, this.#connected.channel)
        closeAs(this.#client, { ...closed, reason })
        this.#stop({ status: statusOf('upstream_unreachable'), code: 'upstream_unreachable' })
      }
    }
    this.#finish()
  }

  /** The provider is told to stop what it is saying, so that it says what that cost; unless time is short. */
  #stop(ended: NonNullable<Item['broken']>, closed: Closed = DONE) {
    this.#ended = ended
    const provider = this.#provider
    const { running, isQuiet } = this.#conversation
    const isOpen = provider.readyState === provider.OPEN
    if (!isOpen || isQuiet || this.#parts.draining()) return this.#finish(closed)
    this.#stopAt = this.#parts.deadlines.now + STOPPING_MS
    for (const id of running) {
      provider.send(JSON.stringify({ type: 'response.cancel', ...(id && { response_id: id }) }))
    }
  }

  #finish(closed: Closed = DONE) {
    if (this.#isOver || this.#ended === undefined) return
    this.#isOver = true
    this.#parts.deadlines.unwatch(this)
    closeAs(this.#provider, closed)
    const { id } = this.#connected.reserved.call
    this.#conversation
      .end(this.#ended)
      .catch((error: unknown) =>
        this.#parts.log.error({ request: id, error }, 'a realtime session could not be charged'),
      )
      .finally(this.#over)
  }
}

const refusalOf = (failure: unknown): Refused =>
  failure instanceof Refused ? failure : new Refused('internal')
