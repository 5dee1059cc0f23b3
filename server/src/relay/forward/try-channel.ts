import type { Channel } from '../../channels/channel.ts'
import type { Health } from '../../channels/health/health.ts'
import { placeOfMark } from '../../channels/upstream-keys.ts'
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

/**
 * One attempt, from its place among the channel's running calls to the word that its health hears. One promise for all of
 * it: each costs every call.
 */
export function tryChannel(
  parts: TryParts,
  course: Course,
  { translated, race }: Try,
): Promise<Ran> {
  const { reserved, channel, attempts: nth } = course
  const { now, health } = parts
  const known = health.of(channel)
  const { kept } = reserved.call
  const tried =
    kept === undefined
      ? known.begin(health.clock.now)
      : known.begin(health.clock.now, placeOfMark(channel.authorization, kept.upstreamKey))
  const { keyAt } = tried
  const of = { course, channel, keyAt, nth, translated, race }
  let outlet: AnswerOutlet | undefined
  const meterFor = (status: number, received: readonly string[]): Meter | undefined => {
    // We asked for plain bytes; what came in others can't be metered, hence not be served.
    const encoding = headerOf(received, 'content-encoding')
    if (encoding !== undefined && encoding !== 'identity') return undefined
    tried.answering()
    outlet = outletFor(of, status, received)
    return meterOn(outlet, of, received)
  }
  return new Promise((resolve) => {
    const startedAt = now()
    const ended = (attempted: Attempted) => {
      const told = { now: health.clock.now, wall: now, isFirst: nth === 1 }
      if (attempted.kind === 'answered') {
        remember(course, known, { tookMs: attempted.firstByteAt - startedAt, now: told.now })
      }
      tellHealth(tried, attempted, told)
      resolve({ channel, keyAt, nth, startedAt, outlet, ended: attempted })
    }
    const { forward, deadlines } = parts
    const { running } = reserved
    const { client } = reserved.call
    const won = race === undefined ? undefined : () => tellAttempts(course, outlet)
    const patience = patienceFor(parts, channel, course.beganAt)
    try {
      attempt(
        { forward, deadlines, client, running, patience, meterFor, ended, now, race, won },
        { channel, key: channel.authorization[keyAt] },
        translated.request,
      )
    } catch (failure) {
      tried.untold()
      throw failure
    }
  })
}

/** How long the first byte took, which is of interest where there is a choice. */
function remember(
  { reserved, offer, hedges }: Course,
  known: ReturnType<TryParts['health']['of']>,
  { tookMs, now }: { readonly tookMs: number; readonly now: number },
): void {
  if (reserved.offers.length === 1 && offer.channels.length === 1) return
  known.answeredIn(tookMs, now)
  if (hedges) known.firstBytesOf(reserved.call.parsed).add(tookMs)
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
