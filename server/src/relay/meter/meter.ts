import type { Loose } from '../../dialects/dialect.ts'
import type { Beside, Usage } from '../../usage/usage.ts'

/** Where an answer's bytes go on to; the head goes out with the first of them. */
export interface Outlet {
  /** False: the client is slow, wait for `drain`. */
  write(bytes: Buffer): boolean
  /** Something went out: from here on no other channel may answer. */
  readonly begun: boolean
  /** Whether an answer with this end can be passed on. Absent: any can. */
  takes?(held: readonly Buffer[]): boolean
}

/** What an answer said: the beginning of it, and what part of the whole that is. */
export interface ProducedTexts {
  readonly texts: readonly string[]
  /** 1 = these are all. */
  readonly share: number
}

/** What an answer of pictures or sound consists of, as far as it came. */
export interface Seen {
  readonly images?: number
  /** Of the recording that it is about. */
  readonly seconds?: number
  /** Of an answer that is no JSON. */
  readonly bytes?: number
}

/** Watches the body of an answer on its way, passes on what may go, and holds its end back. */
export interface Meter {
  /** False: the client is slow. */
  chunk(bytes: Buffer): boolean
  /** The upstream ended its answer. False: what came is no answer. */
  end(): boolean
  /** The answer is all there: nothing more needs to be read. */
  readonly complete: boolean
  /** Nothing of the content is missing, though the upstream may go on. */
  readonly finished: boolean
  /** What the upstream reported, if it did. */
  reported(): Usage | undefined
  /** What it reported of the input alone, of an answer that never came to its end. */
  reportedInput?(): Usage | undefined
  /** What the answer told of its use outside of a report, as far as it came. */
  beside?(): Beside | undefined
  /** What the answer says of itself, with the ids that its provider issued; as far as it came. */
  issuing?(): Loose | undefined
  /** The texts that came, for counting when nothing was reported. */
  produced(): ProducedTexts
  /** Of pictures and sound: what came. */
  seen?(): Seen
  /** The end that was held back. */
  held(): readonly Buffer[]
  /** All of `held` as latin1 text, where it was made into one anyway. */
  readonly heldText?: string | undefined
}
