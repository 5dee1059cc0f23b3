import Type from 'typebox'
import { linkTo, newToken, resetStatement } from '../../sign-in/one-time-links.ts'
import { auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { accountOf, accountParams } from './record.ts'

const VALID_MS = 86_400_000

/** `POST /api/user/{id}/reset_link` */
export const createResetLink = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/user/{id}/reset_link',
    scope: 'admin',
    summary: 'Make a link by which somebody chooses a new password',
    description:
      'It works once, within a day. Pass it on yourself; their sessions end when it is used.',
    tag: 'Accounts',
    params: accountParams,
    data: Type.Object({
      url: Type.String({ description: 'Shown this once.' }),
      expires_at: Type.Integer({ description: 'Unix seconds.' }),
    }),
    async run(asked) {
      const { id } = await accountOf(rooms, asked.params.id)
      const token = newToken(rooms.random)
      const now = rooms.now()
      const expiresAt = now + VALID_MS
      const audited = { action: 'account.reset_link', subject: `account ${id}` }
      await rooms.store.write([
        resetStatement(rooms.store, { accountId: id, token, now, expiresAt }),
        auditStatement(rooms, asked, audited),
      ])
      const url = linkTo(asked.origin(), 'reset-password', token)
      return { data: { url, expires_at: Math.floor(expiresAt / 1000) }, secret: true }
    },
  })

/** `DELETE /api/user/{id}/second_factors` */
export const forgetSecondFactors = (rooms: Rooms) =>
  operation({
    method: 'DELETE',
    path: '/api/user/{id}/second_factors',
    scope: 'admin',
    summary: 'Forget the authenticator and the passkeys of an account',
    description:
      'For whoever lost them: the password alone opens the account again. Its sessions end.',
    tag: 'Accounts',
    params: accountParams,
    async run(asked) {
      const { id } = await accountOf(rooms, asked.params.id)
      const { store } = rooms
      await store.write(
        [
          store.db.updateTable('account').set({ two_factor: 0 }).where('id', '=', id),
          store.db.deleteFrom('two_factor').where('account_id', '=', id),
          store.db.deleteFrom('passkey').where('account_id', '=', id),
          store.db.deleteFrom('session').where('account_id', '=', id),
          auditStatement(rooms, asked, {
            action: 'account.update',
            subject: `account ${id}`,
            after: { second_factors: 'forgotten' },
          }),
        ],
        [{ kind: 'account', subject: String(id) }],
      )
      return {}
    },
  })
