import Type from 'typebox'
import { LONGEST_PASSWORD, SHORTEST_PASSWORD } from '../../accounts/passwords.ts'
import { Refused } from '../../errors.ts'
import { requireFresh } from '../../sign-in/fresh.ts'
import { mustChange } from '../../storage/store.ts'
import { auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'

/** `POST /api/user/self/password`: the first password of an account that was opened without one. */
export const setFirstPassword = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/user/self/password',
    scope: 'account:write',
    summary: 'Choose a password for your account, which has none',
    description:
      'For whoever signs in by a passkey or another provider: takes a session of the console that was opened within a day, and ends the others. A password that is there is changed with the present one, by `/api/auth/change-password`.',
    tag: 'Your account',
    body: Type.Object({
      password: Type.String({
        minLength: SHORTEST_PASSWORD,
        maxLength: LONGEST_PASSWORD,
        writeOnly: true,
      }),
    }),
    async run(asked) {
      const { caller, body } = asked
      requireFresh(caller, rooms.now())
      const { accountId } = caller
      const { store } = rooms
      const hash = await rooms.turns.take(() => rooms.passwords.hash(body.password))
      const written = await store.write(
        [
          mustChange(
            store.db
              .updateTable('account')
              .set({ password_hash: hash, password_due: 0 })
              .where('id', '=', accountId)
              .where('deleted_at', 'is', null)
              .where('password_hash', 'is', null),
          ),
          store.db
            .deleteFrom('session')
            .where('account_id', '=', accountId)
            .where('id', '<>', caller.session ?? ''),
          auditStatement(rooms, asked, {
            action: 'account.update',
            subject: `account ${accountId}`,
            after: { password: 'set' },
          }),
        ],
        [{ kind: 'account', subject: String(accountId) }],
      )
      if (written.done) return {}
      const says = 'this account has a password: change it with the present one'
      throw new Refused('already_exists', says)
    },
  })
