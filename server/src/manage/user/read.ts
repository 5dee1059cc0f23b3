import Type from 'typebox'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { accountOf, accountParams, accountSchema, toRecord } from './record.ts'

/** `GET /api/user/` */
export const listUsers = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/user',
    scope: 'admin',
    summary: 'List accounts, newest first',
    tag: 'Accounts',
    query: Type.Object(pageQuery),
    data: pageSchema(accountSchema),
    async run({ query }) {
      const page = pageOf(query)
      const { total, accounts } = await rooms.accounts.list({
        skip: page.skip,
        take: page.pageSize,
      })
      return { data: pageOfItems(page, total, accounts.map(toRecord)) }
    },
  })

/** `GET /api/user/{id}` */
export const getUser = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/user/{id}',
    scope: 'admin',
    summary: 'Get an account',
    tag: 'Accounts',
    params: accountParams,
    data: accountSchema,
    run: async ({ params }) => ({ data: toRecord(await accountOf(rooms, params.id)) }),
  })
