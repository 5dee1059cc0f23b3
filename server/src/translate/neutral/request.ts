import type { Feature } from '../features.ts'
import type { ForeignMark } from './foreign-mark.ts'
import type { Source } from './source.ts'

/**
 * A call in no provider's words: what every dialect is read into and written from, so that four dialects need four
 * readers and four writers, and not one for each pair. It is as wide as all of them together; what one of them can't
 * express is in its table of features.
 */
export interface NeutralRequest {
  /** As the caller names it. */
  readonly model: string
  readonly stream: boolean
  /** What stands before the conversation. */
  readonly system: readonly TextPart[]
  readonly messages: readonly Message[]
  readonly tools: readonly Tool[]
  readonly toolChoice: ToolChoice | undefined
  /** `false`: at most one call in an answer. */
  readonly parallelToolCalls: boolean | undefined
  readonly format: Format | undefined
  /** The most output tokens of each choice. */
  readonly outputLimit: number | undefined
  readonly stop: readonly string[]
  readonly sampling: Sampling
  readonly reasoning: ReasoningWish | undefined
  /** How many answers. */
  readonly choices: number
  /** How many alternatives of each token are told; 0 = the chosen one only. */
  readonly logprobs: number | undefined
  readonly verbosity: 'low' | 'medium' | 'high' | undefined
  readonly serviceTier: 'auto' | 'default' | 'flex' | 'priority' | undefined
  /** Whom the caller speaks for, by a name of the caller's. */
  readonly endUser: string | undefined
  readonly promptCacheKey: string | undefined
  /** The caller wants the report of usage inside the stream (OpenAI's chat only; others always have it). */
  readonly streamsUsage: boolean
  /** What the call asks for, with the caller's own name for it: `['seed', 'generationConfig.seed']`. */
  readonly uses: ReadonlyMap<Feature, string>
}

export interface Sampling {
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly frequencyPenalty?: number
  readonly presencePenalty?: number
  readonly seed?: number
}

/** How much a model should think before it answers. Providers take a word or a number of tokens; both are kept. */
export interface ReasoningWish {
  readonly effort: Effort | undefined
  /** Tokens; 0 = none at all, -1 = as the model sees fit. */
  readonly budget: number | undefined
  /** What of it the caller wants to see. */
  readonly shows: 'nothing' | 'summary' | undefined
}
export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

/** What an answer must look like. A schema is JSON Schema as the caller wrote it. */
export type Format =
  | { readonly kind: 'json' }
  | {
      readonly kind: 'schema'
      readonly name: string
      readonly description: string | undefined
      readonly schema: JsonObject
      readonly strict: boolean | undefined
    }

/** Something that the caller runs itself. What providers run themselves (`hosted`) only their own dialect can say. */
export type Tool =
  | {
      readonly kind: 'function'
      readonly name: string
      readonly description: string | undefined
      /** JSON Schema; absent = takes nothing. */
      readonly parameters: JsonObject | undefined
      readonly strict: boolean | undefined
      readonly cache: CacheMark | undefined
      readonly qualified?: Qualified | undefined
    }
  /** Takes a text of any form, and no JSON. `format`: the grammar, as OpenAI writes it. */
  | {
      readonly kind: 'custom'
      readonly name: string
      readonly description: string | undefined
      readonly format: JsonObject | undefined
      readonly qualified?: Qualified | undefined
    }

/** What the caller calls a tool whose `name` was joined from these. */
export interface Qualified {
  readonly namespace: string
  readonly name: string
}

export type ToolChoice =
  | { readonly kind: 'auto' | 'none' | 'required' }
  | { readonly kind: 'named'; readonly name: string }
  /** One of these only. */
  | { readonly kind: 'allowed'; readonly required: boolean; readonly names: readonly string[] }

/** Up to here the provider may keep the input in its cache, for so long. */
export type CacheMark = '5m' | '1h'

/** Roles follow each other in any order; writers join what their dialect wants joined. */
export type Message =
  /** An instruction in the midst of the conversation. */
  | { readonly role: 'system'; readonly parts: readonly TextPart[] }
  | { readonly role: 'user'; readonly parts: readonly UserPart[] }
  | { readonly role: 'assistant'; readonly parts: readonly AssistantPart[] }

export type UserPart = TextPart | MediaPart | ToolResultPart
export type AssistantPart = TextPart | MediaPart | ReasoningPart | RefusalPart | ToolCallPart

export interface TextPart {
  readonly kind: 'text'
  readonly text: string
  readonly cache?: CacheMark | undefined
  readonly citations?: readonly Citation[] | undefined
  /** Gemini marks texts, too. */
  readonly mark?: ForeignMark | undefined
  /** Of what was said before a call, or as the answer: Responses alone tells. */
  readonly phase?: 'commentary' | 'final_answer' | undefined
}

export interface MediaPart {
  readonly kind: 'image' | 'audio' | 'video' | 'file'
  readonly source: Source
  /** A file's name, with its ending. */
  readonly name?: string | undefined
  /** `high`, `low`, `auto`, `original`: how closely an image is looked at. */
  readonly detail?: string | undefined
  readonly cache?: CacheMark | undefined
  readonly mark?: ForeignMark | undefined
}

export interface ReasoningPart {
  readonly kind: 'reasoning'
  /** What may be read of it; `''` = nothing. */
  readonly text: string
  /** What its provider wants back with it: a signature, or all of it encrypted. */
  readonly mark: ForeignMark | undefined
}

export interface RefusalPart {
  readonly kind: 'refusal'
  readonly text: string
}

export interface ToolCallPart {
  readonly kind: 'tool_call'
  /** Never empty: readers make one up where their dialect has none. */
  readonly id: string
  readonly name: string
  /** JSON text of an object; of a custom tool the text itself. */
  readonly input: string
  readonly custom?: boolean | undefined
  readonly cache?: CacheMark | undefined
  readonly mark?: ForeignMark | undefined
}

export interface ToolResultPart {
  readonly kind: 'tool_result'
  /** Of the call that it answers. */
  readonly id: string
  /** The tool's name, where the dialect says it or an earlier call with that id does. */
  readonly name: string | undefined
  readonly parts: readonly (TextPart | MediaPart)[]
  readonly failed: boolean
  readonly custom?: boolean | undefined
  readonly cache?: CacheMark | undefined
}

/** Where a sentence comes from. */
export interface Citation {
  readonly url?: string | undefined
  readonly title?: string | undefined
  /** The words that are quoted. */
  readonly quoted?: string | undefined
  /** In code points of the text that it belongs to. */
  readonly start?: number | undefined
  readonly end?: number | undefined
}

export type JsonObject = Readonly<Record<string, unknown>>
