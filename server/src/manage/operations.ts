import { accessTokenOperations } from './access-token/operations.ts'
import { channelOperations } from './channel/operations.ts'
import { currentKeyOperations } from './current-key/operations.ts'
import { logOperations } from './log/operations.ts'
import { modelListOperations } from './model-list/operations.ts'
import type { Operation } from './operation.ts'
import { priceOperations } from './price/operations.ts'
import type { Rooms } from './rooms.ts'
import { settingOperations } from './setting/operations.ts'
import { statusOperations } from './status/operations.ts'
import { tokenOperations } from './token/operations.ts'
import { userOperations } from './user/operations.ts'

/** Every operation of the management API. */
export const operations = (rooms: Rooms): readonly Operation[] => [
  ...tokenOperations(rooms),
  ...currentKeyOperations(rooms),
  ...userOperations(rooms),
  ...accessTokenOperations(rooms),
  ...channelOperations(rooms),
  ...settingOperations(rooms),
  ...priceOperations(rooms),
  ...logOperations(rooms),
  ...modelListOperations(rooms),
  ...statusOperations(rooms),
]
