import { isDeepStrictEqual } from 'node:util'
import { mergeAccountLimits } from '../../accounts/account-limits.ts'
import type { Account, AccountChange } from '../../accounts/accounts.ts'
import { Refused } from '../../errors.ts'
import { UniqueViolation } from '../../storage/failures.ts'
import { actorOf, auditStatement } from '../audit/record.ts'
import { checkBudgets } from '../budgets.ts'
import { type Asked, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { taken } from './create.ts'
import { type ChangedAccount, changedAccount, checkUsername } from './fields.ts'
import { requireAccountGroups } from './groups.ts'
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
      checkBudgets(asked.body.budgets ?? [])
      const sent = await toChange(rooms, asked.body)
      for (;;) {
        const before = await accountOf(rooms, id)
        await requireAccountGroups(rooms, asked.body)
        const change = { ...sent, ...limitsChange(before, asked.body) }
        if (await update(rooms, asked, { before, change })) break
        // A group was deleted at this moment.
        await requireAccountGroups(rooms, asked.body)
        const now = await accountOf(rooms, id)
        // Again when another update came between: the limits that one changed must be kept.
        if (isDeepStrictEqual(now.limits, before.limits)) throw lastAdmin(id)
      }
      return { data: toRecord(await accountOf(rooms, id)) }
    },
  })

interface Changing {
  readonly before: Account
  readonly change: AccountChange
}

/** False when nothing was changed: see `Accounts.update`. */
async function update(rooms: Rooms, asked: Asked, { before, change }: Changing): Promise<boolean> {
  const { id } = before
  const by = {
    actor: actorOf(asked),
    also: () => [
      auditStatement(rooms, asked, {
        action: 'account.update',
        subject: `account ${id}`,
        before: toAudited(before),
        after: auditedAfter(before, change),
      }),
    ],
  }
  return rooms.accounts.update(id, change, by).catch((error: unknown) => {
    throw error instanceof UniqueViolation
      ? taken(error, change.username ?? before.username)
      : error
  })
}

/** Empty when no limit was sent. */
function limitsChange(
  { limits: before }: Account,
  sent: ChangedAccount,
): Pick<AccountChange, 'limits'> {
  const after = mergeAccountLimits(before, sent)
  return isDeepStrictEqual(before, after) ? {} : { limits: { before, after } }
}

async function toChange({ passwords }: Rooms, sent: ChangedAccount): Promise<AccountChange> {
  const { username, password, email, role, status, group, groups, quota, unlimited_quota } = sent
  return {
    ...(username === undefined ? {} : { username: checkUsername(username) }),
    ...(password === undefined ? {} : { passwordHash: await passwords.hash(password) }),
    ...(email === undefined ? {} : { email, emailVerified: true }),
    ...(role === undefined ? {} : { role }),
    ...(status === undefined ? {} : { status }),
    ...(group === undefined ? {} : { group }),
    ...(groups === undefined ? {} : { groups }),
    ...(quota === undefined ? {} : { quota }),
    ...(unlimited_quota === undefined ? {} : { unlimited: unlimited_quota }),
  }
}

/** The audit log speaks the wire's words. */
function auditedAfter(before: Account, change: AccountChange): object {
  const { passwordHash, unlimited = before.unlimited, limits, emailVerified: _, ...shown } = change
  return {
    ...toAudited({ ...before, unlimited, limits: limits?.after ?? before.limits }),
    ...shown,
    ...(passwordHash === undefined ? {} : { password: 'changed' }),
  }
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
      if (!(await rooms.accounts.remove(id, by))) {
        // Somebody else was faster, or nobody could administer afterwards.
        await accountOf(rooms, id)
        throw lastAdmin(id)
      }
      return {}
    },
  })

/** The room refused inside its transaction: nobody could administer afterwards. */
const lastAdmin = (id: number): Refused =>
  new Refused('in_use', `account ${id} is the last active administrator: make another one first`)
