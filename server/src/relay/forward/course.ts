import type { Channel } from '../../channels/channel.ts'
import { type Choice, Turns, triableAt } from '../../channels/choosing/turns.ts'
import type { RetryBudget } from '../../channels/health/retry-budget.ts'
import { Refused } from '../../errors.ts'
import type { Groups } from '../../groups/groups.ts'
import { fallbacksFor } from '../../keys/fallbacks.ts'
import type { Settings } from '../../settings/settings.ts'
import type { ListedAttempt } from '../../usage/attempt-list.ts'
import { isModelFixed, type OfferParts, offersOf } from '../offers.ts'
import { stickyKeyOf } from '../sticky-key.ts'
import type { TopUp } from '../top-up.ts'
import type { Candidates, Offer, Reserved, Tried } from '../values.ts'
import type { Attempted, RefusedAnswer } from './attempt.ts'
import type { Deadlines } from './deadlines.ts'
import { type Failure, mayTryAnother } from './failure.ts'
import { headersForUpstream } from './headers.ts'
import { accusesChannel } from './refused.ts'

export interface CourseParts extends OfferParts {
  readonly deadlines: Deadlines
  /** 0 <= x < 1. */
  readonly random: () => number
  readonly settings: Pick<Settings, 'get'>
  readonly groups: Pick<Groups, 'get'>
  /** Before a call goes on in another group, or with another model. */
  readonly topUp: TopUp
}

/** Where a call is on its way. Contract 3.3 gives the client the last answer that there was. */
export interface Course {
  /** Monotonic milliseconds. */
  readonly beganAt: number
  /** Names and values in turn, for whichever upstream. */
  readonly headers: readonly string[]
  /** Its further attempts are taken from there. */
  readonly budget: RetryBudget
  /** Whether a second channel may be asked while the first has not begun to answer. */
  readonly hedges: boolean
  reserved: Reserved
  /** The groups of the present model, and the one among them where the call is. */
  offers: readonly Offer[]
  offer: Offer
  turns: Turns
  channel: Channel
  attempts: number
  /** Each attempt, unless the first answered. */
  list: ListedAttempt[] | undefined
  /** Those that failed with the present model: none of them is tried again, in whatever group. */
  failed: Set<number> | undefined
  /** The asked model has failed: what is told of it, should nobody serve the call, stands fast. */
  hasFinalWord: boolean
  answer: RefusedAnswer | undefined
  /** Whose answer it is. */
  answeredBy: Channel
  failure: Failure | undefined
}

/** An attempt after which others may be tried. */
export type Unsuccessful = Extract<Attempted, { readonly kind: 'refused' | 'failed' | 'broke' }>

/** At the door of the first group, before its first channel. */
export function toCourse(parts: CourseParts, reserved: Reserved, budget: RetryBudget): Course {
  const offer = reserved.offers[0]
  const channel = offer.channels[0] as Channel
  return {
    beganAt: parts.deadlines.now,
    headers: headersForUpstream(reserved.call.headers),
    budget,
    hedges: mayHedge(reserved) && parts.settings.get('routing.hedge') === 'on',
    reserved,
    offers: reserved.offers,
    offer,
    turns: turnsOf(parts, reserved, offer),
    channel,
    attempts: 0,
    list: undefined,
    failed: undefined,
    hasFinalWord: false,
    answer: undefined,
    answeredBy: channel,
    failure: undefined,
  }
}

export const triedOf = (course: Course): Tried => ({
  channel: course.channel,
  offer: course.offer,
  attempts: course.attempts,
  list: course.list,
  outputLimit: course.reserved.outputLimit,
})

export const isUnsuccessful = (ended: Attempted): ended is Unsuccessful =>
  ended.kind === 'refused' || ended.kind === 'failed' || ended.kind === 'broke'

/** Whether another channel may do better. */
export const mayGoOn = (ended: Unsuccessful): boolean =>
  ended.kind === 'refused' ? accusesChannel(ended.answer) : mayTryAnother(ended.failure)

/** This channel did not serve the call. */
export function remember(course: Course, channel: Channel, ended: Unsuccessful): void {
  course.failed ??= new Set()
  course.failed.add(channel.id)
  if (course.hasFinalWord) return
  if (ended.kind === 'refused') {
    course.answer = ended.answer
    course.answeredBy = channel
  } else course.failure = ended.failure
}

