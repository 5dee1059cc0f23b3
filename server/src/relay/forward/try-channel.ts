import type { Channel } from '../../channels/channel.ts'
import type { Health } from '../../channels/health/health.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Meter } from '../meter/meter.ts'
import type { Translated } from '../translate.ts'
import type { Forward } from './answer.ts'
import { meterOn, outletFor, tellAttempts } from './answer-way.ts'
import { type Attempted, attempt, type Patience } from './attempt.ts'
import type { Course } from './course.ts'
import type { Deadlines } from './deadlines.ts'
import { headerOf } from './headers.ts'
import type { AnswerOutlet } from './outlet.ts'
import type { Race } from './race.ts'
import { tellHealth } from './tell-health.ts'

export interface TryParts {
  readonly forward: Forward
  readonly deadlines: Deadlines
  readonly health: Pick<Health, 'of' | 'clock'>
  readonly settings: Pick<Settings, 'get'>
  readonly now: () => number
}

/** What an attempt is made with. */
export interface Try {
  readonly translated: Translated
  readonly race?: Race
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
export async function tryChannel(
  parts: TryParts,
  course: Course,
  { translated, race }: Try,
): Promise<Ran> {
  const { reserved, channel, attempts: nth, beganAt } = course
  const of = { course, channel, nth, translated, race }
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
    const won = race === undefined ? undefined : () => tellAttempts(course, outlet)
    const attemptParts = { forward, deadlines, client, running, patience, meterFor, now, race, won }
    const to = { channel, key: channel.authorization[tried.keyAt] }
    const startedAt = now()
    const ended = await attempt(attemptParts, to, translated.request)
    const told = { now: health.clock.now, wall: now, isFirst: nth === 1 }
    if (measures && ended.kind === 'answered') {
      const tookMs = ended.firstByteAt - startedAt
      known.answeredIn(tookMs, told.now)
      if (course.hedges) known.firstBytesOf(reserved.call.parsed).add(tookMs)
    }
    tellHealth(tried, ended, told)
    return { channel, keyAt: tried.keyAt, nth, startedAt, outlet, ended }
  } finally {
    // Does nothing where the attempt had an end.
    tried.untold()
  }
}

/** Whether a call that had this attempt can go nowhere else. */
export const isLasting = ({ ended, outlet }: Ran): boolean =>
  ended.kind === 'broke'
    ? // Nothing of it went out, so nobody will know.
      outlet?.begun === true
    : ended.kind === 'answered' || ended.kind === 'left' || ended.kind === 'cut'

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
