import type { Channel } from './channel.ts'

/** What the groups offer: the answer to every question the relay asks, made when a channel changes. */
export interface Offers {
  /** Enabled channels that serve the model in the group, higher priority first. The list never changes. */
  candidates(group: string, model: string): readonly Channel[]
  /** Every model that some enabled channel serves in the group, sorted. */
  models(group: string): readonly string[]
  /** All channels anew. */
  fill(channels: Iterable<Channel>): void
  /** One channel as it is now; `undefined`: it is gone. Costs as much as it serves, however many others there are. */
  follow(id: number, channel: Channel | undefined): void
}

interface Offer {
  /** Calls are on their way through these lists: a change replaces them. */
  readonly byModel: Map<string, readonly Channel[]>
  /** The names, sorted when somebody asks; `undefined`: one came or went since. */
  models: readonly string[] | undefined
}

const NOBODY: readonly Channel[] = []
const NOTHING: readonly string[] = []

export function createOffers(): Offers {
  const offers = new Map<string, Offer>()
  /** As they were placed: where they have to be taken from. */
  const placed = new Map<number, Channel>()

  function take(channel: Channel) {
    placed.delete(channel.id)
    for (const group of channel.groups) {
      const offer = offers.get(group)
      if (offer === undefined) continue
      for (const model of channel.models) takeFrom(offer, model, channel)
      if (offer.byModel.size === 0) offers.delete(group)
    }
  }

  function place(channel: Channel) {
    if (!channel.enabled) return
    placed.set(channel.id, channel)
    for (const group of channel.groups) {
      const offer = offerOf(offers, group)
      for (const model of channel.models) placeIn(offer, model, channel)
    }
  }

  return {
    candidates: (group, model) => offers.get(group)?.byModel.get(model) ?? NOBODY,
    models(group) {
      const offer = offers.get(group)
      if (offer === undefined) return NOTHING
      offer.models ??= [...offer.byModel.keys()].sort()
      return offer.models
    },
    fill(channels) {
      offers.clear()
      placed.clear()
      const best = [...channels].filter(({ enabled }) => enabled).sort(byTurn)
      for (const channel of best) {
        placed.set(channel.id, channel)
        for (const group of channel.groups) append(offerOf(offers, group), channel)
      }
    },
    follow(id, channel) {
      const before = placed.get(id)
      if (before !== undefined) take(before)
      if (channel !== undefined) place(channel)
    },
  }
}

const byTurn = (a: Channel, b: Channel) => b.priority - a.priority || a.id - b.id

function offerOf(offers: Map<string, Offer>, group: string): Offer {
  const known = offers.get(group)
  if (known !== undefined) return known
  const offer: Offer = { byModel: new Map(), models: undefined }
  offers.set(group, offer)
  return offer
}

/** While all of them are placed in their order: nobody has seen these lists yet, so that none has to be replaced. */
function append({ byModel }: Offer, channel: Channel) {
  for (const model of channel.models) {
    const serving = byModel.get(model) as Channel[] | undefined
    if (serving === undefined) byModel.set(model, [channel])
    else serving.push(channel)
  }
}

function placeIn(offer: Offer, model: string, channel: Channel) {
  const serving = offer.byModel.get(model)
  if (serving === undefined) {
    offer.byModel.set(model, [channel])
    offer.models = undefined
    return
  }
  const next = serving.findIndex((other) => byTurn(channel, other) < 0)
  const at = next === -1 ? serving.length : next
  offer.byModel.set(model, serving.toSpliced(at, 0, channel))
}

function takeFrom(offer: Offer, model: string, channel: Channel) {
  const left = offer.byModel.get(model)?.filter((other) => other !== channel)
  if (left !== undefined && left.length > 0) {
    offer.byModel.set(model, left)
    return
  }
  offer.byModel.delete(model)
  offer.models = undefined
}
