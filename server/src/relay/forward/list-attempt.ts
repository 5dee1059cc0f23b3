import { type AttemptOutcome, type ListedAttempt, MOST_LISTED } from '../../usage/attempt-list.ts'
import type { Attempted } from './attempt.ts'
import type { Course } from './course.ts'
import type { Failure } from './failure.ts'
import { deniesUs } from './refused.ts'
import type { Ran } from './try-channel.ts'

/** Puts an attempt that just ended on the call's list. Whose first attempt answers has none. */
export function listAttempt(course: Course, ran: Ran, endedAt: number): void {
  const { channel, keyAt, nth, startedAt, ended } = ran
  if (nth > MOST_LISTED || course.list?.[nth - 1] !== undefined) return
  const listed: ListedAttempt = {
    channel: channel.id,
    ...(channel.authorization.length > 1 ? { key: keyAt + 1 } : {}),
    status: statusOf(ran),
    ms: Math.max(0, endedAt - startedAt),
    outcome: outcomeOf(ended),
  }
  course.list ??= []
  course.list[nth - 1] = listed
}

/** How an attempt ended, in the words of metrics and usage records. */
export function outcomeOf(ended: Attempted): AttemptOutcome {
  switch (ended.kind) {
    case 'answered':
    case 'left':
    case 'cut':
      return ended.kind
    case 'lost':
      return 'lost_race'
    case 'refused':
      return deniesUs(ended.answer) ? 'denied' : 'refused'
    case 'broke':
    case 'failed':
      return said(ended.failure)
  }
}

const said = ({ kind }: Failure): AttemptOutcome => (kind === 'too_slow' ? 'timeout' : kind)

const statusOf = ({ ended, outlet }: Ran): number =>
  ended.kind === 'refused' ? ended.answer.status : (outlet?.status ?? 0)
