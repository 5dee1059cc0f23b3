import type { Channel } from '../channels/channel.ts'
import type { Directory } from '../channels/directory.ts'
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
  /** 0 <= x < 1. */
  readonly random: () => number
}

/** Contract 3.1, check 10, and 3.3: in which groups the call can be served, by whom, and what it costs there. */
export function createRoute(parts: RouteParts) {
  return function route({ key, call }: Grant): Candidates {
    const { model } = call.parsed
    const offers: Offer[] = []
    for (const walked of key.groups) {
      const offer = offerOf(parts, walked, model)
      if (offer === undefined) continue
      offers.push(offer)
      // Without it a call stays in the first group that can serve it.
      if (!key.crossGroupRetry) break
    }
    if (offers.length === 0) throw nobody(parts, key, model)
    return { key, call, offers: offers as [Offer, ...Offer[]] }
  }
}

/** What the group offers; `undefined`: nobody in it can be used, so that the next one is asked. */
function offerOf(
  { directory, prices, random }: RouteParts,
  { name, ratio }: WalkedGroup,
  model: string,
): Offer | undefined {
  const serving = directory.candidates(name, model)
  if (serving.length === 0) return undefined
  const price = prices.priceOf(model, ratio)
  // Without a price only those can be used that cost nothing.
  const usable = price === undefined ? serving.filter(({ free }) => free) : serving
  if (usable.length === 0) return undefined
  const channels = usable.length === 1 ? usable : inTurn(usable, random)
  return { group: name, channels, price }
}

function nobody({ directory }: RouteParts, { group, groups }: ApiKey, model: string): Refused {
  const isServed = groups.some(({ name }) => directory.candidates(name, model).length > 0)
  if (isServed) return new Refused('price_missing', `${quoted(model)} has no price`)
  const names = groups.map(({ name }) => name).join(', ')
  const where = group === AUTO ? `the groups that ${AUTO} walks: ${names}` : `group ${names}`
  return new Refused('model_not_found', `nobody serves ${quoted(model)} in ${where}`)
}

/** Higher priority first; among equals by chance, as often as their weights say. */
function inTurn(channels: readonly Channel[], random: () => number): readonly Channel[] {
  const left = [...channels]
  const ordered: Channel[] = []
  while (left.length > 0) {
    const priority = (left[0] as Channel).priority
    const equals = left.filter((channel) => channel.priority === priority)
    const chosen = byWeight(equals, random)
    ordered.push(chosen)
    left.splice(left.indexOf(chosen), 1)
  }
  return ordered
}

/** Weights of 0 are never chosen while another one is there. */
function byWeight(channels: readonly Channel[], random: () => number): Channel {
  let left = random() * channels.reduce((sum, { weight }) => sum + weight, 0)
  const chosen = channels.find(({ weight }) => {
    left -= weight
    return left < 0
  })
  return chosen ?? (channels[0] as Channel)
}
