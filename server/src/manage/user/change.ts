import type { Account, AccountChange } from '../../accounts/accounts.ts'
import { hashPassword } from '../../accounts/passwords.ts'
import { Refused } from '../../errors.ts'
import { UniqueViolation } from '../../storage/failures.ts'
import { actorOf, auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { nameTaken } from './create.ts'
import { type ChangedAccount, changedAccount, checkUsername } from './fields.ts'
import { accountOf, accountParams, accountSchema, toAudited, toRecord } from './record.ts'

/** `PUT /api/user/{id}` */
export const changeUser = (rooms: Rooms) =>
  operation({
    method: 'PUT',
    path: '/api/user/{id}',
    scope: 'admin',
    summary: 'Change an account',
    description:
      'Omitted fields keep their value. `quota` sets what is left; use `POST /api/user/{id}/quota` to add or take.',
    tag: 'Accounts',
    params: accountParams,
    body: changedAccount,
    data: accountSchema,
    async run(asked) {
      const { id } = asked.params
      const before = await accountOf(rooms, id)
      const change = await toChange(asked.body)
      const { passwordHash, ...shown } = change
      const after = {
        ...toAudited(before),
        ...renamed(shown),
        ...(passwordHash === undefined ? {} : { password: 'changed' }),
      }
      const by = {
        actor: actorOf(asked),
        also: () => [
          auditStatement(rooms, asked, {
            action: 'account.update',
            subject: `account ${id}`,
            before: toAudited(before),
            after,
          }),
        ],
      }
      const done = await rooms.accounts.update(id, change, by).catch((error: unknown) => {
        throw error instanceof UniqueViolation ? nameTaken(change.username ?? '') : error
      })
      if (!done) throw await whyNot(rooms, before)
      return { data: toRecord(await accountOf(rooms, id)) }
    },
  })

async function toChange(sent: ChangedAccount): Promise<AccountChange> {
  const { username, password, role, status, group, groups, quota, unlimited_quota } = sent
  return {
    ...(username === undefined ? {} : { username: checkUsername(username) }),
    ...(password === undefined ? {} : { passwordHash: await hashPassword(password) }),
    ...(role === undefined ? {} : { role }),
    ...(status === undefined ? {} : { status }),
    ...(group === undefined ? {} : { group }),
    ...(groups === undefined ? {} : { groups }),
    ...(quota === undefined ? {} : { quota }),
    ...(unlimited_quota === undefined ? {} : { unlimited: unlimited_quota }),
  }
}

/** The audit log speaks the wire's words. */
function renamed({ unlimited, ...rest }: AccountChange): object {
  return unlimited === undefined ? rest : { ...rest, unlimited_quota: unlimited }
}

/** `DELETE /api/user/{id}` */
export const deleteUser = (rooms: Rooms) =>
  operation({
    method: 'DELETE',
    path: '/api/user/{id}',
    scope: 'admin',
    summary: 'Delete an account, its API keys and its access tokens',
    tag: 'Accounts',
    params: accountParams,
    async run(asked) {
      const { id } = asked.params
      const before = await accountOf(rooms, id)
      const by = {
        actor: actorOf(asked),
        also: () => [
          auditStatement(rooms, asked, {
            action: 'account.delete',
            subject: `account ${id}`,
            before: toAudited(before),
          }),
        ],
      }
      if (!(await rooms.accounts.remove(id, by))) throw await whyNot(rooms, before)
      return {}
    },
  })

/** The room refused inside its transaction: somebody else was faster, or nobody could administer afterwards. */
async function whyNot(rooms: Rooms, { id }: Account): Promise<Refused> {
  await accountOf(rooms, id)
  return new Refused(
    'in_use',
    `account ${id} is the last active administrator: make another one first`,
  )
}
