import type { Operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { balanceOfCurrentKey } from './balance.ts'
import { logOfCurrentKey } from './log.ts'
import { usageOfCurrentKey } from './usage.ts'

/** What an API key may ask about itself. */
export const currentKeyOperations = (rooms: Rooms): readonly Operation[] => [
  usageOfCurrentKey(rooms),
  balanceOfCurrentKey(rooms),
  logOfCurrentKey(rooms),
]
