import { Refused } from '../../errors.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Translated } from '../translate.ts'
import { type Course, isUnsuccessful, mayGoOn } from './course.ts'
import { listAttempt } from './list-attempt.ts'
import { Race } from './race.ts'
import { type SayParts, sayable } from './sayable.ts'
import {
  isLasting,
  patienceFor,
  type Ran,
  type Try,
  type TryParts,
  tryChannel,
} from './try-channel.ts'

export interface HedgeParts extends TryParts, SayParts {
  readonly settings: Pick<Settings, 'get'>
  readonly metrics: Pick<Metrics, 'hedged'>
}

/** What became of a race: the attempt that says how the call goes on, and the others. */
export interface Hedged {
  readonly ran: Ran
  readonly beside: readonly Ran[]
}

/** Of the deadline for a first byte. */
const UNKNOWN_SHARE = 0.25

/**
 * How long the present channel is waited for until another one is asked, too: as long as nineteen of twenty of its answers
 * took to begin, or a part of the deadline while too little is known of it. `undefined`: nobody else is there.
 */
export function hedgeAfterMs({ health, settings }: HedgeParts, course: Course): number | undefined {
  const { channel, offer, reserved } = course
  if (offer.channels.length < 2) return undefined
  const usualMs = health.of(channel).firstBytesOf(reserved.call.parsed).p95
  const waitsMs = usualMs ?? patienceFor({ settings }, channel, 0).firstByteMs * UNKNOWN_SHARE
  return Math.max(waitsMs, settings.get('routing.hedge_after_ms'))
}

/**
 * Tries the present channel and, when its answer has not begun after so many milliseconds, the next one of the same offer
 * beside it: price and reservation are the same. Whoever has the first good byte goes on, and the others are ended at once.
 * Where the second one fails while the first is still silent, the one after it is asked, and so on. Resolves when all are
 * over.
 */
export async function hedged(
  parts: HedgeParts,
  course: Course,
  { translated, afterMs }: { readonly translated: Translated; readonly afterMs: number },
): Promise<Hedged> {
  const { call, running } = course.reserved
  const race = new Race({ client: call.client, running, deadlines: parts.deadlines })
  let isFirstOver = false
  const first = inRace(parts, course, { translated, race }).finally(() => {
    isFirstOver = true
    race.alone()
  })
  const all = [first]
  let next = (await race.isLate(afterMs)) ? toSecondChannel(parts, course) : undefined
  while (next !== undefined) {
    const beside = inRace(parts, course, { translated: next, race })
    all.push(beside)
    const { ran } = await Promise.race([beside, first])
    next = !isFirstOver && mayAskAnother(ran) ? toSecondChannel(parts, course) : undefined
  }
  // Nobody else will come.
  race.alone()
  return judged(parts, course, { ended: await Promise.all(all), afterMs })
}

const mayAskAnother = ({ ended }: Ran): boolean => isUnsuccessful(ended) && mayGoOn(ended)

/** Which of the attempts says how the call goes on. */
function judged(
  parts: HedgeParts,
  course: Course,
  { ended, afterMs }: { readonly ended: readonly Raced[]; readonly afterMs: number },
): Hedged {
  const [first, ...others] = ended as [Raced, ...Raced[]]
  if (others.length === 0) return { ran: first.ran, beside: [] }
  for (const { ran, endedAt } of ended) listAttempt(course, ran, endedAt)
  if (first.ran.ended.kind === 'lost') rememberSlow(parts, course, { ...first, afterMs })
  const { ran } = others.reduce((best, one) => (isAhead(one, best) ? one : best), first)
  parts.metrics.hedged(hasBegun(ran) ? (ran === first.ran ? 'first' : 'second') : 'none')
  course.channel = ran.channel
  return { ran, beside: ended.map((one) => one.ran).filter((one) => one !== ran) }
}

interface Raced {
  readonly ran: Ran
  readonly endedAt: number
}

async function inRace(parts: HedgeParts, course: Course, tried: Required<Try>): Promise<Raced> {
  const { race } = tried
  const ran = await tryChannel(parts, course, tried)
  // An answer that the caller has to mend is one: the other channel would say the same.
  if (ran.ended.kind === 'refused' && !mayGoOn(ran.ended)) race.stop()
  return { ran, endedAt: parts.now() }
}

/** On to the next channel of the same offer: what it is sent, if there is one, and a further attempt to be had. */
function toSecondChannel(parts: HedgeParts, course: Course): Translated | undefined {
  const { health, settings, metrics, deadlines } = parts
  const { budget, turns, beganAt } = course
  const percent = settings.get('routing.retry_percent')
  // Asked before the channel's turn is taken: a call that fails later may still go there.
  if (!budget.has(health.clock.now, percent)) {
    metrics.hedged('over_budget')
    return undefined
  }
  const next = turns.next()
  if (next === undefined || deadlines.now > patienceFor({ settings }, next, beganAt).endAt) {
    return undefined
  }
  const translated = sayable(parts, { ...course, channel: next })
  if (translated instanceof Refused) return undefined
  budget.take(health.clock.now, percent)
  course.channel = next
  course.attempts++
  return translated
}

const hasBegun = ({ ended }: Ran): boolean => 'firstByteAt' in ended && ended.firstByteAt > 0

/**
 * How long it would have taken nobody knows, but not less. Were that forgotten, what is usual would become shorter with each
 * hedge; and longer, were it said to have taken as long as the other one needed to be ahead.
 */
function rememberSlow(
  { health }: HedgeParts,
  { reserved }: Course,
  { ran, endedAt, afterMs }: Raced & { readonly afterMs: number },
): void {
  const known = health.of(ran.channel)
  known.answeredIn(endedAt - ran.startedAt, health.clock.now)
  known.firstBytesOf(reserved.call.parsed).add(afterMs)
}

/** Whether it counts more than the other: an answer, else what forbids a further attempt, else the later end. */
function isAhead(one: Raced, other: Raced): boolean {
  const [a, b] = [rankOf(one.ran), rankOf(other.ran)]
  return a === b ? one.endedAt >= other.endedAt : a > b
}

function rankOf(ran: Ran): number {
  const { ended } = ran
  if (isLasting(ran)) return 3
  if (ended.kind !== 'refused' && ended.kind !== 'failed' && ended.kind !== 'broke') return 0
  return mayGoOn(ended) ? 1 : 2
}
