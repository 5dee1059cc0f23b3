import type { Directory } from '../channels/directory.ts'
import type { Health } from '../channels/health/health.ts'
import { Refused } from '../errors.ts'
import { AUTO } from '../groups/groups.ts'
import type { ApiKey } from '../keys/api-key.ts'
import type { WalkedGroup } from '../keys/group-policy.ts'
import type { PriceBook } from '../prices/price-book.ts'
import { quoted } from './quoted.ts'
import type { Candidates, Grant, Offer } from './values.ts'

export interface RouteParts {
  readonly directory: Pick<Directory, 'candidates'>
  readonly prices: Pick<PriceBook, 'priceOf'>
  readonly health: Pick<Health, 'of' | 'clock'>
}

/**
 * Contract 3.1, check 10, and 3.3: in which groups the call can be served, by whom, and what it costs there. Whose turn it
 * is, is asked when the call goes out: before that it may wait, or be refused for reasons that come first.
 */
export function createRoute(parts: RouteParts) {
  return function route({ key, call }: Grant): Candidates {
    const { model } = call.parsed
    const offers: Offer[] = []
    for (const walked of key.groups) {
      const offer = offerOf(parts, walked, model)
      if (offer !== undefined) offers.push(offer)
    }
    const [first] = offers
    if (first === undefined) throw nobody(parts, key, model)
    return { key, call, offers: offers.length === 1 ? [first] : chosenOf(parts, key, offers) }
  }
}

/** What the group offers; `undefined`: nobody in it can be used, so that the next one is asked. */
function offerOf(
  { directory, prices }: RouteParts,
  { name, ratio }: WalkedGroup,
  model: string,
): Offer | undefined {
  const serving = directory.candidates(name, model)
  if (serving.length === 0) return undefined
  const price = prices.priceOf(model, ratio)
  // Without a price only those can be used that cost nothing.
  const usable = price === undefined ? serving.filter(({ free }) => free) : serving
  if (usable.length === 0) return undefined
  return { group: name, channels: usable, price }
}

/** From the first group on in which a channel is up; that one alone where the key does not go from group to group. */
function chosenOf(
  { health }: RouteParts,
  { crossGroupRetry }: ApiKey,
  offers: readonly Offer[],
): Candidates['offers'] {
  const { now } = health.clock
  const isUp = ({ channels }: Offer) => channels.some((channel) => health.of(channel).mayTry(now))
  const from = Math.max(0, offers.findIndex(isUp))
  const chosen = crossGroupRetry ? offers.slice(from) : offers.slice(from, from + 1)
  return chosen as [Offer, ...Offer[]]
}

function nobody({ directory }: RouteParts, { group, groups }: ApiKey, model: string): Refused {
  const isServed = groups.some(({ name }) => directory.candidates(name, model).length > 0)
  if (isServed) return new Refused('price_missing', `${quoted(model)} has no price`)
  const names = groups.map(({ name }) => name).join(', ')
  const where = group === AUTO ? `the groups that ${AUTO} walks: ${names}` : `group ${names}`
  return new Refused('model_not_found', `nobody serves ${quoted(model)} in ${where}`)
}
