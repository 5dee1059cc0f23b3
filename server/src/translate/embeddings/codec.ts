import type { Operation } from '../../dialects/dialect.ts'
import type { JsonObject } from '../neutral/request.ts'

/** Embeddings that are asked for, in no provider's words. */
export interface EmbeddingsAsked {
  readonly texts: readonly string[]
  readonly dimensions: number | undefined
  /** What they are for, in Gemini's words; OpenAI's models have one embedding for all tasks. */
  readonly task: string | undefined
  /** The operation in which the caller asked, and by which the answer is shaped. */
  readonly operation: Operation
  /** The caller wants numbers as the bytes of 32-bit floats. */
  readonly asBase64: boolean
}

/** An answer with as many vectors as there were texts. */
export interface EmbeddingsGiven {
  readonly vectors: readonly (readonly number[])[]
  /** Tokens of the input; `undefined`: the provider does not tell. */
  readonly tokens: number | undefined
}

/** Embeddings in one dialect, read and written: the counterpart of `Codec`. */
export interface EmbeddingsCodec {
  /** What is asked of providers of this dialect. */
  readonly operation: Operation
  /** @throws Refused `invalid_request`, or `unsupported_parameter` for what other dialects can't say. */
  readRequest(body: JsonObject, operation: Operation): EmbeddingsAsked
  writeRequest(asked: EmbeddingsAsked, model: string): JsonObject
  /** A provider's whole answer; `undefined`: it is none. */
  readAnswer(body: JsonObject): EmbeddingsGiven | undefined
  writeAnswer(given: EmbeddingsGiven, asked: EmbeddingsAsked, model: string): JsonObject
}
