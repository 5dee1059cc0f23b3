import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { keyParams } from './fields.ts'
import { keyRecord, showRow } from './record.ts'
import { ownRow } from './rows.ts'

/** `GET /api/token/{id}`: one key. */
export const getKey = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/token/{id}',
    scope: 'keys:read',
    tag: 'Keys',
    summary: 'Read an API key',
    params: keyParams,
    data: keyRecord,
    run: async ({ caller, params }) =>
      showRow(rooms, caller, await ownRow(rooms, caller.accountId, params.id)),
  })
