import type { OpenReason } from '../channels/health/breaker.ts'
import { type Exceeded, exceededText } from '../rates/denial-text.ts'

type Nothing = Readonly<Record<string, never>>
type Whose = 'key' | 'account'

/**
 * What `POST /api/token/{id}/check` can say, and the facts of each saying, so that a program can say it in its own words.
 * Times are Unix seconds; what ends in `units` is quota units. docs/keys.md lists the words: they stay as they are.
 */
export interface FactsOf {
  any_address: Nothing
  address_listed: { ip: string; entries: number }
  address_not_listed: { ip: string; entries: number }
  account_active: { account: string }
  account_suspended: { account: string }
  key_disabled: Nothing
  key_not_disabled: Nothing
  no_mark: Nothing
  marked_expired: Nothing
  marked_exhausted: Nothing
  never_expires: Nothing
  expires: { at: number; now: number }
  expired: { at: number; now: number }
  any_model: Nothing
  some_models: { models: number }
  model_listed: { model: string; models: number }
  model_not_listed: { model: string; models: number }
  group_open: { group: string }
  group_closed: { group: string }
  groups_walked: { groups: string[] }
  no_group_to_walk: Nothing
  served: { model: string; channels: number; groups: string[] }
  priced: { model: string }
  unpriced: { model: string }
  no_rate_limits: Nothing
  rate_limits_left: { requests?: number; tokens?: number }
  rate_limit_reached: Exceeded
  no_budgets: Nothing
  budget: {
    whose: Whose
    period: 'day' | 'week' | 'month'
    left_units: number
    amount_units: number
    /** RFC 3339, in the time zone of the budget. */
    resets_at: string
  }
  unlimited: { whose: Whose }
  balance: { whose: Whose; left_units: number }
  channels_up: { channels: number }
  channel_unpriced: Nothing
  channel_probed: Nothing
  channel_resting: { until: number; cause: OpenReason }
  other_group_chosen: { group: string }
  tried_before: { group: string }
  fallback_not_listed: Nothing
}

export type BecauseWord = keyof FactsOf

/** Why something came out as it did: a word, its facts, and both in English. */
export interface Because {
  readonly word: BecauseWord
  readonly facts: Readonly<Record<string, string | number | string[]>>
  readonly says: string
}

export const because = <Word extends BecauseWord>(word: Word, facts: FactsOf[Word]): Because => ({
  word,
  facts,
  says: SAYS[word](facts),
})

const SAYS: { readonly [Word in BecauseWord]: (facts: FactsOf[Word]) => string } = {
  any_address: () => 'any address may use this key',
  address_listed: ({ ip, entries }) => `${ip} is in allow_ips (${entriesOf(entries)})`,
  address_not_listed: ({ ip, entries }) => `${ip} is in none of ${entriesOf(entries)}`,
  account_active: ({ account }) => `account ${account} is active`,
  account_suspended: ({ account }) => `account ${account} is suspended`,
  key_disabled: () => 'the key is disabled (status 2)',
  key_not_disabled: () => 'the key is not disabled',
  no_mark: () => 'the key carries no mark',
  marked_expired: () => markedAs('expired (status 3)'),
  marked_exhausted: () => markedAs('exhausted (status 4)'),
  never_expires: () => 'the key never expires',
  expires: ({ at, now }) => `the key expires at ${moment(at)}, now ${moment(now)}`,
  expired: ({ at, now }) => `the key expired at ${moment(at)}, now ${moment(now)}`,
  any_model: () => 'the key may use any model',
  some_models: ({ models }) => `the key may use ${models} models`,
  model_listed: ({ model, models }) => `${model} is one of ${models} in model_limits`,
  model_not_listed: ({ model, models }) => `${model} is none of ${models} in model_limits`,
  group_open: ({ group }) => `the account has access to group ${group}`,
  group_closed: ({ group }) => `the account has no access to group ${group}`,
  groups_walked: ({ groups }) => `auto walks ${groups.join(', ')}`,
  no_group_to_walk: () => 'auto walks no group that the account may use',
  served: ({ model, channels, groups }) =>
    `${counted(channels, 'channel')} of ${groups.length > 1 ? 'the groups' : 'group'} ${groups.join(', ')} ${channels === 1 ? 'serves' : 'serve'} ${model}`,
  priced: ({ model }) => `${model} has a price`,
  unpriced: ({ model }) => `${model} has no price`,
  no_rate_limits: () => 'neither the key nor its account has rate limits',
  rate_limits_left: ({ requests, tokens }) => {
    const left = [
      ...(requests === undefined ? [] : [counted(requests, 'request')]),
      ...(tokens === undefined ? [] : [counted(tokens, 'token')]),
    ]
    return left.length === 0
      ? 'fewer calls are running than may run at a time'
      : `${left.join(' and ')} left in these 60 seconds`
  },
  rate_limit_reached: (exceeded) => exceededText(exceeded, 1),
  no_budgets: () => 'neither the key nor its account has budgets',
  budget: ({ whose, period, left_units, amount_units, resets_at }) =>
    `${left_units} of ${amount_units} units of the ${whose}'s ${period} budget are left until ${resets_at}`,
  unlimited: ({ whose }) => `the ${whose} is unlimited`,
  balance: ({ whose, left_units }) => `the ${whose} has ${counted(left_units, 'unit')} left`,
  channels_up: ({ channels }) => `${counted(channels, 'channel')} may be tried now`,
  channel_unpriced: () => 'the model has no price, and this channel is not free',
  channel_probed: () => 'breaker half open: a probe is under way',
  channel_resting: ({ until, cause }) => `breaker open until ${moment(until)}: ${cause}`,
  other_group_chosen: ({ group }) => `cross_group_retry is off, and group ${group} is chosen`,
  tried_before: ({ group }) => `it is tried in group ${group} already`,
  fallback_not_listed: () => 'model_limits of the key lacks it',
}

/** Every word, for those that must have a text for each. */
export const BECAUSE_WORDS = Object.keys(SAYS)

const markedAs = (what: string): string =>
  `the key was marked ${what} by an update; send status 1 to lift it`

const moment = (seconds: number): string => new Date(seconds * 1000).toISOString()

const entriesOf = (count: number): string => (count === 1 ? '1 entry' : `${count} entries`)

const counted = (count: number, what: string): string =>
  `${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}`
