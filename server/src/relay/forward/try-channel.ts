import type { Channel } from '../../channels/channel.ts'
import type { Health } from '../../channels/health/health.ts'
import { DIALECTS } from '../../dialects/dialects.ts'
import type { Settings } from '../../settings/settings.ts'
import type { AnswerContext } from '../../translate/codec.ts'
import { CODECS } from '../../translate/codecs.ts'
import type { NeutralAnswer } from '../../translate/neutral/answer.ts'
import type { NeutralRequest } from '../../translate/neutral/request.ts'
import { EventMeter } from '../meter/events.ts'
import type { Meter } from '../meter/meter.ts'
import { PlainMeter } from '../meter/plain.ts'
import { StreamMeter } from '../meter/stream.ts'
import { rateHeaders } from '../rate-headers.ts'
import type { Translated } from '../translate.ts'
import type { Forward } from './answer.ts'
import { type Attempted, attempt, type Patience } from './attempt.ts'
import type { Course } from './course.ts'
import type { Deadlines } from './deadlines.ts'
import { EventsAsList } from './events-as-list.ts'
import { headerOf, headersForClient, withoutDialect } from './headers.ts'
import { type AnswerOutlet, ClientOutlet } from './outlet.ts'
import { scrubbed } from './scrub.ts'
import { tellHealth } from './tell-health.ts'
import { PlainTranslation, StreamTranslation } from './translating-outlet.ts'

export interface TryParts {
  readonly forward: Forward
  readonly deadlines: Deadlines
  readonly health: Pick<Health, 'of' | 'clock'>
  readonly settings: Pick<Settings, 'get'>
  readonly now: () => number
}

interface One {
  readonly course: Course
  readonly translated: Translated
  readonly beganAt: number
}

/** An attempt that is over. */
export interface Ran {
  readonly channel: Channel
  /** The place of the key that it was made with. */
  readonly keyAt: number
  /** The how many-th of its call, from 1. */
  readonly nth: number
  readonly startedAt: number
  readonly outlet: AnswerOutlet | undefined
  readonly ended: Attempted
}

/** One attempt, from its place among the channel's running calls to the word that its health hears. */
export async function tryChannel(parts: TryParts, of: One): Promise<Ran> {
  const { course, translated, beganAt } = of
  const { reserved, channel, attempts: nth } = course
  const { forward, deadlines, now, health } = parts
  const known = health.of(channel)
  const tried = known.begin(health.clock.now)
  // Where there is a choice it is of interest.
  const measures = reserved.offers.length > 1 || course.offer.channels.length > 1
  try {
    let outlet: AnswerOutlet | undefined
    const meterFor = (status: number, received: readonly string[]): Meter | undefined => {
      // We asked for plain bytes; what came in others can't be metered, hence not be served.
      const encoding = headerOf(received, 'content-encoding')
      if (encoding !== undefined && encoding !== 'identity') return undefined
      tried.answering()
      outlet = outletFor(of, status, received)
      return meterOn(outlet, of)
    }
    const patience = patienceFor(parts, channel, beganAt)
    const { running } = reserved
    const { client } = reserved.call
    const attemptParts = { forward, deadlines, client, running, patience, meterFor, now }
    const to = { channel, key: channel.authorization[tried.keyAt] }
    const startedAt = now()
    const ended = await attempt(attemptParts, to, translated.request)
    const told = { now: health.clock.now, wall: now, isFirst: nth === 1 }
    if (measures && ended.kind === 'answered') {
      known.answeredIn(ended.firstByteAt - startedAt, told.now)
    }
    tellHealth(tried, ended, told)
    return { channel, keyAt: tried.keyAt, nth, startedAt, outlet, ended }
  } finally {
    // Does nothing where the attempt had an end.
    tried.untold()
  }
}

/** The head of the client's answer, made of the upstream's, and the way of its body. */
function outletFor(one: One, status: number, received: readonly string[]): AnswerOutlet {
  const { reserved, attempts, offer } = one.course
  const { call, admission, outputLimit } = reserved
  const isForeign = one.translated.neutral !== undefined
  const headers = isForeign
    ? withoutDialect(headersForClient(received))
    : headersForClient(received)
  headers.push(...rateHeaders(admission.standings()))
  if (attempts > 1) headers.push('X-Turnpike-Attempts', String(attempts))
  if (offer.model !== call.parsed.model) headers.push('X-Turnpike-Model', inHeader(offer.model))
  if (outputLimit !== undefined) headers.push('X-Turnpike-Output-Limit', String(outputLimit))
  const streams = isStream(received)
  const asList = streams && call.dialect.name === 'gemini' && !asksForEvents(call.query)
  if (isForeign || asList) {
    replaceType(headers, streams && !asList ? STREAM : 'application/json')
  }
  const length = streams || isForeign ? undefined : headerOf(received, 'content-length')
  const outlet = new ClientOutlet(call.client, status, headers, length)
  outlet.streams = streams
  const answers = asList ? new EventsAsList(outlet) : outlet
  return isForeign ? translating(answers, one) : answers
}

/** Ids are any text; a header holds letters of ASCII without making trouble. */
const inHeader = (model: string): string =>
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
  const written = (answer: NeutralAnswer) => JSON.stringify(callers.writeAnswer(answer, context))
  return new PlainTranslation(to, { from, written })
}

function meterOn(outlet: AnswerOutlet, { course, translated }: One): Meter {
  const { reserved, channel } = course
  const isForeign = translated.neutral !== undefined
  const dialect = isForeign ? DIALECTS[translated.dialect] : reserved.call.dialect
  if (!outlet.streams) return new PlainMeter(outlet, dialect)
  const { readEvent, readUsage } = dialect
  const { choices } = reserved.call.parsed
  const scrub = (text: string) => scrubbed(text, channel)
  return readEvent === undefined
    ? new StreamMeter(outlet, { choices, hideUsage: translated.hideUsage, readUsage, scrub })
    : new EventMeter(outlet, { choices, readEvent, readUsage, scrub })
}

/** How long a channel is waited for, of a call that began then. */
export function patienceFor(
  { settings }: Pick<TryParts, 'settings'>,
  { timeouts }: Channel,
  beganAt: number,
): Patience {
  return {
    firstByteMs: timeouts.firstByteMs ?? settings.get('timeouts.first_byte_ms'),
    idleMs: timeouts.idleMs ?? settings.get('timeouts.idle_ms'),
    endAt: beganAt + (timeouts.totalMs ?? settings.get('timeouts.total_ms')),
  }
}
