import Type, { type Static } from 'typebox'
import { statusOf, upstreamStatus } from '../errors.ts'
import type { UsageTable } from '../storage/usage-tables.ts'

/** How an attempt ended. All but `answered` are why the call went on elsewhere, or ended there. */
const OUTCOMES = {
  answered: 'its answer went to the caller',
  refused: 'the provider answered with an error',
  denied: 'the provider refused our key or account',
  unreachable: 'no connection, or none long enough for an answer',
  timeout: 'the provider was too slow',
  broke_off: 'its answer began and did not end',
  not_http: 'what came was no answer',
  lost_race: 'of two channels that were asked, the other one began to answer sooner',
  left: 'the caller went away',
  cut: 'its key was no longer allowed to',
} as const
export type AttemptOutcome = keyof typeof OUTCOMES

const outcomeSays = Object.entries(OUTCOMES).map(([name, says]) => `\`${name}\`: ${says}`)

/** An attempt as the owner of a record sees it. */
export const attemptSchema = Type.Object({
  status: Type.Integer({ description: "The provider's; 0 when it did not answer." }),
  ms: Type.Integer({ description: 'How long it took, until its end.' }),
  outcome: Type.String({ description: outcomeSays.join('; ') }),
})

/** The same for administrators. */
export const adminAttemptSchema = Type.Object({
  channel: Type.Integer({ description: 'Id of the channel.' }),
  key: Type.Optional(
    Type.Integer({ description: 'Place of the upstream key, from 1, where there are several.' }),
  ),
  ...attemptSchema.properties,
})

/** As it is stored. */
export interface ListedAttempt extends Readonly<Static<typeof adminAttemptSchema>> {
  readonly outcome: AttemptOutcome
}

/** A record shall not grow with the number of channels. */
export const MOST_LISTED = 20

/** As the column holds it. */
export const writeAttempts = (list: readonly ListedAttempt[]): string =>
  JSON.stringify(list.slice(0, MOST_LISTED))

type Listing = Pick<
  UsageTable,
  'attempt_list' | 'attempts' | 'status' | 'error_code' | 'channel_id' | 'use_time_ms'
>

/** The attempts of a record. Empty where nobody knows them: those of failed calls from before they were listed. */
export function attemptsOf(row: Listing): ListedAttempt[] {
  if (row.attempt_list !== null) return parsed(row.attempt_list)
  const { attempts, status, error_code, channel_id: channel, use_time_ms: ms } = row
  const isOne = attempts === 1 && error_code === '' && upstreamStatus.isGood(status)
  return isOne ? [{ channel, status, ms, outcome: 'answered' }] : []
}

/** The same without channels and keys; what is between us and a provider is said as it is to callers. */
export const ownAttemptsOf = (row: Listing): Static<typeof attemptSchema>[] =>
  attemptsOf(row).map(({ status, ms, outcome }) =>
    outcome === 'denied' || (outcome === 'refused' && upstreamStatus.isOursToKnow(status))
      ? { status: statusOf('channel_refused'), ms, outcome: 'refused' }
      : { status, ms, outcome },
  )

/** A row that somebody else wrote must not take its whole page with it. */
function parsed(text: string): ListedAttempt[] {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list.filter((one) => typeof one === 'object' && one !== null) : []
  } catch {
    return []
  }
}
