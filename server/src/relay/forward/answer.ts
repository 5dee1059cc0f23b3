import type { Channel } from '../../channels/channel.ts'
import type { StreamedBody } from '../../uploads/upload.ts'
import type { Failure } from './failure.ts'

/** One request as it goes to an upstream, in the channel's own dialect. */
export interface UpstreamRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Below the channel's path prefix, with the query: `/chat/completions?x=1`. */
  readonly path: string
  /** Names and values in turn. Without host, length and credentials: the channel adds its own. */
  readonly headers: readonly string[]
  readonly body: Buffer | StreamedBody | undefined
}

/**
 * Hears of everything an upstream does. First at most one `head`, then any number of `chunk`s, then exactly one of
 * `end` and `failed`; nothing after the exchange was aborted, and nothing before `Forward` has returned.
 */
export interface AnswerSink {
  /** `headers`: names and values in turn, as they came; never a status below 200. */
  head(status: number, headers: readonly string[]): void
  /** The chunk belongs to the sink from now on. */
  chunk(bytes: Buffer): void
  end(): void
  failed(failure: Failure): void
}

/** A running exchange. `pause` holds the upstream back (at most what is in flight still comes) until `resume`. */
export interface Exchange {
  pause(): void
  resume(): void
  /** Ends it at once, without another word to the sink. Harmless when it has ended already. */
  abort(): void
}

/** Sends a request to a channel's upstream and tells the sink what comes back. */
export type Forward = (to: Recipient, request: UpstreamRequest, sink: AnswerSink) => Exchange

/** A channel, and which of its keys is sent; `undefined`: it has none. */
export interface Recipient {
  readonly channel: Channel
  readonly key: string | undefined
}
