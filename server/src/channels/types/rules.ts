import type { DialectName, Operation } from '../../dialects/dialect.ts'
import type { BaseUrl } from '../base-url.ts'
import type { Access, AccessParts, Entrance } from './access.ts'
import type { HostedMessages } from './hosted-messages.ts'

/** A call as its path has to say it. */
export interface Addressed {
  readonly dialect: DialectName
  /** What is asked; `count`: only how many tokens the input has. */
  readonly operation: Operation | 'count'
  readonly baseUrl: BaseUrl
  /** The provider's own id of the model. */
  readonly model: string
  readonly stream: boolean
  /** What it is about that the provider keeps, where its path names that. */
  readonly id?: string | undefined
  /** The caller's, `''` or beginning with `?`. */
  readonly query: string
}

export type RealtimeAddressed = Pick<Addressed, 'baseUrl' | 'model' | 'query'>

/** What is particular to the channels of one type. */
export interface TypeRules {
  /** The base URL of a channel that names none; `''`: it has to name one. */
  readonly standardBaseUrl: string
  readonly needsKeys: boolean
  /** The member that a limit of the output is added as, where the caller set none. */
  readonly outputLimit: 'max_tokens' | 'max_completion_tokens'
  /** @throws BaseUrlError in words that say what to send. */
  parseBaseUrl(text: string): BaseUrl
  /** Why a text can't be a key of such a provider, without quoting it; `undefined`: it may be one. */
  whyNotKey(key: string): string | undefined
  /** What its providers speak there, preferred ones first. At least one. */
  dialectsOf(baseUrl: BaseUrl): readonly DialectName[]
  /** What a channel may say that its provider speaks besides. */
  readonly mayAlsoSpeak?: readonly DialectName[]
  /** In these dialects its providers have nothing but chats. */
  readonly chatsOnly?: readonly DialectName[]
  /** How Anthropic's Messages are hosted there, where that is not as Anthropic has them. */
  hosts?(baseUrl: BaseUrl): HostedMessages | undefined
  /** Where a model is asked, below the path prefix. */
  pathOf(call: Addressed): string
  /**
   * Where objects are that its provider keeps, such as `/files/file-1`, below the path prefix; `query` as in `Addressed`.
   * Absent or `undefined`: it keeps none.
   */
  readonly objectPath?:
    | ((baseUrl: BaseUrl, path: string, query: string) => string | undefined)
    | undefined
  /**
   * Where realtime sessions are opened, below the origin; `query` as in `Addressed`, less the model unless it asks for one
   * that only transcribes. Absent: its providers have none.
   */
  readonly realtimePath?: ((call: RealtimeAddressed) => string) | undefined
  /** Where the list of models is, below the path prefix; `undefined`: there is none, so that a channel names its own. */
  modelsPath(baseUrl: BaseUrl): string | undefined
  /** How requests are let in. Absent: by the key as it is, as a bearer. */
  readonly accessTo?: (to: Entrance, parts: AccessParts) => Access
}

/** A key that goes out in a header as it is: a blank or line break at its end is a mistake in copying. */
const VISIBLE = /^[\x21-\x7e]+$/

export const whyNotVisible = (key: string): string | undefined =>
  VISIBLE.test(key) ? undefined : 'must be visible ASCII characters without blanks or line breaks'
