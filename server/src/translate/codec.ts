import type { DialectName } from '../dialects/dialect.ts'
import type { Fates } from './features.ts'
import type { NeutralAnswer, NeutralEvent, ProviderError } from './neutral/answer.ts'
import type { JsonObject, NeutralRequest } from './neutral/request.ts'

/**
 * One dialect, read and written. A translation from A to B is A's request read and B's written, B's answer read and A's
 * written; nobody knows a pair.
 */
export interface Codec {
  readonly dialect: DialectName
  /** For people: "Anthropic Messages". */
  readonly title: string
  /** What becomes of each feature in a request that is written in this dialect. */
  readonly fates: Fates
  /**
   * A caller's body, which is an object. What it holds beyond the provider's documentation is left out.
   * @throws Refused `invalid_request`, naming the member, where it is not as documented;
   *   `unsupported_parameter` for what no other dialect has a place for.
   */
  readRequest(body: JsonObject, asked: AskedOf): NeutralRequest
  /**
   * The body for a provider. What `fates` drops is left out; what it refuses was refused before.
   * @throws Refused `invalid_request` for what this dialect can't say of a single value (a tool's name, say).
   */
  writeRequest(request: NeutralRequest, model: string): JsonObject
  /** A provider's whole answer; `undefined`: it is none. */
  readAnswer(body: JsonObject): NeutralAnswer | undefined
  /** The answer for a caller, as JSON. */
  writeAnswer(answer: NeutralAnswer, context: AnswerContext): JsonObject
  /** Reads a provider's stream. One for each answer. */
  createStreamReader(): StreamReader
  /** Writes a caller's stream. One for each answer. */
  createStreamWriter(context: AnswerContext): StreamWriter
  /** What a provider's refusal says, whatever its shape; `undefined`: nothing that can be told. */
  readError(body: JsonObject): ProviderError | undefined
}

/** What the path says where a dialect has it there (Gemini), and not in the body. */
export interface AskedOf {
  readonly model: string
  readonly stream: boolean
}

/** What is to be known of a call to write its answer. */
export interface AnswerContext {
  readonly request: NeutralRequest
  /** Ours: for ids that the provider does not give. */
  readonly requestId: string
  /** Unix seconds. */
  readonly now: number
}

/** Reads events one by one; they may be cut anywhere in the bytes, but come here whole. */
export interface StreamReader {
  /**
   * `name`: what stands in the event's `event:` line, or `''`; `text`: what stands in its `data:` lines. What makes no sense
   * is passed over. Answers what happened, in order; none is fine.
   */
  read(name: string, text: string): readonly NeutralEvent[]
  /** The provider ended its stream. What is left open is closed. */
  end(): readonly NeutralEvent[]
}

export interface StreamWriter {
  /** The text of whole events, or `''`. */
  write(event: NeutralEvent): string
  /** After the last event: what a stream of this dialect ends with, or `''`. */
  end(): string
}
