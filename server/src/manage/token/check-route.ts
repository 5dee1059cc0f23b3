import Type, { type Static } from 'typebox'
import type { Channel } from '../../channels/channel.ts'
import type { RefusalCode } from '../../errors.ts'
import type { ApiKey } from '../../keys/api-key.ts'
import { type Because, because } from '../../keys/because.ts'
import type { FoundKey } from '../../keys/find-key.ts'
import { exceededOf } from '../../rates/denial-text.ts'
import type { Rooms } from '../rooms.ts'

/** How one check came out. */
export interface Verdict {
  readonly check: string
  readonly refusal: RefusalCode | undefined
  readonly because: Because
  /** The fallback model that is tried where this one was refused. */
  readonly instead?: string
}

/** The word for what is said in English beside it, and its facts. */
export const wordAndFacts = {
  word: Type.String({ description: 'Stable; docs/keys.md lists them.' }),
  facts: Type.Record(
    Type.String(),
    Type.Union([Type.String(), Type.Number(), Type.Array(Type.String())]),
  ),
}

/** Why something would not be tried. */
export const skipped = {
  skipped: Type.Optional(Type.String({ description: 'Why it would not be tried.' })),
  skipped_because: Type.Optional(Type.Object(wordAndFacts)),
}

export const triedChannel = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  group: Type.String(),
  ...skipped,
})
type TriedChannel = Static<typeof triedChannel>

export const toSkipped = ({ says, word, facts }: Because) => ({
  skipped: says,
  skipped_because: { word, facts },
})

export interface Judged {
  readonly verdicts: readonly Verdict[]
  /** Whether a channel is up, which is asked after everything else. */
  readonly up: readonly Verdict[]
  readonly channels: readonly TriedChannel[]
}

/** Contract 3.1, check 10 - somebody serves the model in the groups of the key, and it has a price - and check 14. */
export function judgeRoute(
  { directory, prices, health }: Pick<Rooms, 'directory' | 'prices' | 'health'>,
  key: ApiKey,
  model: string | undefined,
): Judged {
  if (model === undefined) return { verdicts: [], up: [], channels: [] }
  const priced = prices.priceOf(model) !== undefined
  const whyNot = (channel: Channel) =>
    priced || channel.free ? whyDown(health, channel) : because('channel_unpriced', {})
  const names = key.groups.map(({ name }) => name)
  const walked = names.map((group) => ({ group, serving: directory.candidates(group, model) }))
  const channels = toBeTried(walked, key, whyNot)
  const everyone = new Map(walked.flatMap(({ serving }) => serving.map((one) => [one.id, one])))
  const usable = [...everyone.values()].filter(({ free }) => priced || free)
  const served: Verdict = {
    check: 'served',
    refusal: everyone.size === 0 ? 'model_not_found' : undefined,
    because: because('served', { model, channels: everyone.size, groups: names }),
  }
  const price: Verdict = {
    check: 'price',
    refusal: everyone.size > 0 && usable.length === 0 ? 'price_missing' : undefined,
    because: because(priced ? 'priced' : 'unpriced', { model }),
  }
  return { verdicts: [served, price], up: judgeHealth(health, usable), channels }
}

/** The channels in the order in which they are tried, and why some are not. */
function toBeTried(
  walked: readonly { readonly group: string; readonly serving: readonly Channel[] }[],
  { crossGroupRetry }: ApiKey,
  whyNot: (channel: Channel) => Because | undefined,
): readonly TriedChannel[] {
  const isUp = ({ serving }: { readonly serving: readonly Channel[] }) =>
    serving.some((channel) => whyNot(channel) === undefined)
  /** Without cross-group retry no other one is tried. */
  const chosen = crossGroupRetry ? undefined : walked.find(isUp)?.group
  const tried = new Map<number, string>()
  return walked.flatMap(({ group, serving }) =>
    serving.map((channel) => {
      const { id, name } = channel
      const before = tried.get(id)
      const why =
        whyNot(channel) ??
        (chosen !== undefined && group !== chosen
          ? because('other_group_chosen', { group: chosen })
          : undefined) ??
        (before === undefined ? undefined : because('tried_before', { group: before }))
      if (why !== undefined) return { id, name, group, ...toSkipped(why) }
      tried.set(id, group)
      return { id, name, group }
    }),
  )
}

/** Contract 3.1, check 14, at this node: a channel may be tried. */
function judgeHealth(
  { of, clock }: Rooms['health'],
  usable: readonly Channel[],
): readonly Verdict[] {
  // Said by an earlier check.
  if (usable.length === 0) return []
  const up = usable.filter((channel) => of(channel).mayTry(clock.now)).length
  const refusal = up === 0 ? 'no_channel_available' : undefined
  return [{ check: 'channel', refusal, because: because('channels_up', { channels: up }) }]
}

/** Why a channel would not be tried now; `undefined`: it would. */
function whyDown({ of, standing, clock }: Rooms['health'], channel: Channel): Because | undefined {
  if (of(channel).mayTry(clock.now)) return undefined
  const { state, openUntil, reason } = standing(channel)
  if (state !== 'open' || openUntil === undefined || reason === undefined) {
    return because('channel_probed', {})
  }
  return because('channel_resting', { until: openUntil, cause: reason })
}

/** Contract 3.1, check 11, for a call of one token: how many a real one may need is not known here. */
export function judgeRates({ rates }: Pick<Rooms, 'rates'>, { limits }: ApiKey): Verdict {
  const check = 'rates'
  if (limits === undefined) {
    return { check, refusal: undefined, because: because('no_rate_limits', {}) }
  }
  const denial = rates.judge(limits, 1)
  if (denial !== undefined) {
    const reached = because('rate_limit_reached', exceededOf(denial))
    return { check, refusal: 'rate_limited', because: reached }
  }
  const { requests, tokens } = rates.standings(limits)
  const left = {
    ...(requests === undefined ? {} : { requests: requests.left }),
    ...(tokens === undefined ? {} : { tokens: tokens.left }),
  }
  return { check, refusal: undefined, because: because('rate_limits_left', left) }
}

/** Contract 3.1, check 13, as far as it can be said without a request: whether anything is left at all. */
export function judgeBalances(key: ApiKey, row: FoundKey): readonly Verdict[] {
  return [
    judgeBalance('quota', 'key', {
      unlimited: key.unlimited,
      remain: row.key_remain ?? 0,
      code: 'quota_exhausted',
    }),
    judgeBalance('balance', 'account', {
      unlimited: key.accountUnlimited,
      remain: row.account_remain ?? 0,
      code: 'insufficient_balance',
    }),
  ]
}

function judgeBalance(
  check: string,
  whose: 'key' | 'account',
  { unlimited, remain, code }: { unlimited: boolean; remain: number; code: RefusalCode },
): Verdict {
  return {
    check,
    refusal: unlimited || remain > 0 ? undefined : code,
    because: unlimited
      ? because('unlimited', { whose })
      : because('balance', { whose, left_units: remain }),
  }
}
