import type { Directory } from '../channels/directory.ts'
import { Refused } from '../errors.ts'
import { AUTO } from '../groups/groups.ts'
import type { ApiKey } from '../keys/api-key.ts'
import { fallbacksFor } from '../keys/fallbacks.ts'
import type { Settings } from '../settings/settings.ts'
import { keeperOf } from './keeper.ts'
import { isModelFixed, type OfferParts, offersOf } from './offers.ts'
import { quoted } from './quoted.ts'
import type { Candidates, Grant, Kept, ModelCall, Offer } from './values.ts'

export interface RouteParts extends OfferParts {
  readonly directory: Pick<Directory, 'candidates' | 'get'>
  readonly settings: Pick<Settings, 'get'>
}

/**
 * Contract 3.1, check 10, and 3.3: in which groups the call can be served, by whom, and what it costs there. Whose turn it
 * is, is asked when the call goes out: before that it may wait, or be refused for reasons that come first. Where nobody
 * serves the asked model, the call begins with the first of its fallbacks that somebody serves.
 */
export function createRoute(parts: RouteParts) {
  return function route({ key, call }: Grant): Candidates {
    const { model } = call.parsed
    const { kept } = call
    const offers = offersOf(parts, key, model, kept)
    if (isAny(offers)) return { key, call, offers }
    const others = isModelFixed(call.parsed) ? [] : fallbacksFor(parts.settings, key, model)
    for (const other of others) {
      const offered = offersOf(parts, key, other, kept)
      if (isAny(offered)) return { key, call, offers: offered }
    }
    if (kept !== undefined) throw keptElsewhere(parts, key, call)
    throw nobody(parts, key, model)
  }
}

export const isAny = (offers: readonly Offer[]): offers is Candidates['offers'] => offers.length > 0

/** Others may well serve the model, but they know nothing of what the call names. */
function keptElsewhere(
  { directory }: RouteParts,
  key: ApiKey,
  { parsed, kept }: ModelCall,
): Refused {
  const { models } = keeperOf(directory, key, (kept as Kept).channelId)
  const model = quoted(parsed.model)
  if (models.has(parsed.model)) return new Refused('price_missing', `${model} has no price`)
  return new Refused(
    'model_not_found',
    `whoever keeps what this call names does not serve ${model}`,
  )
}

function nobody({ directory }: OfferParts, { group, groups }: ApiKey, model: string): Refused {
  const isServed = groups.some(({ name }) => directory.candidates(name, model).length > 0)
  if (isServed) return new Refused('price_missing', `${quoted(model)} has no price`)
  const names = groups.map(({ name }) => name).join(', ')
  const where = group === AUTO ? `the groups that ${AUTO} walks: ${names}` : `group ${names}`
  return new Refused('model_not_found', `nobody serves ${quoted(model)} in ${where}`)
}
