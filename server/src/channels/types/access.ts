import type { StreamedBody } from '../../uploads/upload.ts'
import type { BaseUrl } from '../base-url.ts'

/** A request that is about to go out. Headers: names and values in turn. */
export interface OutgoingRequest {
  readonly method: string
  readonly origin: string
  readonly path: string
  readonly headers: string[]
  readonly body: Buffer | StreamedBody | undefined
}

/** How the requests of one channel are let in by its provider. */
export interface Access {
  /**
   * Adds to the headers what proves whose request it is. Answers with a promise only where something has to be fetched or
   * signed; that rejects with `NoAccess`.
   */
  authorise(request: OutgoingRequest, key: string): Promise<void> | undefined
  /** What the provider's words must be freed of besides the keys themselves: parts of keys, tokens made with them. */
  secrets(): readonly string[]
}

/** What is to be entered, and with which keys. */
export interface Entrance {
  readonly baseUrl: BaseUrl
  readonly keys: readonly string[]
}

/** What ways of access share. */
export interface AccessParts {
  readonly tokens: AccessTokens
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Tokens that a provider gives for a key for a while. */
export interface AccessTokens {
  /** The token of a key; a promise only while there is none that is good. It rejects with `NoAccess`. */
  of(key: string): string | Promise<string>
  /** Every token of the key that may still be good. */
  known(key: string): readonly string[]
}

/** The request was not sent, because nothing could be got to send it with. The message holds no secret. */
export class NoAccess extends Error {
  override readonly name = 'NoAccess'
  /** Whether the key is to blame, and not the way to whoever judges it. */
  readonly isDenied: boolean
  constructor(message: string, isDenied: boolean) {
    super(message)
    this.isDenied = isDenied
  }
}
