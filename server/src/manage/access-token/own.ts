import Type from 'typebox'
import type { AccessToken } from '../../accounts/access-tokens.ts'
import { Refused } from '../../errors.ts'
import { auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { scopesSchema } from './create.ts'

const seconds = Type.Union([Type.Integer(), Type.Null()])

const tokenSchema = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  hint: Type.String({ description: 'The last four characters of the token.' }),
  scopes: Type.Union([scopesSchema, Type.Null()]),
  expires_at: seconds,
  created_time: Type.Integer(),
  last_used_at: seconds,
})

/** `GET /api/user/self/access_tokens` */
export const listOwnAccessTokens = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/user/self/access_tokens',
    scope: 'account:write',
    summary: 'List your personal access tokens, newest first',
    tag: 'Your account',
    query: Type.Object(pageQuery),
    data: pageSchema(tokenSchema),
    async run({ caller, query }) {
      const page = pageOf(query)
      const tokens = await rooms.accessTokens.list(caller.accountId)
      const shown = tokens.slice(page.skip, page.skip + page.pageSize)
      return { data: pageOfItems(page, tokens.length, shown.map(toRecord)) }
    },
  })

/** `DELETE /api/user/self/access_tokens/{id}` */
export const deleteOwnAccessToken = (rooms: Rooms) =>
  operation({
    method: 'DELETE',
    path: '/api/user/self/access_tokens/{id}',
    scope: 'account:write',
    summary: 'Delete one of your personal access tokens',
    tag: 'Your account',
    params: Type.Object({ id: Type.Integer() }),
    async run(asked) {
      const { id } = asked.params
      const removed = await rooms.accessTokens.remove(asked.caller.accountId, id, () => [
        auditStatement(rooms, asked, {
          action: 'access_token.delete',
          subject: `access token ${id}`,
        }),
      ])
      if (!removed) throw new Refused('not_found', `you have no access token ${id}`)
      return {}
    },
  })

const toRecord = (token: AccessToken) => ({
  id: token.id,
  name: token.name,
  hint: token.hint,
  scopes: token.scopes,
  expires_at: token.expiresAt,
  created_time: token.createdAt,
  last_used_at: token.lastUsedAt,
})
