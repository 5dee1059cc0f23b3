import type { Logger } from 'pino'
import type { Channel } from '../../channels/channel.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Meter } from '../meter/meter.ts'
import { PlainMeter } from '../meter/plain.ts'
import { StreamMeter } from '../meter/stream.ts'
import { rateHeaders } from '../rate-headers.ts'
import type { TopUp } from '../top-up.ts'
import { type Translated, translate } from '../translate.ts'
import type { Cut, Left, Offer, Outcome, Reserved, Served, Tried } from '../values.ts'
import type { Forward } from './answer.ts'
import { type Attempted, attempt, type Patience, type RefusedAnswer } from './attempt.ts'
import type { Deadlines } from './deadlines.ts'
import { type Failure, mayTryAnother } from './failure.ts'
import { headerOf, headersForClient, headersForUpstream } from './headers.ts'
import { ClientOutlet } from './outlet.ts'
import { accusesChannel } from './refused.ts'
import { scrubbed } from './scrub.ts'

export interface ForwardParts {
  readonly forward: Forward
  readonly deadlines: Deadlines
  readonly settings: Pick<Settings, 'get'>
  readonly log: Pick<Logger, 'warn'>
  /** Before a call goes on in another group. */
  readonly topUp: TopUp
  readonly attempted: (channelId: number, outcome: string) => void
  readonly now: () => number
}

/** Where a call is on its way. Contract 3.3 gives the client the last answer that there was. */
interface Course {
  reserved: Reserved
  offer: Offer
  channel: Channel
  attempts: number
  /** Ids of the channels that failed: none of them is tried again, in whatever group. */
  failed: Set<number> | undefined
  answer: RefusedAnswer | undefined
  /** Whose answer it is. */
  answeredBy: Channel
  failure: Failure | undefined
}

/** Tries one channel after the other until one answers, and pumps its answer to the client up to the end that is held. */
export function createForwarding(parts: ForwardParts) {
  return async function forward(reserved: Reserved): Promise<Outcome> {
    const headers = headersForUpstream(reserved.call.headers)
    const beganAt = parts.deadlines.now
    const course = toCourse(reserved)
    do {
      course.attempts++
      const { channel } = course
      const translated = translate(course.reserved, channel, headers)
      const { outlet, ended } = await one(parts, { course, translated, beganAt })
      parts.attempted(channel.id, outcomeOf(ended))
      const outcome = lastingOutcome(ended, outlet, triedOf(course))
      if (outcome !== undefined) return outcome
      if (ended.kind !== 'refused' && ended.kind !== 'failed' && ended.kind !== 'broke') break
      note(parts, reserved, channel, ended)
      if (ended.kind === 'refused') {
        course.answer = ended.answer
        course.answeredBy = channel
      } else course.failure = ended.failure
      const again =
        ended.kind === 'refused' ? accusesChannel(ended.answer) : mayTryAnother(ended.failure)
      if (!again) break
    } while (toNextChannel(course) || (await toNextGroup(parts, course)))
    const { answer, answeredBy, failure } = course
    return { kind: 'unserved', ...triedOf(course), answer, answeredBy, failure }
  }
}

function toCourse(reserved: Reserved): Course {
  const offer = reserved.offers[0]
  const channel = offer.channels[0] as Channel
  return {
    reserved,
    offer,
    channel,
    attempts: 0,
    failed: undefined,
    answer: undefined,
    answeredBy: channel,
    failure: undefined,
  }
}

const triedOf = ({ channel, offer, attempts, reserved: { outputLimit } }: Course): Tried => ({
  channel,
  offer,
  attempts,
  outputLimit,
})

/** On to the best channel of the same group that has not failed. False: there is none. */
function toNextChannel(course: Course): boolean {
  course.failed ??= new Set()
  course.failed.add(course.channel.id)
  const next = untried(course, course.offer)
  if (next !== undefined) course.channel = next
  return next !== undefined
}

const untried = ({ failed }: Course, { channels }: Offer): Channel | undefined =>
  channels.find(({ id }) => !failed?.has(id))

