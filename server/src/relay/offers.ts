import type { Directory } from '../channels/directory.ts'
import type { Health } from '../channels/health/health.ts'
import type { ParsedCall } from '../dialects/dialect.ts'
import type { ApiKey } from '../keys/api-key.ts'
import type { WalkedGroup } from '../keys/group-policy.ts'
import type { PriceBook } from '../prices/price-book.ts'
import type { Kept, Offer } from './values.ts'

export interface OfferParts {
  readonly directory: Pick<Directory, 'candidates'>
  readonly prices: Pick<PriceBook, 'priceOf'>
  readonly health: Pick<Health, 'of' | 'clock'>
}

/**
 * Contract 3.3: in which groups of the key a model can be served, by whom, and what it costs there. Empty: in none.
 * `kept`: where the call has to go.
 */
export function offersOf(
  parts: OfferParts,
  key: ApiKey,
  model: string,
  kept?: Kept,
): readonly Offer[] {
  const offers: Offer[] = []
  for (const walked of key.groups) {
    const offer = offerOf(parts, walked, { model, kept })
    if (offer !== undefined) offers.push(offer)
  }
  return offers.length < 2 ? offers : chosenOf(parts, key, offers)
}

/** What the group offers; `undefined`: nobody in it can be used, so that the next one is asked. */
function offerOf(
  { directory, prices }: OfferParts,
  { name, ratio }: WalkedGroup,
  { model, kept }: { readonly model: string; readonly kept: Kept | undefined },
): Offer | undefined {
  const candidates = directory.candidates(name, model)
  const serving =
    kept === undefined ? candidates : candidates.filter(({ id }) => id === kept.channelId)
  if (serving.length === 0) return undefined
  const price = prices.priceOf(model, ratio)
  // Without a price only those can be used that cost nothing.
  const usable = price === undefined ? serving.filter(({ free }) => free) : serving
  if (usable.length === 0) return undefined
  return { group: name, model, channels: usable, price }
}

/** From the first group on in which a channel is up; that one alone where the key does not go from group to group. */
function chosenOf(
  { health }: OfferParts,
  { crossGroupRetry }: ApiKey,
  offers: readonly Offer[],
): readonly Offer[] {
  const { now } = health.clock
  const isUp = ({ channels }: Offer) => channels.some((channel) => health.of(channel).mayTry(now))
  const from = Math.max(0, offers.findIndex(isUp))
  return crossGroupRetry ? offers.slice(from) : offers.slice(from, from + 1)
}

/** Whether no other model can take the place of the asked one: the call names it by what it is about, not in its body. */
export const isModelFixed = ({ job, spans }: ParsedCall): boolean =>
  job !== undefined && !spans.has('model')
