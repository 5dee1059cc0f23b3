import type { Logger } from 'pino'
import { createRetryBudgets, type RetryBudget } from '../../channels/health/retry-budget.ts'
import { Refused } from '../../errors.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { PriceBook } from '../../prices/price-book.ts'
import { type Translated, translate } from '../translate.ts'
import type { Cut, Left, Outcome, Reserved, Served, Tried, Unserved } from '../values.ts'
import type { Attempted } from './attempt.ts'
import {
  type Course,
  type CourseParts,
  nobodyIsUp,
  passOver,
  remember,
  toCourse,
  toNextChannel,
  toNextOffer,
  triedOf,
  type Unsuccessful,
} from './course.ts'
import { mayTryAnother } from './failure.ts'
import { headersForUpstream } from './headers.ts'
import { listAttempt, outcomeOf } from './list-attempt.ts'
import type { AnswerOutlet } from './outlet.ts'
import { accusesChannel } from './refused.ts'
import { scrubbed } from './scrub.ts'
import { patienceFor, type TryParts, tryChannel } from './try-channel.ts'

export interface ForwardParts extends CourseParts, TryParts {
  readonly log: Pick<Logger, 'warn'>
  readonly prices: Pick<PriceBook, 'maxOutput' | 'priceOf'>
  readonly metrics: Pick<Metrics, 'attempted' | 'triedAgain'>
}

/**
 * Tries one channel after the other until one answers, and pumps its answer to the client up to the end that is held.
 * Throws `Refused` when none is up (contract 3.1, check 14).
 */
export function createForwarding(parts: ForwardParts) {
  const { health, metrics, deadlines, now } = parts
  const budgets = createRetryBudgets()
  return async function forward(reserved: Reserved): Promise<Outcome> {
    const course = toCourse(parts, reserved)
    if (!toNextChannel(course) && !(await toNextOffer(parts, course))) {
      throw nobodyIsUp(reserved, health)
    }
    // Where a call is tried again is counted where it was to go: a group that dies shall not drag another one down.
    const budget = budgets(reserved.offers[0].group)
    budget.called(health.clock.now)
    const headers = headersForUpstream(reserved.call.headers)
    const beganAt = deadlines.now
    for (;;) {
      const { channel } = course
      const translated = sayable(parts, course, headers)
      if (translated instanceof Refused) {
        // It was asked nothing, so that a further one is no further attempt.
        passOver(course)
        if (toNextChannel(course) || (await toNextOffer(parts, course))) continue
        if (course.attempts === 0) throw translated
        return unserved(course, triedOf(course))
      }
      course.attempts++
      const ran = await tryChannel(parts, { course, translated, beganAt })
      const { outlet, ended } = ran
      metrics.attempted(channel.id, outcomeOf(ended))
      if (ran.nth > 1 || ended.kind !== 'answered') listAttempt(course, ran, now())
      const tried = triedOf(course)
      const outcome = lastingOutcome(ended, outlet, tried)
      if (outcome !== undefined) return outcome
      if (ended.kind !== 'refused' && ended.kind !== 'failed' && ended.kind !== 'broke') {
        return unserved(course, tried)
      }
      note(parts, course, ended)
      remember(course, ended)
      if (!mayGoOn(ended) || !(await further(parts, course, { beganAt, budget }))) {
        return unserved(course, tried)
      }
    }
  }
}

/** The call as the course's channel understands it, or why it can't be said in its dialect. */
function sayable(
  { prices }: ForwardParts,
  { reserved, channel, offer }: Course,
  headers: readonly string[],
): Translated | Refused {
  try {
    return translate(reserved, channel, {
      headers,
      model: offer.model,
      maxOutput: prices.maxOutput,
    })
  } catch (refused) {
    if (refused instanceof Refused) return refused
    throw refused
  }
}

/** On to another channel, if there is one, time for it, and a further attempt to be had. */
async function further(
  parts: ForwardParts,
  course: Course,
  { beganAt, budget }: { readonly beganAt: number; readonly budget: RetryBudget },
): Promise<boolean> {
  const { deadlines, health, metrics, settings } = parts
  if (!toNextChannel(course) && !(await toNextOffer(parts, course))) return false
  if (deadlines.now > patienceFor(parts, course.channel, beganAt).endAt) return false
  const isWithinBudget = budget.take(health.clock.now, settings.get('routing.retry_percent'))
  metrics.triedAgain(isWithinBudget)
  return isWithinBudget
}

const mayGoOn = (ended: Unsuccessful): boolean =>
  ended.kind === 'refused' ? accusesChannel(ended.answer) : mayTryAnother(ended.failure)

function unserved({ answer, answeredBy, failure }: Course, tried: Tried): Unserved {
  return { kind: 'unserved', ...tried, answer, answeredBy, failure }
}

/** An outcome after which no other channel can be tried. */
function lastingOutcome(
  ended: Attempted,
  outlet: AnswerOutlet | undefined,
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

function note({ log }: ForwardParts, { reserved, channel, offer }: Course, ended: Attempted) {
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
