import Type, { type Static } from 'typebox'
import type { Channel } from '../../channels/channel.ts'
import type { RefusalCode } from '../../errors.ts'
import type { ApiKey } from '../../keys/api-key.ts'
import type { FoundKey } from '../../keys/find-key.ts'
import { denialText } from '../../rates/denial-text.ts'
import type { Rooms } from '../rooms.ts'

/** How one check came out. */
export interface Verdict {
  readonly check: string
  readonly refusal: RefusalCode | undefined
  readonly because: string
}

export const triedChannel = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  group: Type.String(),
  skipped: Type.Optional(Type.String({ description: 'Why it would not be tried.' })),
})
type TriedChannel = Static<typeof triedChannel>

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
    priced || channel.free ? whyDown(health, channel) : UNPRICED
  const names = key.groups.map(({ name }) => name)
  const walked = names.map((group) => ({ group, serving: directory.candidates(group, model) }))
  const channels = toBeTried(walked, key, whyNot)
  const everyone = new Map(walked.flatMap(({ serving }) => serving.map((one) => [one.id, one])))
  const usable = [...everyone.values()].filter(({ free }) => priced || free)
  const where = `${names.length > 1 ? 'the groups' : 'group'} ${names.join(', ')}`
  const served: Verdict = {
    check: 'served',
    refusal: everyone.size === 0 ? 'model_not_found' : undefined,
    because: `${countOf(everyone.size, 'channel')} of ${where} ${everyone.size === 1 ? 'serves' : 'serve'} ${model}`,
  }
  const price: Verdict = {
    check: 'price',
    refusal: everyone.size > 0 && usable.length === 0 ? 'price_missing' : undefined,
    because: priced ? `${model} has a price` : `${model} has no price`,
  }
  return { verdicts: [served, price], up: judgeHealth(health, usable), channels }
}

/** The channels in the order in which they are tried, and why some are not. */
function toBeTried(
  walked: readonly { readonly group: string; readonly serving: readonly Channel[] }[],
  { crossGroupRetry }: ApiKey,
  whyNot: (channel: Channel) => string | undefined,
): readonly TriedChannel[] {
  const isUp = ({ serving }: { readonly serving: readonly Channel[] }) =>
    serving.some((channel) => whyNot(channel) === undefined)
  /** Without cross-group retry no other one is tried. */
  const chosen = crossGroupRetry ? undefined : walked.find(isUp)?.group
  const tried = new Map<number, string>()
  return walked.flatMap(({ group, serving }) =>
    serving.map((channel) => {
      const { id, name } = channel
      const isLeftOut = chosen !== undefined && group !== chosen
      const skipped =
        whyNot(channel) ??
        (isLeftOut ? `cross_group_retry is off, and group ${chosen} is chosen` : undefined) ??
        (tried.has(id) ? `it is tried in group ${tried.get(id)} already` : undefined)
      if (skipped !== undefined) return { id, name, group, skipped }
      tried.set(id, group)
      return { id, name, group }
    }),
  )
}

const UNPRICED = 'the model has no price, and this channel is not free'

/** Contract 3.1, check 14, at this node: a channel may be tried. */
function judgeHealth(
  { of, clock }: Rooms['health'],
  usable: readonly Channel[],
): readonly Verdict[] {
  // Said by an earlier check.
  if (usable.length === 0) return []
  const up = usable.filter((channel) => of(channel).mayTry(clock.now)).length
  const refusal = up === 0 ? 'no_channel_available' : undefined
  return [{ check: 'channel', refusal, because: `${countOf(up, 'channel')} may be tried now` }]
}

/** Why a channel would not be tried now; `undefined`: it would. */
function whyDown({ of, standing, clock }: Rooms['health'], channel: Channel): string | undefined {
  if (of(channel).mayTry(clock.now)) return undefined
  const { state, openUntil, reason } = standing(channel)
  if (state !== 'open' || openUntil === undefined) return 'breaker half open: a probe is under way'
  return `breaker open until ${new Date(openUntil * 1000).toISOString()}: ${reason}`
}

/** Contract 3.1, check 11, for a call of one token: how many a real one may need is not known here. */
export function judgeRates({ rates }: Pick<Rooms, 'rates'>, { limits }: ApiKey): Verdict {
  const check = 'rates'
  if (limits === undefined) {
    return { check, refusal: undefined, because: 'neither the key nor its account has rate limits' }
  }
  const denial = rates.judge(limits, 1)
  if (denial !== undefined) {
    return { check, refusal: 'rate_limited', because: denialText(denial, 1) }
  }
  const { requests, tokens } = rates.standings(limits)
  const left = [
    ...(requests === undefined ? [] : [countOf(requests.left, 'request')]),
    ...(tokens === undefined ? [] : [countOf(tokens.left, 'token')]),
  ]
  const because =
    left.length === 0
      ? 'fewer calls are running than may run at a time'
      : `${left.join(' and ')} left in these 60 seconds`
  return { check, refusal: undefined, because }
}

/** Contract 3.1, check 13, as far as it can be said without a request: whether anything is left at all. */
export function judgeBalances(key: ApiKey, row: FoundKey): readonly Verdict[] {
  return [
    judgeBalance('quota', 'the key', {
      unlimited: key.unlimited,
      remain: row.key_remain ?? 0,
      code: 'quota_exhausted',
    }),
    judgeBalance('balance', 'the account', {
      unlimited: key.accountUnlimited,
      remain: row.account_remain ?? 0,
      code: 'insufficient_balance',
    }),
  ]
}

function judgeBalance(
  check: string,
  whose: string,
  { unlimited, remain, code }: { unlimited: boolean; remain: number; code: RefusalCode },
): Verdict {
  return {
    check,
    refusal: unlimited || remain > 0 ? undefined : code,
    because: unlimited ? `${whose} is unlimited` : `${whose} has ${countOf(remain, 'unit')} left`,
  }
}

const countOf = (count: number, what: string): string =>
  `${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}`
