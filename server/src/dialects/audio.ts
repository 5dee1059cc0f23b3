import { Refused } from '../errors.ts'
import type { Dialect, Estimate, EventSays, Loose, Operation, ParsedCall } from './dialect.ts'
import { formBoundary, readForm } from './forms.ts'
import { flag, isObject, kept, modelOf } from './judged.ts'
import { readMediaUsage } from './media-usage.ts'
import { readMembers } from './members.ts'
import { openai } from './openai.ts'

/** OpenAI's audio: texts from recordings, and speech from texts. */

const FIELDS: readonly string[] = ['model', 'prompt', 'stream']
const MEMBERS: readonly string[] = [
  ...['model', 'input', 'instructions', 'speed', 'response_format', 'stream_format'],
]
const NOTHING: Estimate = { fair: 0, most: 0 }

/** Recordings of speech have 128 kbit/s where nothing is known of them; 8 kbit/s are the least that one understands. */
const BYTES_A_SECOND = 16_000
const LEAST_BYTES_A_SECOND = 1_000
/** OpenAI reckons with 1 000 tokens of sound a minute. */
const TOKENS_HEARD_A_SECOND = 1_000 / 60
/** Whoever speaks very fast. */
const TOKENS_SAID_A_SECOND = 4
const MOST_SAID = 16_384

/** OpenAI reckons with 1 250 tokens of speech a minute; a minute has some 900 characters. */
const TOKENS_A_CHARACTER = 1_250 / 900

function transcripts(operation: Operation): Dialect {
  return {
    ...openai,
    operation,
    contentMember: 'text',
    limitEdits: () => [],
    readUsage: readMediaUsage,
    readEvent: readTranscriptEvent,
    readsForms: true,
    parseCall(payload, _path, headers, gaps) {
      const boundary = formBoundary(headers)
      if (boundary === undefined) {
        throw new Refused('invalid_request', 'send multipart/form-data here')
      }
      const form = readForm({ payload, boundary, gaps }, FIELDS)
      const { body: read, spans, fileBytes, textBytes } = form
      const body = read()
      const seconds = {
        fair: fileBytes / BYTES_A_SECOND,
        most: Math.ceil(fileBytes / LEAST_BYTES_A_SECOND),
      }
      return {
        ...transcriptOf(seconds, textBytes),
        model: modelOf(body.model),
        stream: flag(body, 'stream'),
        body: read,
        spans,
        isForm: true,
      }
    },
  }
}

/** What is known of a transcript before it is written: how long its sound is, and how many bytes of text go with that. */
export function transcriptOf(
  seconds: Estimate,
  textBytes: number,
): Pick<ParsedCall, 'outputLimit' | 'leastOutput' | 'choices' | 'media'> {
  const heard = (length: number) => Math.ceil(length * TOKENS_HEARD_A_SECOND)
  const said = Math.min(256 + seconds.most * TOKENS_SAID_A_SECOND, MOST_SAID)
  return {
    ...fixed(said),
    media: {
      ...{ makes: 'transcript', textBytes, seconds, images: 0 },
      attached: { fair: heard(seconds.fair), most: heard(seconds.most) },
      output: { fair: said, most: said },
    },
  }
}

/** Output that nobody can limit. */
const fixed = (most: number): Pick<ParsedCall, 'outputLimit' | 'leastOutput' | 'choices'> => ({
  outputLimit: most,
  leastOutput: most,
  choices: 1,
})

function readTranscriptEvent({ type, delta, usage, error }: Loose, written: string[]): EventSays {
  if (typeof delta === 'string') written.push(delta)
  const isLast = type === 'transcript.text.done'
  return {
    ends: isLast ? 1 : 0,
    isLast,
    usage: isLast && isObject(usage) ? usage : undefined,
    isError: type === 'error' || isObject(error),
  }
}

const speech: Dialect = {
  ...openai,
  operation: 'audio/speech',
  contentMember: 'audio',
  limitEdits: () => [],
  readUsage: readMediaUsage,
  readEvent: readSpeechEvent,
  parseCall(payload, _path, headers) {
    if (formBoundary(headers) !== undefined) {
      throw new Refused('invalid_request', 'send application/json here')
    }
    const { body, spans } = readMembers(payload, MEMBERS)
    if (typeof body.input !== 'string') {
      throw new Refused('invalid_request', 'input is required: the text to be spoken')
    }
    const fair = Math.ceil((body.input.length * TOKENS_A_CHARACTER) / speedOf(body))
    // Some voices, and instructions, make it slower.
    const output = { fair, most: fair * 2 }
    return {
      ...fixed(output.most),
      model: modelOf(body.model),
      stream: body.stream_format === 'sse',
      body: kept(payload, body),
      spans,
      media: {
        makes: 'speech',
        ...{ textBytes: payload.length, attached: NOTHING, seconds: NOTHING },
        ...{ output, images: 0 },
      },
    }
  },
}

function speedOf({ speed }: Loose): number {
  return typeof speed === 'number' && speed >= 0.25 && speed <= 4 ? speed : 1
}

function readSpeechEvent({ type, usage, error }: Loose): EventSays {
  const isLast = type === 'speech.audio.done'
  return {
    ends: isLast ? 1 : 0,
    isLast,
    usage: isLast && isObject(usage) ? usage : undefined,
    isError: type === 'error' || isObject(error),
  }
}

export const AUDIO: readonly Dialect[] = [
  speech,
  transcripts('audio/transcriptions'),
  transcripts('audio/translations'),
]