/** On to the next group that the account still may use and that can be paid for. False: there is none. */
async function toNextGroup({ topUp }: ForwardParts, course: Course): Promise<boolean> {
  const { offers, running } = course.reserved
  for (const offer of offers.slice(offers.indexOf(course.offer) + 1)) {
    const channel = untried(course, offer)
    if (channel === undefined || !running.key.accountGroups.includes(offer.group)) continue
    const reserved = await topUp(course.reserved, offer)
    if (reserved === undefined) continue
    Object.assign(course, { reserved, offer, channel })
    running.group = offer.group
    return true
  }
  return false
}

/** An outcome after which no other channel can be tried. */
function lastingOutcome(
  ended: Attempted,
  outlet: ClientOutlet | undefined,
  tried: Tried,
): Served | Left | Cut | undefined {
  if (ended.kind === 'left') return { ...ended, ...tried }
  if (ended.kind === 'cut') return { ...ended, ...tried, outlet }
  if (outlet === undefined || (ended.kind !== 'answered' && ended.kind !== 'broke'))
    return undefined
  // Nothing of it went out, so nobody will know.
  if (ended.kind === 'broke' && !outlet.begun) return undefined
  return { ...ended, ...tried, outlet }
}

interface One {
  readonly course: Course
  readonly translated: Translated
  readonly beganAt: number
}

async function one(parts: ForwardParts, { course, translated, beganAt }: One) {
  const { reserved, channel, attempts } = course
  const { call, admission, running } = reserved
  let outlet: ClientOutlet | undefined
  const meterFor = (status: number, received: readonly string[]): Meter | undefined => {
    // We asked for plain bytes; what came in others can't be metered, hence not be served.
    const encoding = headerOf(received, 'content-encoding')
    if (encoding !== undefined && encoding !== 'identity') return undefined
    const headers = headersForClient(received)
    headers.push(...rateHeaders(admission.standings()))
    if (attempts > 1) headers.push('X-Turnpike-Attempts', String(attempts))
    if (reserved.outputLimit !== undefined)
      headers.push('X-Turnpike-Output-Limit', String(reserved.outputLimit))
    const { readUsage } = call.dialect
    if (!headerOf(received, 'content-type')?.toLowerCase().startsWith('text/event-stream')) {
      outlet = new ClientOutlet(call.client, status, headers, headerOf(received, 'content-length'))
      return new PlainMeter(outlet, readUsage)
    }
    outlet = new ClientOutlet(call.client, status, headers)
    outlet.streams = true
    return new StreamMeter(outlet, {
      choices: call.parsed.choices,
      hideUsage: translated.hideUsage,
      readUsage,
      scrub: (text) => scrubbed(text, channel),
    })
  }
  const { forward, deadlines, now } = parts
  const patience = patienceFor(parts, channel, beganAt)
  const { client } = call
  const attemptParts = { forward, deadlines, client, running, patience, meterFor, now }
  const ended = await attempt(attemptParts, channel, translated.request)
  return { outlet, ended }
}

function patienceFor({ settings }: ForwardParts, { timeouts }: Channel, beganAt: number): Patience {
  return {
    firstByteMs: timeouts.firstByteMs ?? settings.get('timeouts.first_byte_ms'),
    idleMs: timeouts.idleMs ?? settings.get('timeouts.idle_ms'),
    endAt: beganAt + (timeouts.totalMs ?? settings.get('timeouts.total_ms')),
  }
}

function outcomeOf(ended: Attempted): string {
  switch (ended.kind) {
    case 'answered':
    case 'left':
    case 'cut':
      return 'answered'
    case 'refused':
      return 'refused'
    case 'broke':
      return 'broke_off'
    case 'failed':
      return ended.failure.kind === 'too_slow' ? 'timeout' : ended.failure.kind
  }
}

function note({ log }: ForwardParts, { call }: Reserved, channel: Channel, ended: Attempted) {
  const told = { request: call.id, channel: channel.id, model: call.parsed.model }
  if (ended.kind === 'refused') {
    // The provider's own words: what they may hold of our keys is taken out for the log too.
    // Cut afterwards: half a key is not recognised.
    const said = scrubbed(ended.answer.body?.toString('utf8') ?? '', channel).slice(0, 1_000)
    log.warn({ ...told, status: ended.answer.status, said }, 'a channel refused')
  } else if (ended.kind === 'failed' || ended.kind === 'broke') {
    log.warn({ ...told, failure: ended.failure }, 'a channel failed')
  }
}
