import type { Operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { getOwnAddress } from './address.ts'
import { changeUser, deleteUser } from './change.ts'
import { createUser } from './create.ts'
import { listOwnEntries } from './entries.ts'
import { changeOwnEmail, confirmOwnEmail } from './own-email.ts'
import { setFirstPassword } from './own-password.ts'
import { adjustUserQuota } from './quota.ts'
import { getUser, listUsers } from './read.ts'
import { getOwnGroups, getSelf } from './self.ts'
import { createResetLink, forgetSecondFactors } from './sign-in.ts'

/** Accounts: one's own, and everybody's for administrators. */
export const userOperations = (rooms: Rooms): readonly Operation[] => [
  getSelf(rooms),
  getOwnGroups(rooms),
  listOwnEntries(rooms),
  getOwnAddress(),
  setFirstPassword(rooms),
  changeOwnEmail(rooms),
  confirmOwnEmail(rooms),
  createUser(rooms),
  listUsers(rooms),
  getUser(rooms),
  changeUser(rooms),
  deleteUser(rooms),
  adjustUserQuota(rooms),
  createResetLink(rooms),
  forgetSecondFactors(rooms),
]
