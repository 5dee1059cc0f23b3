import type { Ledger } from '../ledger/ledger.ts'
import { boundOf, type Expected } from '../prices/bound.ts'
import { countInput } from '../prices/input-tokens.ts'
import type { PriceBook } from '../prices/price-book.ts'
import type { Tokenizer } from '../prices/tokenizer.ts'
import { fixedCost } from './jobs/fixed-cost.ts'
import { inputOf, quickly, roomFor, UNKNOWN_OUTPUT } from './reserve.ts'
import type { Offer, Reserved } from './values.ts'

export interface TopUpParts {
  readonly ledger: Pick<Ledger, 'available'>
  readonly prices: Pick<PriceBook, 'maxOutput'>
  readonly tokenizer: Pick<Tokenizer, 'count'>
}

/** The call as it goes on in another group or with another model; `undefined`: that offer is skipped. */
export type TopUp = (reserved: Reserved, offer: Offer) => Promise<Reserved | undefined>

/**
 * Contract 3.3: before a dearer group or model the reservation grows to the most that the call can cost there, or that is
 * skipped. Nobody waits for units that other calls hold. A call without a limit of its own may be given less room.
 */
export function createTopUp(parts: TopUpParts): TopUp {
  const { tokenizer } = parts
  return async function topUp(reserved, offer) {
    const { price, channels, model } = offer
    if (price === undefined || channels.every(({ free }) => free)) return reserved
    const { job } = reserved.call.parsed
    const fixed = job === undefined ? undefined : fixedCost(price, job)
    if (fixed !== undefined) {
      const fits =
        fixed <= reserved.reservation.amount || (await reserved.reservation.extend(fixed))
      return fits ? reserved : undefined
    }
    const expected = quickly(reserved.call, model)
    const quick = await grow(parts, reserved, { price, model, expected })
    if (quick !== undefined) return quick
    // The input is counted exactly before it is taken for too dear, as when units are reserved.
    const { most } = await countInput(inputOf(reserved.call, model), tokenizer.count)
    if (most >= expected.prompt) return undefined
    return grow(parts, reserved, { price, model, expected: { ...expected, prompt: most } })
  }
}

interface Bounded {
  readonly price: NonNullable<Offer['price']>
  readonly model: string
  readonly expected: Expected
}

async function grow(
  { ledger, prices }: TopUpParts,
  reserved: Reserved,
  { price, model, expected }: Bounded,
): Promise<Reserved | undefined> {
  const { reservation } = reserved
  const { choices, outputLimit: asked } = reserved.call.parsed
  const most = reserved.outputLimit ?? asked ?? prices.maxOutput(model) ?? UNKNOWN_OUTPUT
  let output = most
  if (asked === undefined) {
    const available = ledger.available(reservation.payers) + reservation.amount
    const room = roomFor(price, expected, { choices, own: most, available })
    if (room === undefined) return undefined
    output = room
  }
  const total = boundOf(price, expected, output * choices)
  if (total > reservation.amount && !(await reservation.extend(total))) return undefined
  return output === most ? reserved : { ...reserved, outputLimit: output }
}
