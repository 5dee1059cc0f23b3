import Type, { type Static } from 'typebox'
import { LONGEST_TOKEN_NAME } from '../../accounts/access-token-shape.ts'
import { ACCESS_SCOPES } from '../../accounts/caller.ts'
import { auditStatement } from '../audit/record.ts'
import { type Answer, type Asked, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { accountOf, accountParams } from '../user/record.ts'
import { checkBounds } from './bounds.ts'

/** Larger numbers are milliseconds that somebody took for seconds (as for keys, contract 2.1). */
const MOST_SECONDS = 99_999_999_999

export const scopesSchema = Type.Array(
  Type.Union(ACCESS_SCOPES.map((scope) => Type.Literal(scope))),
)

const newToken = Type.Object({
  name: Type.String({ minLength: 1, maxLength: LONGEST_TOKEN_NAME }),
  expires_at: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MOST_SECONDS,
      description: 'Unix seconds. Omitted: never.',
    }),
  ),
  scopes: Type.Optional(scopesSchema),
})

const created = Type.Object({
  id: Type.Integer(),
  token: Type.String({ description: 'Shown this once.' }),
})

/** `POST /api/user/self/access_tokens` */
export const createOwnAccessToken = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/user/self/access_tokens',
    scope: 'account:write',
    summary: 'Create a personal access token',
    description: 'None is wider or longer-lived than the one it is created with.',
    tag: 'Your account',
    body: newToken,
    data: created,
    run: (asked) => create(rooms, asked, asked.caller.accountId),
  })

/** `POST /api/user/{id}/access_tokens` */
export const createAccessTokenFor = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/user/{id}/access_tokens',
    scope: 'admin',
    summary: 'Create a personal access token for another account',
    tag: 'Accounts',
    params: accountParams,
    body: newToken,
    data: created,
    async run(asked) {
      await accountOf(rooms, asked.params.id)
      return create(rooms, asked, asked.params.id)
    },
  })

async function create(
  rooms: Rooms,
  asked: Asked<unknown, unknown, Static<typeof newToken>>,
  accountId: number,
): Promise<Answer> {
  const { name, scopes = null, expires_at: expiresAt = null } = asked.body
  checkBounds(asked.caller, { scopes, expiresAt }, Math.floor(rooms.now() / 1000))
  const { id, token } = await rooms.accessTokens.create(
    { accountId, name, scopes, expiresAt },
    (id) => [
      auditStatement(rooms, asked, {
        action: 'access_token.create',
        subject: `access token ${id}`,
        after: { account_id: accountId, name, scopes, expires_at: expiresAt },
      }),
    ],
  )
  return { data: { id, token }, secret: true }
}
