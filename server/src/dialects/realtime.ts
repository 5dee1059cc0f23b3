import type { Usage } from '../usage/usage.ts'
import { wholeTokens } from '../usage/usage.ts'
import type { Dialect, Estimate, Loose, ParsedCall, Spoken } from './dialect.ts'
import { isObject, modelOf } from './judged.ts'
import { readMediaUsage } from './media-usage.ts'
import { openai } from './openai.ts'
import { detailsOf, usageOf } from './openai-usage.ts'

/** OpenAI's realtime sessions: what is said in them, as far as the gateway has to understand it. */

/** What each response of a session is reserved for: 51 seconds of speech, or as much text as other calls (contract 3.4). */
const USUAL_OUTPUT = 1_024
const NOTHING: Estimate = { fair: 0, most: 0 }
const NO_MEMBERS: ParsedCall['spans'] = new Map()
const NO_BODY: Loose = {}

export const realtime: Dialect = {
  ...openai,
  operation: 'realtime',
  parseCall: (_payload, path) => sessionOf(path.model, 0),
  limitEdits: () => [],
  shapeErrorEvent: (refusal) => errorEvent(refusal),
  readUsage: readResponseUsage,
}

/** A session as a call: of each of its responses, which has a conversation of so many tokens for its input. */
export function sessionOf(model: unknown, conversation: number): ParsedCall {
  return {
    model: modelOf(model),
    stream: true,
    outputLimit: USUAL_OUTPUT,
    leastOutput: USUAL_OUTPUT,
    choices: 1,
    body: () => NO_BODY,
    spans: NO_MEMBERS,
    media: {
      makes: 'speech',
      textBytes: 0,
      attached: { fair: conversation, most: conversation },
      seconds: NOTHING,
      output: { fair: USUAL_OUTPUT, most: USUAL_OUTPUT },
      images: 0,
    },
  }
}

/** `about`: the id of the client's event that is refused, if it has one. */
export function errorEvent(refusal: Spoken, about: string | null = null): string {
  const { code, message, requestId, type } = refusal
  return JSON.stringify({
    type: 'error',
    event_id: `event_${requestId}`,
    error: {
      ...{ type, code, message: `${message} (request id: ${requestId})` },
      ...{ param: null, event_id: about },
    },
  })
}

/** What a provider's event tells the gateway. */
export type Told =
  | { readonly of: 'session'; readonly transcriber: string | undefined; readonly rate: number }
  | { readonly of: 'begun'; readonly id: string }
  | { readonly of: 'written'; readonly id: string; readonly text: string }
  /** So many characters of base64. */
  | { readonly of: 'spoken'; readonly id: string; readonly length: number }
  | { readonly of: 'done'; readonly id: string; readonly usage: Usage | undefined }
  | { readonly of: 'transcribed'; readonly usage: Usage }
  | { readonly of: 'error' }

/** Whatever is none of these passes unread. */
export function readToldEvent(text: string): Told | undefined {
  const event = parsed(text)
  if (event === undefined) return undefined
  switch (event.type) {
    case 'session.created':
    case 'session.updated':
    case 'transcription_session.updated':
      return tellsSession(detailsOf(event.session))
    case 'response.created':
      return { of: 'begun', id: responseId(event) }
    case 'response.done':
      return doneBy(event)
    case 'response.output_audio.delta':
    case 'response.audio.delta':
      return { of: 'spoken', id: responseId(event), length: textIn(event.delta).length }
    case 'response.output_text.delta':
    case 'response.text.delta':
    case 'response.output_audio_transcript.delta':
    case 'response.audio_transcript.delta':
    case 'response.function_call_arguments.delta':
      return { of: 'written', id: responseId(event), text: textIn(event.delta) }
    case 'conversation.item.input_audio_transcription.completed':
      return transcribedBy(event)
    case 'error':
      return { of: 'error' }
    default:
      return undefined
  }
}

function parsed(text: string): Loose | undefined {
  try {
    const event: unknown = JSON.parse(text)
    return isObject(event) ? event : undefined
  } catch {
    return undefined
  }
}

const textIn = (value: unknown): string => (typeof value === 'string' ? value : '')

/** `''`: the provider gives none. */
const responseId = (event: Loose): string =>
  textIn(event.response_id) || textIn(detailsOf(event.response).id)

function doneBy(event: Loose): Told {
  const { usage } = detailsOf(event.response)
  return { of: 'done', id: responseId(event), usage: readResponseUsage(usage) }
}

function transcribedBy({ usage }: Loose): Told | undefined {
  const read = readMediaUsage(usage)
  return read === undefined ? undefined : { of: 'transcribed', usage: read }
}

/** Where the model stands that writes down what is heard: in the present form of sessions, and in the former one. */
const transcriptionOf = (session: Loose): Loose =>
  detailsOf(
    detailsOf(detailsOf(session.audio).input).transcription ?? session.input_audio_transcription,
  )

/** Bytes a second: 24 000 samples of two bytes, or telephone's 8 000 of one. */
const WIDE = 48_000
const NARROW = 8_000

function tellsSession(session: Loose): Told {
  const { model } = transcriptionOf(session)
  const format = detailsOf(detailsOf(session.audio).output).format ?? session.output_audio_format
  const name = textIn(isObject(format) ? format.type : format)
  const isNarrow = name.startsWith('g711') || name.startsWith('audio/pcm')
  return {
    of: 'session',
    transcriber: typeof model === 'string' ? model : undefined,
    rate: isNarrow && name !== 'audio/pcm' ? NARROW : WIDE,
  }
}

function readResponseUsage(reported: unknown): Usage | undefined {
  if (!isObject(reported)) return undefined
  const { input_tokens, output_tokens } = reported
  if (typeof input_tokens !== 'number' && typeof output_tokens !== 'number') return undefined
  return usageOf(reported, {
    prompt: wholeTokens(input_tokens),
    completion: wholeTokens(output_tokens),
    input: detailsOf(reported.input_token_details),
    output: detailsOf(reported.output_token_details),
  })
}
