import type { ServerResponse } from 'node:http'
import type { WebSocket } from 'ws'
import type { Channel } from '../channels/channel.ts'
import type { Dialect, ParsedCall, PathSays } from '../dialects/dialect.ts'
import type { Refused } from '../errors.ts'
import type { ApiKey } from '../keys/api-key.ts'
import type { Credential } from '../keys/credential.ts'
import type { Reservation } from '../ledger/ledger.ts'
import type { CompiledPrice } from '../prices/price.ts'
import type { Admission } from '../rates/admission.ts'
import type { Upload } from '../uploads/upload.ts'
import type { ListedAttempt } from '../usage/attempt-list.ts'
import type { RefusedAnswer } from './forward/attempt.ts'
import type { Failure } from './forward/failure.ts'
import type { AnswerOutlet } from './forward/outlet.ts'
import type { Meter } from './meter/meter.ts'
import type { RunningCall } from './running.ts'

/** What a request asks for, as its method and path say. */
export type Endpoint = 'chat' | 'count' | 'models' | 'model' | 'object' | 'realtime'

/** What is asked of objects that providers keep. */
export interface ObjectAsked {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly kind: 'response' | 'conversation' | 'file' | 'video' | 'batch'
  /** As its provider wrote it; `''`: all of them, or one to come. */
  readonly id: string
  /** What of it, as the path goes on behind the id: `/content`; `''`: itself. */
  readonly part: string
}

/** A request that asks for a WebSocket. */
export interface Upgrade {
  /** Opens it, with these names and values among its headers; once. `undefined`: the caller has gone. */
  accept(headers: readonly string[]): WebSocket | undefined
}

/** A request at the door, its body not yet asked for. */
export interface Asked {
  /** Ours. A caller's own id is recorded, never adopted. */
  readonly id: string
  readonly endpoint: Endpoint
  readonly dialect: Dialect
  /** What the path says of a model: of `model` its id, of Gemini's calls also whether to stream. */
  readonly path: PathSays
  /** Of the endpoint `object` only. */
  readonly object?: ObjectAsked | undefined
  /** Of the endpoint `realtime` only. */
  readonly upgrade?: Upgrade | undefined
  readonly credential: Credential
  /** `undefined`: a trusted proxy forwarded something that is no address. */
  readonly ip: string | undefined
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[]
  /** With its question mark, without credentials; or empty. */
  readonly query: string
  readonly startedAt: number
  /** Reads the whole body, unpacked; once. Rejects with `Refused`. */
  readonly body: () => Promise<Body>
  readonly client: Client
}

/** In memory; or, of a long form, what is at hand of it, with its files on the disk until the call is over. */
export type Body = Buffer | Upload

/** The caller's end of a call: where the answer goes, and whether anybody is still there. */
export interface Client {
  readonly response: ServerResponse
  /** Names and values that every answer to this caller carries: its id, and what browsers need. */
  readonly headers: readonly string[]
  readonly left: boolean
  /** Called once when the client goes away before its answer is complete. A later listener replaces the former. */
  onLeave(listener: () => void): void
}

/** A call whose body was read and judged: nothing of it needs to be looked at again. */
export interface ModelCall extends Asked {
  readonly payload: Buffer
  /** Of a long form: the whole, of which `payload` lacks the contents of files. */
  readonly upload?: Upload
  readonly parsed: ParsedCall
  /** Of a call that names what a provider keeps; absent: it may go to whoever serves its model. */
  readonly kept?: Kept
}

/** Where what a call names is kept: it can go nowhere else. */
export interface Kept {
  readonly channelId: number
  /** As `upstreamKeyMark` says it. */
  readonly upstreamKey: string
  /** Input tokens that the provider adds to what the body holds: at the most, and as far as is known. */
  readonly mostTokens: number
  readonly tokens: number
}

/** A call that its key may make. */
export interface Grant {
  readonly key: ApiKey
  readonly call: ModelCall
}

/** Who serves a model in one group, up or down, higher priority first, and what it costs there. At least one channel. */
export interface Offer {
  readonly group: string
  /** The asked one, or a fallback of it. */
  readonly model: string
  readonly channels: readonly Channel[]
  /** At the ratio of the group. `undefined` only when every channel is free. */
  readonly price: CompiledPrice | undefined
}

/** The groups that can serve the model of a granted call, or else a fallback of it, in the order in which they are tried. */
export interface Candidates extends Grant {
  readonly offers: readonly [Offer, ...Offer[]]
}

/** A call within its rate limits, which counts as running until it leaves. */
export interface Admitted extends Candidates {
  readonly admission: Admission
  readonly running: RunningCall
}

/** A call whose units are set aside. */
export interface Reserved extends Admitted {
  readonly reservation: Reservation
  /** Output tokens of each choice that may be asked of the upstream; `undefined` = as the caller asked. */
  readonly outputLimit: number | undefined
  /** What goes on when the call has its answer; absent: nothing, as of nearly all calls. */
  readonly job?: BegunJob
}

/** A job that is written down before anybody is asked for it. */
export interface BegunJob {
  /** Its provider has given it an id: from here on it is asked what becomes of it. Once; resolves when it is durable. */
  named(id: string, at: JobPlace): Promise<void>
  /** Nobody took it on. Never rejects. */
  drop(): Promise<void>
}

/** Who took a job on, and at which price. */
export interface JobPlace {
  readonly channel: Channel
  readonly keyAt: number
  readonly offer: Offer
}

/** What every outcome tells: who was tried last, in which group, with which model, and how many tries there were. */
export interface Tried {
  readonly channel: Channel
  readonly offer: Offer
  readonly attempts: number
  /** Each of them, unless the first answered. */
  readonly list: readonly ListedAttempt[] | undefined
  /** As in `Reserved`; a dearer group or model may have lowered it. */
  readonly outputLimit: number | undefined
}

/** An answer came, whole or in part, and went out up to its end. */
export interface Served extends Tried {
  /** `broke`: the client has a part of it. */
  readonly kind: 'answered' | 'broke'
  /** The place of the key that it was made with. */
  readonly keyAt: number
  readonly meter: Meter
  readonly outlet: AnswerOutlet
  readonly firstByteAt: number
  readonly failure?: Failure
}

/** The client left; `meter` is there when an answer had begun. */
export interface Left extends Tried {
  readonly kind: 'left'
  readonly keyAt: number
  readonly meter: Meter | undefined
  readonly firstByteAt: number
}

/** Its key may no longer make it. `meter` and `outlet` are there when an answer had begun to come. */
export interface Cut extends Tried {
  readonly kind: 'cut'
  readonly keyAt: number
  readonly refusal: Refused
  readonly meter: Meter | undefined
  readonly outlet: AnswerOutlet | undefined
  readonly firstByteAt: number
}

/** Nobody answered. The last answer and the last failure, where there were any. */
export interface Unserved extends Tried {
  readonly kind: 'unserved'
  readonly answer: RefusedAnswer | undefined
  /** Whose answer it is: its secrets are taken out of it. */
  readonly answeredBy: Channel
  readonly failure: Failure | undefined
}

/** How a forwarded call ended, before it is settled. */
export type Outcome = Served | Left | Cut | Unserved
