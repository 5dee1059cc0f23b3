import type { Channel } from '../../channels/channel.ts'
import type { Health } from '../../channels/health/health.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Meter } from '../meter/meter.ts'
import { PlainMeter } from '../meter/plain.ts'
import { StreamMeter } from '../meter/stream.ts'
import { rateHeaders } from '../rate-headers.ts'
import type { Translated } from '../translate.ts'
import type { Forward } from './answer.ts'
import { attempt, type Patience } from './attempt.ts'
import type { Course } from './course.ts'
import type { Deadlines } from './deadlines.ts'
import { headerOf, headersForClient } from './headers.ts'
import { ClientOutlet } from './outlet.ts'
import { scrubbed } from './scrub.ts'
import { tellHealth } from './tell-health.ts'

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

/** One attempt, from its place among the channel's running calls to the word that its health hears. */
export async function tryChannel(parts: TryParts, of: One) {
  const { course, translated, beganAt } = of
  const { reserved, channel, attempts } = course
  const { forward, deadlines, now, health } = parts
  const known = health.of(channel)
  const tried = known.begin(health.clock.now)
  // Where there is a choice it is of interest.
  const measures = reserved.offers.length > 1 || course.offer.channels.length > 1
  try {
    let outlet: ClientOutlet | undefined
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
    const startedAt = measures ? now() : 0
    const ended = await attempt(attemptParts, to, translated.request)
    const told = { now: health.clock.now, wall: now, isFirst: attempts === 1 }
    if (measures && ended.kind === 'answered') {
      known.answeredIn(ended.firstByteAt - startedAt, told.now)
    }
    tellHealth(tried, ended, told)
    return { outlet, ended }
  } finally {
    // Does nothing where the attempt had an end.
    tried.untold()
  }
}

/** The head of the client's answer, made of the upstream's. */
function outletFor(
  { course: { reserved, attempts } }: One,
  status: number,
  received: readonly string[],
): ClientOutlet {
  const { call, admission, outputLimit } = reserved
  const headers = headersForClient(received)
  headers.push(...rateHeaders(admission.standings()))
  if (attempts > 1) headers.push('X-Turnpike-Attempts', String(attempts))
  if (outputLimit !== undefined) headers.push('X-Turnpike-Output-Limit', String(outputLimit))
  const type = headerOf(received, 'content-type')?.toLowerCase()
  if (!type?.startsWith('text/event-stream')) {
    return new ClientOutlet(call.client, status, headers, headerOf(received, 'content-length'))
  }
  const outlet = new ClientOutlet(call.client, status, headers)
  outlet.streams = true
  return outlet
}

function meterOn(outlet: ClientOutlet, { course, translated }: One): Meter {
  const { reserved, channel } = course
  const { parsed, dialect } = reserved.call
  const { readUsage } = dialect
  if (!outlet.streams) return new PlainMeter(outlet, readUsage)
  return new StreamMeter(outlet, {
    choices: parsed.choices,
    hideUsage: translated.hideUsage,
    readUsage,
    scrub: (text) => scrubbed(text, channel),
  })
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
