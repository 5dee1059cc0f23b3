import Type from 'typebox'
import type { Account } from '../../accounts/accounts.ts'
import { budgetsOf } from '../../budgets/budget.ts'
import { standingsOf } from '../../budgets/standing.ts'
import { accountEntity } from '../../ledger/entity.ts'
import { budgetStanding, toStanding } from '../budgets.ts'
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
    data: Type.Object({
      ...accountSchema.properties,
      budget_standings: Type.Optional(
        Type.Array(budgetStanding, { description: 'How its budgets stand. Absent without any.' }),
      ),
    }),
    async run({ params }) {
      const account = await accountOf(rooms, params.id)
      const standings = await standingsOfAccount(rooms, account)
      return { data: { ...toRecord(account), ...standings } }
    },
  })

async function standingsOfAccount({ store, now }: Rooms, { id, limits }: Account) {
  if (limits.budgets === undefined) return {}
  const budgets = budgetsOf('account', { entity: accountEntity(id), budgets: limits.budgets })
  return { budget_standings: (await standingsOf(store, budgets, now())).map(toStanding) }
}
