import { Refused } from '../../errors.ts'
import type { PriceBook } from '../../prices/price-book.ts'
import { type Translated, translate } from '../translate.ts'
import type { Course } from './course.ts'

export interface SayParts {
  readonly prices: Pick<PriceBook, 'maxOutput'>
}

/** The call as the course's channel understands it, or why it can't be said in its dialect. */
export function sayable({ prices }: SayParts, course: Course): Translated | Refused {
  const { reserved, channel, offer, headers } = course
  try {
    return translate(reserved, channel, {
      headers,
      model: offer.model,
      maxOutput: prices.maxOutput,
    })
  } catch (refused) {
    if (refused instanceof Refused) return refused
    throw refused
  }
}
