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

export interface TriedChannel {
  readonly id: number
  readonly name: string
  readonly group: string
  readonly skipped?: string
}

interface Judged {
  readonly verdicts: readonly Verdict[]
  readonly channels: readonly TriedChannel[]
}

/** Contract 3.1, check 10: somebody serves the model in the groups of the key, and it has a price. */
export function judgeRoute(
  { directory, prices }: Pick<Rooms, 'directory' | 'prices'>,
  key: ApiKey,
  model: string | undefined,
): Judged {
  if (model === undefined) return { verdicts: [], channels: [] }
  const priced = prices.priceOf(model) !== undefined
  const tried = new Map<number, string>()
  const channels: TriedChannel[] = []
  /** The first group that can serve it: without cross-group retry no other one is tried. */
  let chosen: string | undefined
  for (const { name: group } of key.groups) {
    const isLeftOut = chosen !== undefined && !key.crossGroupRetry
    for (const { id, name, free } of directory.candidates(group, model)) {
      const skipped =
        (isLeftOut ? `cross_group_retry is off, and group ${chosen} comes first` : undefined) ??
        (priced || free ? undefined : 'the model has no price, and this channel is not free') ??
        (tried.has(id) ? `it is tried in group ${tried.get(id)} already` : undefined)
      channels.push({ id, name, group, ...(skipped === undefined ? {} : { skipped }) })
      if (skipped !== undefined) continue
      chosen ??= group
      tried.set(id, group)
    }
  }
  const names = key.groups.map(({ name }) => name)
  const where = `${names.length > 1 ? 'the groups' : 'group'} ${names.join(', ')}`
  const serving = new Set(channels.map(({ id }) => id)).size
  const served: Verdict = {
    check: 'served',
    refusal: serving === 0 ? 'model_not_found' : undefined,
    because: `${countOf(serving, 'channel')} of ${where} ${serving === 1 ? 'serves' : 'serve'} ${model}`,
  }
  const price: Verdict = {
    check: 'price',
    refusal: serving > 0 && chosen === undefined ? 'price_missing' : undefined,
    because: priced ? `${model} has a price` : `${model} has no price`,
  }
  return { verdicts: [served, price], channels }
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
