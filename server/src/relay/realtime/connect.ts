import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import type { Dial } from '../../channels/dial.ts'
import type { Health } from '../../channels/health/health.ts'
import { createRetryBudgets } from '../../channels/health/retry-budget.ts'
import { TYPE_RULES } from '../../channels/types/types.ts'
import { Refused, upstreamStatus } from '../../errors.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import { MOST_LISTED } from '../../usage/attempt-list.ts'
import {
  type Course,
  type CourseParts,
  mayGoOn,
  nobodyIsUp,
  passOver,
  remember,
  toCourse,
  toNextChannel,
  toNextOffer,
  triedOf,
} from '../forward/course.ts'
import { noteUnsuccessful } from '../forward/first-working.ts'
import { outcomeOf } from '../forward/list-attempt.ts'
import { tellHealth } from '../forward/tell-health.ts'
import { patienceFor } from '../forward/try-channel.ts'
import { withOwnHeaders } from '../forward/upstream.ts'
import { quoted } from '../quoted.ts'
import type { Cut, Left, Reserved, Tried, Unserved } from '../values.ts'
import { type Opening, open } from './open.ts'

export interface ConnectParts extends CourseParts {
  readonly dial: Dial
  readonly health: Pick<Health, 'of' | 'clock'>
  readonly metrics: Pick<Metrics, 'attempted' | 'triedAgain'>
  readonly now: () => number
  readonly log: Pick<Logger, 'warn'>
}

/** A provider that waits for the session. Its socket is paused. */
export interface Connected extends Tried {
  readonly kind: 'connected'
  readonly reserved: Reserved
  readonly socket: WebSocket
}

/**
 * Opens the session at one channel after the other until one takes it, before the client's own is accepted.
 * @throws Refused when none is up, and when none of them has such sessions.
 */
export function createConnect(parts: ConnectParts) {
  const { health } = parts
  const budgets = createRetryBudgets()
  return async function connect(reserved: Reserved): Promise<Connected | Unserved | Left | Cut> {
    const budget = budgets(reserved.offers[0].group)
    const course = toCourse(parts, reserved, budget)
    if (!(await onward(parts, course))) throw nobodyIsUp(reserved, health)
    budget.called(health.clock.now)
    for (;;) {
      const path = pathIn(course)
      if (path === undefined) {
        passOver(course)
        if (await onward(parts, course)) continue
        if (course.attempts === 0) throw notOffered(reserved)
        return unserved(course)
      }
      course.attempts++
      const { opening, keyAt } = await tryOpening(parts, course, path)
      const tried = triedOf(course)
      if (opening.kind === 'opened') {
        return { ...tried, kind: 'connected', reserved: course.reserved, socket: opening.socket }
      }
      if (opening.kind === 'left') return { ...tried, ...opening, keyAt }
      if (opening.kind === 'cut') return { ...tried, ...opening, keyAt, outlet: undefined }
      noteUnsuccessful(parts, course, { channel: course.channel, ended: opening })
      remember(course, course.channel, opening)
      const mayTry = mayGoOn(opening) || hasNoSessions(opening)
      if (!mayTry || !(await further(parts, course))) return { ...unserved(course), ...tried }
    }
  }
}

const onward = async (parts: ConnectParts, course: Course): Promise<boolean> =>
  toNextChannel(course) || toNextOffer(parts, course)

/** Who only imitates OpenAI's other paths says so in this way. */
const hasNoSessions = (opening: Opening): boolean =>
  opening.kind === 'refused' && upstreamStatus.hasNoSuchPath(opening.answer.status)

/** On to another channel, if a further attempt is to be had. */
async function further(parts: ConnectParts, course: Course): Promise<boolean> {
  const { health, metrics, settings } = parts
  if (!(await onward(parts, course))) return false
  const isWithinBudget = course.budget.take(health.clock.now, settings.get('routing.retry_percent'))
  metrics.triedAgain(isWithinBudget)
  return isWithinBudget
}

const unserved = (course: Course): Unserved => ({
  ...{ kind: 'unserved', ...triedOf(course) },
  ...{ answer: course.answer, answeredBy: course.answeredBy, failure: course.failure },
})

const notOffered = ({ offers }: Reserved): Refused =>
  new Refused(
    'unsupported_parameter',
    `nobody who serves ${quoted(offers[0].model)} has realtime sessions: they take a channel of type openai, openai-compatible or azure`,
  )

/** Below the channel's origin; `undefined`: it has no such sessions. */
function pathIn({ channel, offer, reserved }: Course): string | undefined {
  const { type, baseUrl, mapping } = channel
  const model = mapping.get(offer.model) ?? offer.model
  const { query } = reserved.call
  return TYPE_RULES[type].realtimePath?.({ baseUrl, model, query })
}

interface TriedOpening {
  readonly opening: Opening
  readonly keyAt: number
}

async function tryOpening(
  parts: ConnectParts,
  course: Course,
  path: string,
): Promise<TriedOpening> {
  const { health, settings, now, metrics } = parts
  const { channel, reserved, attempts: nth, beganAt, headers } = course
  const tried = health.of(channel).begin(health.clock.now)
  const { keyAt } = tried
  const startedAt = now()
  const { call, running } = reserved
  const patience = patienceFor(parts, channel, beganAt)
  try {
    const opening = await open(
      { ...parts, client: call.client, running, patience },
      {
        ...{ channel, key: channel.authorization[keyAt], url: channel.baseUrl.origin + path },
        headers: withOwnHeaders({ headers: withoutHandshake(headers) }, channel),
        mostBytes: settings.get('limits.body_bytes'),
      },
    )
    const outcome = opening.kind === 'opened' ? 'answered' : outcomeOf(opening)
    metrics.attempted(channel.id, outcome)
    if (nth <= MOST_LISTED && (nth > 1 || outcome !== 'answered')) {
      course.list ??= []
      course.list[nth - 1] = {
        channel: channel.id,
        ...(channel.authorization.length > 1 ? { key: keyAt + 1 } : {}),
        status: opening.kind === 'refused' ? opening.answer.status : 0,
        ms: Math.max(0, now() - startedAt),
        outcome,
      }
    }
    // Sessions last for hours: what becomes of one says nothing of the next.
    if (opening.kind === 'opened') tried.worked(health.clock.now)
    else tellHealth(tried, opening, { now: health.clock.now, wall: now, isFirst: nth === 1 })
    return { opening, keyAt }
  } finally {
    // Does nothing where its health was told.
    tried.untold()
  }
}

/** The caller's own handshake, which may hold its key, and its page. */
function withoutHandshake(headers: readonly string[]): string[] {
  const kept: string[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = (headers[at] as string).toLowerCase()
    if (name.startsWith('sec-websocket-') || name === 'origin' || name === 'accept-encoding')
      continue
    kept.push(headers[at] as string, headers[at + 1] as string)
  }
  return kept
}
