import type { Operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { createInvitation, listInvitations, withdrawInvitation } from './invitations.ts'
import { signUp } from './sign-up.ts'

/** How people come by accounts of their own. */
export const signUpOperations = (rooms: Rooms): readonly Operation[] => [
  signUp(rooms),
  createInvitation(rooms),
  listInvitations(rooms),
  withdrawInvitation(rooms),
]
