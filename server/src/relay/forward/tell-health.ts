import type { Try } from '../../channels/health/channel-health.ts'
import { parseRetryAfter, parseRetryAfterMs } from '../../channels/health/retry-after.ts'
import { upstreamStatus } from '../../errors.ts'
import type { Attempted, RefusedAnswer } from './attempt.ts'
import type { Failure } from './failure.ts'
import { headerOf } from './headers.ts'
import { accusesChannel, deniesUs, hasNoSuchModel } from './refused.ts'

/** A channel that is left out keeps callers away for a second at least: whoever asks for less gets its calls at once. */
const LEAST_PAUSE_MS = 1_000

export interface Told {
  /** Monotonic milliseconds, and those since 1970. */
  readonly now: number
  readonly wall: () => number
  /** The first attempt of its call: it had all of the call's time. */
  readonly isFirst: boolean
}

/** Tells a channel's health how an attempt ended (contract 3.3): what the caller is to blame for never counts. */
export function tellHealth(tried: Try, ended: Attempted, told: Told) {
  switch (ended.kind) {
    case 'answered':
      return tried.worked(told.now)
    case 'left':
    case 'cut':
    case 'lost':
      return tried.untold()
    case 'broke':
      return isOurDeadline(ended.failure) ? tried.untold() : tried.failed(told.now)
    case 'failed':
      if (ended.failure.kind === 'denied') return tried.refused(told.now, { reason: 'denied' })
      // Whoever was asked late had little of the call's time.
      if (isOurDeadline(ended.failure) && !told.isFirst) return tried.untold()
      return tried.failed(told.now)
    case 'refused':
      return tellRefused(tried, ended.answer, told)
  }
}

/** How long a whole call may take says nothing of a provider that was answering all the time. */
const isOurDeadline = (failure: Failure) => failure.kind === 'too_slow' && failure.of === 'total'

function tellRefused(tried: Try, answer: RefusedAnswer, { now, wall }: Told) {
  if (deniesUs(answer)) return tried.refused(now, { reason: 'denied' })
  const { status } = answer
  const askedMs = pauseAsked(answer, wall)
  const isShort = askedMs !== undefined && askedMs < LEAST_PAUSE_MS
  if (upstreamStatus.isRateLimit(status)) {
    return isShort ? tried.untold() : tried.refused(now, { reason: 'rate_limited', askedMs })
  }
  // Its other models may be well.
  if (hasNoSuchModel(answer) || !(upstreamStatus.isGood(status) || accusesChannel(answer))) {
    return tried.worked(now)
  }
  const pauses = upstreamStatus.isTheirFailure(status) && !isShort
  tried.failed(now, pauses ? askedMs : undefined)
}

const pauseAsked = ({ headers }: RefusedAnswer, wall: () => number) =>
  parseRetryAfterMs(headerOf(headers, 'retry-after-ms')) ??
  parseRetryAfter(headerOf(headers, 'retry-after'), wall())