/** The present channel is not asked at all. */
export function passOver(course: Course): void {
  course.failed ??= new Set()
  course.failed.add(course.channel.id)
}

/** On to the next channel of the same group that is up. False: there is none. */
export function toNextChannel(course: Course): boolean {
  const next = course.turns.next()
  if (next !== undefined) course.channel = next
  return next !== undefined
}

/** On to the next group or, when there is none, to the next model. False: there is none either. */
export async function toNextOffer(parts: CourseParts, course: Course): Promise<boolean> {
  const { offers, offer, reserved } = course
  const others = offers.slice(offers.indexOf(offer) + 1)
  return (await toOneOf(parts, course, { others, reserved })) || toNextModel(parts, course)
}

/**
 * On to the next model that the call falls back to, in the groups where it can be served. It is routed as if it had been
 * asked for, at the prices of this moment; a channel that failed with another model may well work with this one.
 */
async function toNextModel(parts: CourseParts, course: Course): Promise<boolean> {
  const { reserved, offer } = course
  const { key, call, running } = reserved
  const asked = call.parsed.model
  const models = fallbacksFor(parts.settings, key, asked)
  if (models.length === 0 || isModelFixed(call.parsed)) return false
  if (offer.model === asked) {
    course.hasFinalWord = course.answer !== undefined || course.failure !== undefined
  }
  for (const model of models.slice(models.indexOf(offer.model) + 1)) {
    if (!running.key.mayUseModel(model)) continue
    course.failed = undefined
    const others = offersOf(parts, key, model, call.kept)
    if (!(await toOneOf(parts, course, { others, reserved: withoutCap(reserved) }))) continue
    course.offers = others
    return true
  }
  return false
}

/** A limit that the caller did not ask for was a matter of the former model and its price. */
const withoutCap = (reserved: Reserved): Reserved =>
  reserved.outputLimit === undefined || reserved.call.parsed.outputLimit !== undefined
    ? reserved
    : { ...reserved, outputLimit: undefined }

interface Onward {
  readonly others: readonly Offer[]
  readonly reserved: Reserved
}

/** On to the first offer that has a channel up, that the account still may use and that can be paid for. False: there is none. */
async function toOneOf(
  parts: CourseParts,
  course: Course,
  { others, reserved: before }: Onward,
): Promise<boolean> {
  const { running } = before
  for (const offer of others) {
    const channels = offer.channels.filter(({ id }) => !course.failed?.has(id))
    const turns = turnsOf(parts, before, { group: offer.group, channels })
    const channel = turns.next()
    if (channel === undefined || !running.key.accountGroups.includes(offer.group)) continue
    const reserved = await parts.topUp(before, offer)
    if (reserved === undefined) continue
    Object.assign(course, { reserved, offer, turns, channel })
    running.offer = offer
    return true
  }
  return false
}

/** Contract 3.1, check 14. */
export const nobodyIsUp = ({ offers }: Candidates, health: CourseParts['health']): Refused =>
  noneIsUp(
    offers.flatMap((offer) => offer.channels),
    health,
  )

export function noneIsUp(channels: readonly Channel[], health: CourseParts['health']): Refused {
  const waitMs = triableAt(channels, health) - health.clock.now
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1000))
  return new Refused('no_channel_available', undefined, { retryAfter })
}

/** Whether the call may go to more than one channel. */
const hasChoice = ({ offers }: Reserved): boolean =>
  offers.length > 1 || offers[0].channels.length > 1

/** A picture takes as long as it takes, and a second one costs as much; so does a job. */
const mayHedge = (reserved: Reserved): boolean =>
  hasChoice(reserved) && reserved.call.parsed.media === undefined && reserved.job === undefined

/** There is nothing to choose. */
const ONLY: Choice = { policy: 'weighted', stickyKey: undefined }

function turnsOf(
  parts: CourseParts,
  reserved: Reserved,
  { group, channels }: Pick<Offer, 'group' | 'channels'>,
): Turns {
  const choice = channels.length === 1 ? ONLY : choiceFor(parts, reserved, group)
  return new Turns(channels, choice, parts)
}

function choiceFor({ settings, groups }: CourseParts, { call, key }: Reserved, group: string) {
  return {
    policy: groups.get(group)?.policy || settings.get('routing.policy'),
    stickyKey: stickyKeyOf(call, key.accountId, settings.get('routing.sticky')),
  }
}
