import type { Rooms } from '../rooms.ts'
import { getPrice } from './get.ts'
import { listPrices } from './list.ts'
import { quotePrice } from './quote.ts'
import { removePrice } from './remove.ts'
import { replaceCatalogue } from './replace-catalogue.ts'
import { setPrice } from './set.ts'

/** The operations on prices. */
export const priceOperations = (rooms: Rooms) => [
  listPrices(rooms),
  quotePrice(rooms),
  replaceCatalogue(rooms),
  getPrice(rooms),
  setPrice(rooms),
  removePrice(rooms),
]
