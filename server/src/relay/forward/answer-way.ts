import type { Channel } from '../../channels/channel.ts'
import type { Dialect, Media } from '../../dialects/dialect.ts'
import { DIALECTS } from '../../dialects/dialects.ts'
import { operationNamed } from '../../dialects/operations.ts'
import type { AnswerContext } from '../../translate/codec.ts'
import { CODECS } from '../../translate/codecs.ts'
import type { NeutralRequest } from '../../translate/neutral/request.ts'
import { BytesMeter } from '../meter/bytes.ts'
import { EventMeter } from '../meter/events.ts'
import type { Meter } from '../meter/meter.ts'
import { NamingMeter } from '../meter/naming.ts'
import { PictureCount, RecordedLength } from '../meter/notes.ts'
import { PlainMeter } from '../meter/plain.ts'
import { StreamMeter } from '../meter/stream.ts'
import { rateHeaders } from '../rate-headers.ts'
import { isForeign, type Translated } from '../translate.ts'
import { embeddingsCodecOf, embeddingsWriter } from '../translate-embeddings.ts'
import type { Course } from './course.ts'
import { EventsAsList } from './events-as-list.ts'
import { headerOf, headersForClient, withoutDialect } from './headers.ts'
import { type AnswerOutlet, ClientOutlet } from './outlet.ts'
import type { Race } from './race.ts'
import { scrubbed } from './scrub.ts'
import { PlainTranslation, StreamTranslation } from './translating-outlet.ts'

/** An attempt whose answer begins. */
interface One {
  readonly course: Course
  readonly channel: Channel
  /** The place of the key that it is made with. */
  readonly keyAt: number
  /** The how many-th of its call, from 1. */
  readonly nth: number
  readonly translated: Translated
  readonly race: Race | undefined
}

export const ATTEMPTS = 'X-Turnpike-Attempts'
export const MODEL = 'X-Turnpike-Model'

/** The head of the client's answer, made of the upstream's, and the way of its body. */
export function outletFor(one: One, status: number, received: readonly string[]): AnswerOutlet {
  const { course, nth, race } = one
  const { reserved, offer } = course
  const { call, admission, outputLimit } = reserved
  const foreign = isForeign(one.translated)
  const headers = foreign ? withoutDialect(headersForClient(received)) : headersForClient(received)
  headers.push(...rateHeaders(admission.standings()))
  if (race === undefined && nth > 1) headers.push(ATTEMPTS, String(nth))
  if (offer.model !== call.parsed.model) headers.push(MODEL, inHeader(offer.model))
  if (outputLimit !== undefined) headers.push('X-Turnpike-Output-Limit', String(outputLimit))
  const streams = isStream(received)
  const asList = streams && call.dialect.name === 'gemini' && !asksForEvents(call.query)
  if (foreign || asList) {
    replaceType(headers, streams && !asList ? STREAM : 'application/json')
  }
  const length = streams || foreign ? undefined : headerOf(received, 'content-length')
  const outlet = new ClientOutlet(call.client, status, headers, length)
  outlet.streams = streams
  const answers = asList ? new EventsAsList(outlet) : outlet
  return foreign ? translating(answers, one) : answers
}

/** Ids are any text; a header holds letters of ASCII without making trouble. */
export const inHeader = (model: string): string =>
  /^[!-~]+$/.test(model) ? model : encodeURIComponent(model)

const asksForEvents = (query: string): boolean =>
  query !== '' && new URLSearchParams(query).get('alt') === 'sse'

function replaceType(headers: string[], type: string): void {
  for (let at = headers.length - 2; at >= 0; at -= 2) {
    if (headers[at]?.toLowerCase() === 'content-type') headers.splice(at, 2)
  }
  headers.push('Content-Type', type)
}

const STREAM = 'text/event-stream'

const isStream = (received: readonly string[]): boolean =>
  headerOf(received, 'content-type')?.toLowerCase().startsWith(STREAM) === true

/** The outlet of an answer that comes in another dialect than the caller's. */
function translating(to: AnswerOutlet, { course, translated }: One): AnswerOutlet {
  const { call } = course.reserved
  const { embeddings } = translated
  if (embeddings !== undefined) {
    const written = embeddingsWriter(translated.dialect, { call, embeddings }, course.offer.model)
    return new PlainTranslation(to, written)
  }
  const from = CODECS[translated.dialect]
  const callers = CODECS[call.dialect.name]
  const context: AnswerContext = {
    request: translated.neutral as NeutralRequest,
    requestId: call.id,
    now: Math.floor(call.startedAt / 1000),
  }
  if (to.streams) {
    return new StreamTranslation(to, from.createStreamReader(), callers.createStreamWriter(context))
  }
  return new PlainTranslation(to, (whole) => {
    const answer = from.readAnswer(whole)
    return answer && JSON.stringify(callers.writeAnswer(answer, context))
  })
}

/** What the provider was asked for, by which its answer is metered. */
const spokenBy = ({ dialect, embeddings }: Translated): Dialect =>
  (embeddings && operationNamed(embeddingsCodecOf(dialect).operation)) || DIALECTS[dialect]

/** In a race there may be one more by the time that this one is known to be the one that answers. */
export function tellAttempts({ attempts }: Course, outlet: AnswerOutlet | undefined): void {
  if (attempts > 1) outlet?.tell(ATTEMPTS, String(attempts))
}

/** What watches the answer on its way. */
export function meterOn(outlet: AnswerOutlet, one: One, received: readonly string[]): Meter {
  const { course, channel, keyAt, translated } = one
  const { reserved } = course
  const dialect = isForeign(translated) ? spokenBy(translated) : reserved.call.dialect
  const { media } = reserved.call.parsed
  if (!outlet.streams) {
    return media === undefined
      ? new PlainMeter(outlet, dialect)
      : plainMediaMeter(outlet, { dialect, media }, received)
  }
  const { readEvent, readUsage, readBeside } = dialect
  const { choices } = reserved.call.parsed
  const longestEvent = media?.makes === 'images' ? LONGEST_PICTURE : undefined
  const scrub = (text: string) => scrubbed(text, channel)
  if (readEvent === undefined) {
    return new StreamMeter(outlet, {
      ...{ choices, hideUsage: translated.hideUsage, readUsage, scrub },
      readBeside,
    })
  }
  const meter = new EventMeter(outlet, { choices, readEvent, readUsage, scrub, longestEvent })
  const { job } = reserved
  if (job === undefined) return meter
  return new NamingMeter(meter, (id) => job.named(id, { channel, keyAt, offer: course.offer }))
}

/** Of an event with a picture in it; other events have the meter's own limit. */
const LONGEST_PICTURE = 64 * 1024 * 1024

interface OfMedia {
  readonly dialect: Dialect
  readonly media: Media
}

/** Pictures come as JSON, transcripts as JSON or text, speech as sound; errors of all of them may come as JSON. */
function plainMediaMeter(
  outlet: AnswerOutlet,
  { dialect, media: { makes } }: OfMedia,
  received: readonly string[],
): Meter {
  if (makes === 'images') return new PlainMeter(outlet, dialect, new PictureCount())
  const isJson = headerOf(received, 'content-type')?.toLowerCase().startsWith('application/json')
  if (!isJson) return new BytesMeter(outlet, makes === 'transcript')
  const notes = makes === 'transcript' ? new RecordedLength() : undefined
  return new PlainMeter(outlet, dialect, notes)
}
