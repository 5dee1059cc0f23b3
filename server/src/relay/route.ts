import type { Channel } from '../channels/channel.ts'
import type { Directory } from '../channels/directory.ts'
import { Refused } from '../errors.ts'
import type { PriceBook } from '../prices/price-book.ts'
import { quoted } from './quoted.ts'
import type { Candidates, Grant } from './values.ts'

export interface RouteParts {
  readonly directory: Pick<Directory, 'candidates'>
  readonly prices: Pick<PriceBook, 'priceOf'>
  /** 0 <= x < 1. */
  readonly random: () => number
}

/** Contract 3.1, check 10: who serves the model in the key's group, best first, and what it costs. */
export function createRoute({ directory, prices, random }: RouteParts) {
  return function route(grant: Grant): Candidates {
    const { model } = grant.call.parsed
    const serving = directory.candidates(grant.group, model)
    if (serving.length === 0) {
      throw new Refused('model_not_found', `nobody serves ${quoted(model)} in group ${grant.group}`)
    }
    const price = prices.priceOf(model)
    // Without a price only those can be used that cost nothing.
    const usable = price === undefined ? serving.filter(({ free }) => free) : serving
    if (usable.length === 0) throw new Refused('price_missing', `${quoted(model)} has no price`)
    return { ...grant, channels: usable.length === 1 ? usable : inTurn(usable, random), price }
  }
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
