import type { RefusalCode } from '../errors.ts'
import type { Usage } from '../usage/usage.ts'

/** Where a member of the body's top level stands, so that it can be replaced without touching another byte. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What the gateway has to know of a call; the rest of its body is the upstream's business. */
export interface ParsedCall {
  readonly model: string
  readonly stream: boolean
  /** The most output tokens of each choice that the caller asked for. */
  readonly outputLimit: number | undefined
  readonly choices: number
  /** The parsed body, for counting its input. A long one is not kept, but parsed again for whoever asks late. */
  body(): Readonly<Record<string, unknown>>
  /** Top-level members that may have to be edited, by name. */
  readonly spans: ReadonlyMap<string, Span>
}

/** What a refusal looks like in a dialect. */
export interface Spoken {
  readonly code: RefusalCode
  readonly message: string
  readonly requestId: string
  /** Setting `errors.type`. */
  readonly type: string
}

/** A model as lists show it. */
export interface ListedModel {
  readonly id: string
  readonly createdAt: number
  readonly ownedBy: string
}

/** The families of clients and providers. `openai` is chat completions, `responses` OpenAI's newer API. */
export const DIALECT_NAMES = ['openai', 'responses', 'anthropic', 'gemini'] as const
export type DialectName = (typeof DIALECT_NAMES)[number]

/** What a call, a refusal, a usage report and a list look like to one family of clients. */
export interface Dialect {
  readonly name: DialectName
  /** @throws Refused `invalid_request` for what no upstream should have to read. */
  parseCall(payload: Buffer): ParsedCall
  /** The JSON body of a refusal. */
  shapeError(refusal: Spoken): string
  /** The same inside a running stream. */
  shapeErrorEvent(refusal: Spoken): string
  /** Reads the parsed `usage` member of an answer; `undefined` when it holds no figures. */
  readUsage(reported: unknown): Usage | undefined
  shapeModels(models: readonly ListedModel[]): string
  shapeModel(model: ListedModel): string
}
