import { type RefusalCode, Refused } from '../errors.ts'
import { fallbacksFor } from '../keys/fallbacks.ts'
import { offersOf } from './offers.ts'
import type { Steps } from './relay.ts'
import { isAny, type RouteParts } from './route.ts'
import type { Admitted, Reserved } from './values.ts'

/** Nobody lends units, and waiting gives none back. */
const TOO_DEAR: ReadonlySet<RefusalCode> = new Set([
  'quota_exhausted',
  'insufficient_balance',
  'budget_exhausted',
])

/**
 * Reserves, and where nobody serves the asked model, for the first of its fallbacks that can be paid for. When none can,
 * the refusal is about the first of them.
 */
export function createReserveFallback(
  parts: RouteParts,
  reserve: Steps['reserve'],
): Steps['reserve'] {
  async function firstAffordable(admitted: Admitted): Promise<Reserved> {
    const first = await unlessTooDear(reserve, admitted)
    if (!(first instanceof Refused)) return first
    const { key, call, running, offers } = admitted
    const models = fallbacksFor(parts.settings, key, call.parsed.model)
    for (const model of models.slice(models.indexOf(offers[0].model) + 1)) {
      const others = offersOf(parts, key, model)
      if (!isAny(others)) continue
      const reserved = await unlessTooDear(reserve, { ...admitted, offers: others })
      if (reserved instanceof Refused) continue
      running.offer = others[0]
      return reserved
    }
    throw first
  }

  return (admitted) =>
    admitted.offers[0].model === admitted.call.parsed.model
      ? reserve(admitted)
      : firstAffordable(admitted)
}

async function unlessTooDear(
  reserve: Steps['reserve'],
  admitted: Admitted,
): Promise<Reserved | Refused> {
  try {
    return await reserve(admitted)
  } catch (failure) {
    if (failure instanceof Refused && TOO_DEAR.has(failure.code)) return failure
    throw failure
  }
}
