import Type from 'typebox'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { accountOf, selfSchema, toSelf } from './record.ts'

/** `GET /api/user/self` */
export const getSelf = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/user/self',
    scope: 'any',
    summary: 'Get your own account',
    tag: 'Your account',
    data: selfSchema,
    run: async ({ caller }) => ({ data: toSelf(await accountOf(rooms, caller.accountId)) }),
  })

/** `GET /api/user/self/groups` */
export const getOwnGroups = () =>
  operation({
    method: 'GET',
    path: '/api/user/self/groups',
    scope: 'any',
    summary: 'Groups that your API keys may use',
    tag: 'Your account',
    data: Type.Record(Type.String(), Type.Object({ ratio: Type.Number(), desc: Type.String() })),
    async run({ caller }) {
      const names = new Set([caller.group, ...caller.groups])
      return {
        data: Object.fromEntries([...names].map((name) => [name, { ratio: 1, desc: '' }])),
      }
    },
  })
