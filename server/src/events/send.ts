import { type Dispatcher, request } from 'undici'
import type { Receiver } from './receiver.ts'
import { signatureHeaders } from './signature.ts'

export interface Message {
  /** The event's id: the same in every attempt. */
  readonly id: string
  readonly body: string
}

/** What became of one attempt. `message` holds nothing of what the receiver said, nor its address. */
export interface Sent {
  readonly ok: boolean
  /** The receiver's HTTP status; 0 when it did not answer. */
  readonly status: number
  readonly latencyMs: number
  readonly message: string
}

/** Makes one attempt. Never rejects. The signal ends it early. */
export type Send = (to: Receiver, message: Message, signal?: AbortSignal) => Promise<Sent>

export interface SendParts {
  /** Connects under the address rules, and follows no redirects: they could lead around them. */
  readonly dispatcher: Dispatcher
  readonly now: () => number
  readonly version: string
}

/** Longer than a receiver needs that only notes what it got; it should do the work afterwards. */
export const ATTEMPT_MS = 10_000
/** What is read of an answer, so that the connection can be used again; what is longer is cut off. */
const MOST_ANSWER_BYTES = 16_384

export function createSend({ dispatcher, now, version }: SendParts): Send {
  return async (to, { id, body }, signal) => {
    const startedAt = now()
    const timeout = AbortSignal.timeout(ATTEMPT_MS)
    const over = signal === undefined ? timeout : AbortSignal.any([timeout, signal])
    const done = (status: number, message: string): Sent => ({
      ok: message === '',
      ...{ status, latencyMs: now() - startedAt, message },
    })
    try {
      const timestamp = Math.floor(startedAt / 1000)
      const answer = await request(to.url, {
        dispatcher,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': `Turnpike/${version}`,
          ...signatureHeaders(to.secrets, { id, timestamp, body }),
        },
        body,
        signal: over,
      })
      // The status says everything; whoever goes on talking is not listened to.
      answer.body.dump({ limit: MOST_ANSWER_BYTES, signal: over }).catch(() => undefined)
      return done(answer.statusCode, whyNot(answer.statusCode))
    } catch (error) {
      return done(0, whyNoAnswer(error))
    }
  }
}

function whyNot(status: number): string {
  if (status >= 200 && status < 300) return ''
  const redirects = status >= 300 && status < 400
  return redirects
    ? `the receiver answered ${status}: redirects are not followed, set the url that it leads to`
    : `the receiver answered ${status}`
}

function whyNoAnswer(error: unknown): string {
  if (!(error instanceof Error)) return 'the receiver could not be reached'
  if (error.name === 'TimeoutError')
    return `the receiver did not answer within ${ATTEMPT_MS / 1000} s`
  if ('code' in error && error.code === 'FORBIDDEN_ADDRESS')
    return 'requests to the address of the receiver are not allowed'
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  return `the receiver could not be reached${code}`
}
