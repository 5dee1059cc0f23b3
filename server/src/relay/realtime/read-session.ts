import { realtime } from '../../dialects/realtime.ts'
import { Refused } from '../../errors.ts'
import { headerOf } from '../forward/headers.ts'
import type { Asked, ModelCall } from '../values.ts'

const NO_BODY = Buffer.alloc(0)

/** Contract 3.1, check 7, of a session: its query says what a body says elsewhere. */
export function readSession(asked: Asked): ModelCall {
  const query = new URLSearchParams(asked.query)
  if (query.has('intent')) {
    throw new Refused(
      'unsupported_parameter',
      'intent: sessions that only transcribe are not offered. Open one with a model and set audio.input.transcription, or POST /v1/audio/transcriptions',
    )
  }
  if (query.has('call_id')) {
    const says = 'call_id: calls over WebRTC and SIP are not offered. Open a session with a model'
    throw new Refused('unsupported_parameter', says)
  }
  const [model = '', ...others] = query.getAll('model')
  if (others.length > 0) throw new Refused('invalid_request', 'the query names model twice')
  query.delete('model')
  const path = { model, stream: true }
  const headers = withBeta(asked.headers)
  return {
    ...{ ...asked, dialect: realtime, path, headers, payload: NO_BODY },
    query: query.size === 0 ? '' : `?${query}`,
    parsed: realtime.parseCall(NO_BODY, path, headers),
  }
}

/** Browsers can't set headers: they offer as a protocol what others send as one. */
const BETA = 'openai-beta.realtime-v1'

function withBeta(headers: readonly string[]): readonly string[] {
  const offered = headerOf(headers, 'sec-websocket-protocol')?.split(',') ?? []
  const isBeta = offered.some((one) => one.trim() === BETA)
  if (!isBeta || headerOf(headers, 'openai-beta') !== undefined) return headers
  return [...headers, 'OpenAI-Beta', 'realtime=v1']
}
