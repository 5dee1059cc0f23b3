import type { Logger } from 'pino'
import { createRetryBudgets } from '../../channels/health/retry-budget.ts'
import { Refused } from '../../errors.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { PriceBook } from '../../prices/price-book.ts'
import type { Translated } from '../translate.ts'
import type { Cut, Left, Outcome, Reserved, Served, Tried, Unserved } from '../values.ts'
import {
  type Course,
  type CourseParts,
  isUnsuccessful,
  mayGoOn,
  nobodyIsUp,
  passOver,
  remember,
  toCourse,
  toNextChannel,
  toNextOffer,
  triedOf,
} from './course.ts'
import { type HedgeParts, hedgeAfterMs, hedged } from './hedge.ts'
import { listAttempt, outcomeOf } from './list-attempt.ts'
import { sayable } from './sayable.ts'
import { scrubbed } from './scrub.ts'
import { isLasting, patienceFor, type Ran, tryChannel } from './try-channel.ts'

export interface ForwardParts extends CourseParts, HedgeParts {
  readonly log: Pick<Logger, 'warn'>
  readonly prices: Pick<PriceBook, 'maxOutput' | 'priceOf'>
  readonly metrics: Pick<Metrics, 'attempted' | 'triedAgain' | 'hedged'>
}

/**
 * Tries one channel after the other until one answers, and pumps its answer to the client up to the end that is held.
 * Throws `Refused` when none is up (contract 3.1, check 14).
 */
export function createForwarding(parts: ForwardParts) {
  const { health, metrics, now } = parts
  const budgets = createRetryBudgets()
  return async function forward(reserved: Reserved): Promise<Outcome> {
    // Where a call is tried again is counted where it was to go: a group that dies shall not drag another one down.
    const budget = budgets(reserved.offers[0].group)
    const course = toCourse(parts, reserved, budget)
    if (!toNextChannel(course) && !(await toNextOffer(parts, course))) {
      throw nobodyIsUp(reserved, health)
    }
    budget.called(health.clock.now)
    for (;;) {
      const translated = sayable(parts, course)
      if (translated instanceof Refused) {
        // It was asked nothing, so that a further one is no further attempt.
        passOver(course)
        if (toNextChannel(course) || (await toNextOffer(parts, course))) continue
        if (course.attempts === 0) throw translated
        return unserved(course, triedOf(course))
      }
      course.attempts++
      const afterMs = course.hedges ? hedgeAfterMs(parts, course) : undefined
      const ran = await (afterMs === undefined
        ? tryChannel(parts, course, { translated })
        : raced(parts, course, { translated, afterMs }))
      const { ended } = ran
      metrics.attempted(ran.channel.id, outcomeOf(ended))
      if (course.attempts > 1 || ended.kind !== 'answered') listAttempt(course, ran, now())
      const tried = triedOf(course)
      const outcome = lastingOutcome(ran, tried)
      if (outcome !== undefined) return outcome
      if (!isUnsuccessful(ended)) return unserved(course, tried)
      noteUnsuccessful(parts, course, ran)
      remember(course, ran.channel, ended)
      if (!mayGoOn(ended) || !(await further(parts, course))) return unserved(course, tried)
    }
  }
}

/** One attempt, and perhaps others beside it, of which the one that counts comes back. */
async function raced(
  parts: ForwardParts,
  course: Course,
  how: { readonly translated: Translated; readonly afterMs: number },
): Promise<Ran> {
  const { ran, beside } = await hedged(parts, course, how)
  for (const one of beside) {
    const { channel, ended } = one
    parts.metrics.attempted(channel.id, outcomeOf(ended))
    if (!isUnsuccessful(ended)) continue
    noteUnsuccessful(parts, course, one)
    remember(course, channel, ended)
  }
  return ran
}

/** On to another channel, if there is one, time for it, and a further attempt to be had. */
async function further(parts: ForwardParts, course: Course): Promise<boolean> {
  const { deadlines, health, metrics, settings } = parts
  if (!toNextChannel(course) && !(await toNextOffer(parts, course))) return false
  if (deadlines.now > patienceFor(parts, course.channel, course.beganAt).endAt) return false
  const isWithinBudget = course.budget.take(health.clock.now, settings.get('routing.retry_percent'))
  metrics.triedAgain(isWithinBudget)
  return isWithinBudget
}

function unserved({ answer, answeredBy, failure }: Course, tried: Tried): Unserved {
  return { kind: 'unserved', ...tried, answer, answeredBy, failure }
}

/** An outcome after which no other channel can be tried. */
function lastingOutcome(ran: Ran, tried: Tried): Served | Left | Cut | undefined {
  const { ended, outlet, keyAt } = ran
  if (ended.kind === 'left') return { ...ended, ...tried, keyAt }
  if (ended.kind === 'cut') return { ...ended, ...tried, keyAt, outlet }
  if (outlet === undefined || (ended.kind !== 'answered' && ended.kind !== 'broke'))
    return undefined
  const { meter, firstByteAt } = ended
  // One spread: a second one would cost more than making the whole object by hand.
  if (ended.kind === 'answered')
    return { ...tried, kind: 'answered', keyAt, meter, outlet, firstByteAt }
  return isLasting(ran) ? { ...ended, ...tried, keyAt, outlet } : undefined
}

/** Tells the log why a channel did not serve a call. */
export function noteUnsuccessful(
  { log }: Pick<ForwardParts, 'log'>,
  { reserved, offer }: Course,
  { channel, ended }: Pick<Ran, 'channel' | 'ended'>,
) {
  const told = { request: reserved.call.id, channel: channel.id, model: offer.model }
  if (ended.kind === 'refused') {
    // The provider's own words: what they may hold of our keys is taken out for the log too.
    // Cut afterwards: half a key is not recognised.
    const said = scrubbed(ended.answer.body?.toString('utf8') ?? '', channel).slice(0, 1_000)
    log.warn({ ...told, status: ended.answer.status, said }, 'a channel refused')
  } else if (ended.kind === 'failed' || ended.kind === 'broke') {
    log.warn({ ...told, failure: ended.failure }, 'a channel failed')
  }
}
