import type { Operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { createAccessTokenFor, createOwnAccessToken } from './create.ts'
import { deleteOwnAccessToken, listOwnAccessTokens } from './own.ts'

/** Personal access tokens. */
export const accessTokenOperations = (rooms: Rooms): readonly Operation[] => [
  createOwnAccessToken(rooms),
  listOwnAccessTokens(rooms),
  deleteOwnAccessToken(rooms),
  createAccessTokenFor(rooms),
]
