import Type from 'typebox'
import type { Account } from '../../accounts/accounts.ts'
import { Refused } from '../../errors.ts'
import { MOST_UNITS } from '../../ledger/units.ts'
import { budgetsShown } from '../budgets.ts'
import { limitsShown } from '../rate-limits.ts'
import type { Rooms } from '../rooms.ts'

const LONGEST_NAME = 64

/** A group's name, as accounts, channels and keys refer to it. */
export const groupName = Type.String({ minLength: 1, maxLength: LONGEST_NAME })

export const role = Type.Union([Type.Literal('user'), Type.Literal('admin')])

export const quota = Type.Integer({
  minimum: 0,
  maximum: MOST_UNITS,
  description: 'Quota units; 500 000 are one US dollar.',
})

/** The account in the path. */
export const accountParams = Type.Object({ id: Type.Integer() })

const self = {
  id: Type.Integer(),
  username: Type.String(),
  role,
  status: Type.Integer({ description: '1 active, 2 suspended.' }),
  group: Type.String(),
  quota: Type.Integer({ description: 'What is left, in quota units.' }),
  used_quota: Type.Integer(),
  unlimited_quota: Type.Boolean(),
  request_count: Type.Integer(),
  email: Type.Optional(Type.String({ description: 'Only when set.' })),
  email_verified: Type.Optional(
    Type.Boolean({ description: 'Whether somebody proved it, or an administrator set it.' }),
  ),
  password_change_due: Type.Optional(
    Type.Literal(true, {
      description:
        'Only while the password must be changed first, before a session may do anything.',
    }),
  ),
}

/** What an account reads of itself. */
export const selfSchema = Type.Object({
  ...self,
  password_missing: Type.Optional(
    Type.Literal(true, {
      description: 'Only to a session, and only when the account has no password.',
    }),
  ),
})

/** What administrators read of it. */
export const accountSchema = Type.Object({
  ...self,
  groups: Type.Array(Type.String(), { description: 'Further groups it may use.' }),
  created_time: Type.Integer(),
  ...limitsShown,
  ...budgetsShown,
})

/** An account as it reads itself (contract 4). */
export const toSelf = (account: Account) => ({
  id: account.id,
  username: account.username,
  role: account.role,
  status: account.status,
  group: account.group,
  quota: account.remain,
  used_quota: account.used,
  unlimited_quota: account.unlimited,
  request_count: account.requests,
  ...emailShown(account),
  ...(account.passwordDue ? { password_change_due: true } : {}),
})

const emailShown = ({ email, emailVerified }: Account) =>
  email === null ? {} : { email, email_verified: emailVerified }

export const toRecord = (account: Account) => ({
  ...toSelf(account),
  groups: account.groups,
  created_time: account.createdAt,
  ...account.limits,
})

/** What the audit log keeps of an account: what somebody can change, so no counters. */
export const toAudited = (account: Account) => ({
  username: account.username,
  role: account.role,
  status: account.status,
  group: account.group,
  groups: account.groups,
  quota: account.remain,
  unlimited_quota: account.unlimited,
  ...emailShown(account),
  ...account.limits,
})

/** @throws Refused `not_found`. */
export async function accountOf(rooms: Pick<Rooms, 'accounts'>, id: number): Promise<Account> {
  const account = await rooms.accounts.find(id)
  if (account === undefined) throw new Refused('not_found', `there is no account ${id}`)
  return account
}
