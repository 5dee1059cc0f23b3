import type { Operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { checkKey } from './check.ts'
import { createKey } from './create.ts'
import { getKey } from './get.ts'
import { listKeys } from './list.ts'
import { changeQuota } from './quota.ts'
import { removeKey } from './remove.ts'
import { removeKeys } from './remove-batch.ts'
import { revealKey } from './reveal.ts'
import { rotateKey } from './rotate.ts'
import { searchKeys } from './search.ts'
import { updateApiKey } from './update.ts'
import { updateKeys } from './update-batch.ts'

/** The operations on API keys. */
export const tokenOperations = (rooms: Rooms): readonly Operation[] => [
  createKey(rooms),
  listKeys(rooms),
  searchKeys(rooms),
  getKey(rooms),
  updateApiKey(rooms),
  removeKey(rooms),
  updateKeys(rooms),
  removeKeys(rooms),
  rotateKey(rooms),
  changeQuota(rooms),
  revealKey(rooms),
  checkKey(rooms),
]
