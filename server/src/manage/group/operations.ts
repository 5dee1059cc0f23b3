import type { Operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { getAuto, setAuto } from './auto.ts'
import { changeGroup } from './change.ts'
import { createGroup } from './create.ts'
import { listGroups } from './list.ts'
import { deleteGroup } from './remove.ts'

/** Groups of channels, and the order in which `auto` walks them. */
export const groupOperations = (rooms: Rooms): readonly Operation[] => [
  createGroup(rooms),
  listGroups(rooms),
  changeGroup(rooms),
  deleteGroup(rooms),
  getAuto(rooms),
  setAuto(rooms),
]
