import { mergeAccountLimits } from '../../accounts/account-limits.ts'
import { GroupGone } from '../../accounts/accounts.ts'
import { Refused } from '../../errors.ts'
import { UniqueViolation } from '../../storage/failures.ts'
import { actorOf, auditStatement } from '../audit/record.ts'
import { checkBudgets } from '../budgets.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { checkUsername, newAccount } from './fields.ts'
import { requireAccountGroups } from './groups.ts'
import { accountOf, accountSchema, toRecord } from './record.ts'

/** `POST /api/user/` */
export const createUser = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/user',
    scope: 'admin',
    summary: 'Create an account',
    tag: 'Accounts',
    body: newAccount,
    data: accountSchema,
    async run(asked) {
      const { password, ...sent } = asked.body
      checkBudgets(sent.budgets ?? [])
      const { unlimited_quota = false, email = null } = sent
      const shown = {
        username: checkUsername(sent.username),
        role: sent.role ?? 'user',
        group: sent.group ?? 'default',
        groups: sent.groups ?? [],
        quota: sent.quota ?? 0,
      }
      const limits = mergeAccountLimits({}, sent)
      const passwordHash = password === undefined ? null : await rooms.passwords.hash(password)
      const by = {
        actor: actorOf(asked),
        also: (id: number) => [
          auditStatement(rooms, asked, {
            action: 'account.create',
            subject: `account ${id}`,
            after: { ...shown, unlimited_quota, email, ...limits },
          }),
        ],
      }
      try {
        const wanted = {
          ...{ ...shown, unlimited: unlimited_quota, passwordHash, limits },
          ...{ email, emailVerified: true },
        }
        await requireAccountGroups(rooms, shown)
        const id = await rooms.accounts.create(wanted, by)
        return {
          data: toRecord(await accountOf(rooms, id)),
          headers: { location: `/api/user/${id}` },
        }
      } catch (error) {
        if (error instanceof GroupGone) throw groupGone()
        throw error instanceof UniqueViolation ? taken(error, shown.username) : error
      }
    },
  })

const groupGone = (): Refused =>
  new Refused('invalid_field', 'one of the groups was deleted at this moment')

/** Also for a change. */
export const taken = ({ columns }: UniqueViolation, username: string): Refused =>
  new Refused(
    'already_exists',
    columns.some((column) => column.endsWith('email'))
      ? 'there is an account with this e-mail address already'
      : `there is an account named ${username} already`,
  )
