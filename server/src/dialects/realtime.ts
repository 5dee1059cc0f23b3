import type { Usage } from '../usage/usage.ts'
import { wholeTokens } from '../usage/usage.ts'
import { transcriptOf } from './audio.ts'
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

/** Of sessions that only transcribe: units are held for so much sound at a time. */
export const STRETCH_SECONDS = 60
const STRETCH: Estimate = { fair: STRETCH_SECONDS, most: STRETCH_SECONDS }

/** A session that only transcribes, as a call: of each stretch of its sound. */
export function transcriptionBy(model: unknown): ParsedCall {
  return {
    ...transcriptOf(STRETCH, 0),
    ...{ model: modelOf(model), stream: true, body: () => NO_BODY, spans: NO_MEMBERS },
  }
}

export const onlyTranscribes = ({ media }: ParsedCall): boolean => media?.makes === 'transcript'

/** The first word of a session that only transcribes, in its present form or the former one. */
export function greeting(requestId: string, isBeta: boolean): string {
  return JSON.stringify({
    type: isBeta ? 'transcription_session.created' : 'session.created',
    event_id: `event_${requestId}`,
    session: {
      ...(isBeta ? {} : { type: 'transcription' }),
      ...{ id: `sess_${requestId}`, object: 'realtime.transcription_session' },
    },
  })
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
  | ToldSession
  | { readonly of: 'begun'; readonly id: string }
  | { readonly of: 'written'; readonly id: string; readonly text: string }
  /** So many characters of base64. */
  | { readonly of: 'spoken'; readonly id: string; readonly length: number }
  | { readonly of: 'done'; readonly id: string; readonly usage: Usage | undefined }
  | ToldSound
  /** A piece of a transcript of what was heard. */
  | { readonly of: 'noted'; readonly item: string; readonly text: string }
  | ToldTranscript
  | { readonly of: 'error' }

export type ToldOf<Of extends Told['of']> = Extract<Told, { readonly of: Of }>

interface ToldSession {
  readonly of: 'session'
  /** It is the first word of the session. */
  readonly isGreeting: boolean
  /** Who writes down what is heard. */
  readonly transcriber: string | undefined
  /** The provider finds out by itself where turns begin and end. */
  readonly detects: boolean
  /** Bytes a second of what is heard, and of what is spoken. */
  readonly soundRate: number
  readonly rate: number
}

/** What becomes of the sound that was sent. `item`: the turn that it belongs to. */
interface ToldSound {
  readonly of: 'sound'
  readonly what: 'speech_started' | 'speech_stopped' | 'committed' | 'cleared' | 'failed'
  readonly item: string
  /** Milliseconds of the session's sound, where it begins or ends there. */
  readonly at: number | undefined
}

/** The whole transcript of a turn. */
interface ToldTranscript {
  readonly of: 'transcribed'
  readonly item: string
  readonly text: string
  readonly usage: Usage | undefined
}

/** Whatever is none of these passes unread. */
export function readToldEvent(text: string): Told | undefined {
  const event = parsed(text)
  if (event === undefined) return undefined
  switch (event.type) {
    case 'session.created':
    case 'transcription_session.created':
      return tellsSession(detailsOf(event.session), true)
    case 'session.updated':
    case 'transcription_session.updated':
      return tellsSession(detailsOf(event.session), false)
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
    case 'error':
      return { of: 'error' }
    default:
      return toldOfSound(event)
  }
}

function toldOfSound(event: Loose): Told | undefined {
  const { type, delta, transcript, usage } = event
  const item = textIn(event.item_id)
  const sound = (what: ToldSound['what'], at?: unknown): ToldSound => ({
    ...{ of: 'sound', what, item, at: typeof at === 'number' ? at : undefined },
  })
  switch (type) {
    case 'input_audio_buffer.speech_started':
      return sound('speech_started', event.audio_start_ms)
    case 'input_audio_buffer.speech_stopped':
      return sound('speech_stopped', event.audio_end_ms)
    case 'input_audio_buffer.committed':
      return sound('committed')
    case 'input_audio_buffer.cleared':
      return sound('cleared')
    case 'conversation.item.input_audio_transcription.failed':
      return sound('failed')
    case 'conversation.item.input_audio_transcription.delta':
      return { of: 'noted', item, text: textIn(delta) }
    case 'conversation.item.input_audio_transcription.completed':
      return { of: 'transcribed', item, text: textIn(transcript), usage: readMediaUsage(usage) }
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

/** Bytes a second: 24 000 samples of two bytes, or telephone's 8 000 of one. */
const WIDE = 48_000
const NARROW = 8_000
const SAMPLE_BYTES = 2

/** In the present form of sessions, and in the former one. */
function tellsSession(session: Loose, isGreeting: boolean): Told {
  const audio = detailsOf(session.audio)
  const input = detailsOf(audio.input)
  const { model } = detailsOf(input.transcription ?? session.input_audio_transcription)
  return {
    ...{ of: 'session', isGreeting, transcriber: typeof model === 'string' ? model : undefined },
    detects: isObject(input.turn_detection ?? session.turn_detection),
    soundRate: rateOf(input.format ?? session.input_audio_format),
    rate: rateOf(detailsOf(audio.output).format ?? session.output_audio_format),
  }
}

function rateOf(format: unknown): number {
  const { type, rate } = detailsOf(format)
  const name = textIn(isObject(format) ? type : format)
  if (name.startsWith('g711') || name === 'audio/pcmu' || name === 'audio/pcma') return NARROW
  return typeof rate === 'number' && rate >= NARROW ? rate * SAMPLE_BYTES : WIDE
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
