import type { Usage } from '../../usage/usage.ts'
import type { ForeignMark } from './foreign-mark.ts'
import type { AssistantPart, Citation, JsonObject } from './request.ts'

/** A whole answer in no provider's words. */
export interface NeutralAnswer {
  /** As the provider says. */
  readonly id: string
  readonly model: string
  /** Unix seconds; 0 = not told. */
  readonly createdAt: number
  readonly choices: readonly Choice[]
  /** `undefined`: nothing was reported. */
  readonly usage: Usage | undefined
  readonly serviceTier: string | undefined
}

export interface Choice {
  readonly index: number
  readonly parts: readonly AssistantPart[]
  readonly finish: Finish
  /** Which of the caller's stop sequences ended it, where that is told. */
  readonly stopSequence: string | undefined
  /** As OpenAI writes them; other dialects leave them out. */
  readonly logprobs: JsonObject | undefined
}

/** Why an answer ended. */
export type Finish =
  | 'stop'
  | 'stop_sequence'
  | 'length'
  | 'tool_calls'
  /** The provider's filter cut it off. */
  | 'content_filter'
  /** The model would not. */
  | 'refusal'
  /** The provider paused a long turn: send it back to go on. */
  | 'pause'

/** One happening in a stream. Parts are opened, filled and closed one after the other or at the same time. */
export type NeutralEvent =
  | {
      readonly kind: 'start'
      readonly id: string
      readonly model: string
      readonly createdAt: number
      /** What is known of the input by now. */
      readonly usage: Usage | undefined
    }
  /** `part`: its number, counted within the choice; `opens`: as far as it is known, with empty texts. */
  | {
      readonly kind: 'open'
      readonly choice: number
      readonly part: number
      readonly opens: AssistantPart
    }
  /** More of a text, of reasoning, of a refusal, or of the JSON text that a tool is called with. */
  | { readonly kind: 'more'; readonly choice: number; readonly part: number; readonly text: string }
  /** Tells of an open part what came after its text: marks and citations of texts and reasoning. */
  | {
      readonly kind: 'detail'
      readonly choice: number
      readonly part: number
      readonly detail: PartDetail
    }
  | { readonly kind: 'close'; readonly choice: number; readonly part: number }
  | { readonly kind: 'logprobs'; readonly choice: number; readonly logprobs: JsonObject }
  | {
      readonly kind: 'finish'
      readonly choice: number
      readonly finish: Finish
      readonly stopSequence: string | undefined
    }
  /** All that was used by now; a later one replaces it. */
  | { readonly kind: 'usage'; readonly usage: Usage; readonly serviceTier: string | undefined }
  | { readonly kind: 'failed'; readonly error: ProviderError }

export interface PartDetail {
  readonly mark?: ForeignMark
  /** Those that are new. */
  readonly citations?: readonly Citation[]
}

/** What a provider says when it won't, freed of its dialect. */
export interface ProviderError {
  readonly message: string
  /** The provider's own word for it; `''` = none. */
  readonly type: string
}
