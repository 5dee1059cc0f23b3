import { realtime, sessionOf, transcriptionBy } from '../../dialects/realtime.ts'
import { Refused } from '../../errors.ts'
import { headerOf } from '../forward/headers.ts'
import type { Asked, ModelCall } from '../values.ts'

const NO_BODY = Buffer.alloc(0)

/** A session as its query asks for it. */
export interface SessionAsked {
  /** `undefined`: a session that only transcribes, which says itself by whom. */
  readonly model: string | undefined
  /** The call that it is with this model. @throws Refused `invalid_request`. */
  toCall(model: string): ModelCall
}

/** Contract 3.1, check 7, of a session: its query says what a body says elsewhere. */
export function readSession(asked: Asked): SessionAsked {
  const query = new URLSearchParams(asked.query)
  if (query.has('call_id')) {
    const says = 'call_id: calls over WebRTC and SIP are not offered. Open a session with a model'
    throw new Refused('unsupported_parameter', says)
  }
  const [named, ...others] = query.getAll('model')
  if (others.length > 0) throw new Refused('invalid_request', 'the query names model twice')
  const transcribes = isTranscription(query)
  // Who only transcribes is told by the session itself who does; some imitators of OpenAI want to hear it here.
  if (!transcribes) query.delete('model')
  const headers = withBeta(asked.headers)
  return {
    model: named ?? (transcribes ? undefined : ''),
    toCall: (model) => ({
      ...{ ...asked, dialect: realtime, path: { model, stream: true }, headers, payload: NO_BODY },
      parsed: transcribes ? transcriptionBy(model) : sessionOf(model, 0),
      query: query.size === 0 ? '' : `?${query}`,
    }),
  }
}

function isTranscription(query: URLSearchParams): boolean {
  const [intent, ...others] = query.getAll('intent')
  if (intent === undefined) return false
  if (intent === 'transcription' && others.length === 0) return true
  throw new Refused('unsupported_parameter', 'intent must be transcription, or left out')
}

/** Browsers can't set headers: they offer as a protocol what others send as one. */
const BETA = 'openai-beta.realtime-v1'

/** Whether sessions are wanted in their former form. */
export const isBeta = (headers: readonly string[]): boolean =>
  headerOf(withBeta(headers), 'openai-beta')?.includes('realtime=v1') === true

function withBeta(headers: readonly string[]): readonly string[] {
  const offered = headerOf(headers, 'sec-websocket-protocol')?.split(',') ?? []
  const isBeta = offered.some((one) => one.trim() === BETA)
  if (!isBeta || headerOf(headers, 'openai-beta') !== undefined) return headers
  return [...headers, 'OpenAI-Beta', 'realtime=v1']
}
