import type { Operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { createRedemptions } from './create.ts'
import { listRedemptions } from './list.ts'
import { topUp } from './top-up.ts'
import { withdrawRedemption } from './withdraw.ts'

/** Codes that administrators make and accounts redeem. */
export const redemptionOperations = (rooms: Rooms): readonly Operation[] => [
  topUp(rooms),
  createRedemptions(rooms),
  listRedemptions(rooms),
  withdrawRedemption(rooms),
]
