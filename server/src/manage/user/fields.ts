import Type, { type Static } from 'typebox'
import { LONGEST_PASSWORD, SHORTEST_PASSWORD } from '../../accounts/passwords.ts'
import { Refused } from '../../errors.ts'
import { budgetFields } from '../budgets.ts'
import { limitFields } from '../rate-limits.ts'
import { groupName, quota, role } from './record.ts'

/** Whether an address exists, only a message tells. */
export const EMAIL = '^[^\\s@]+@[^\\s@]+$'

export const LONGEST_EMAIL = 254

/** Everything about an account that can be sent; creation makes the name required. */
const accountFields = {
  username: Type.String({ minLength: 1, maxLength: 64 }),
  password: Type.Optional(
    Type.String({
      minLength: SHORTEST_PASSWORD,
      maxLength: LONGEST_PASSWORD,
      writeOnly: true,
      description: 'For signing in to the console. Without one the account has access tokens only.',
    }),
  ),
  email: Type.Optional(
    Type.Union([Type.String({ maxLength: LONGEST_EMAIL, pattern: EMAIL }), Type.Null()], {
      description:
        'For links to a new password, and for signing in by others that vouch for it. It counts as proven; null takes it away.',
    }),
  ),
  role: Type.Optional(role),
  group: Type.Optional(groupName),
  groups: Type.Optional(
    Type.Array(groupName, { maxItems: 100, description: 'Further groups it may use.' }),
  ),
  quota: Type.Optional(quota),
  unlimited_quota: Type.Optional(Type.Boolean()),
  ...limitFields,
  ...budgetFields,
}

export const newAccount = Type.Object(accountFields)

export const changedAccount = Type.Object({
  ...accountFields,
  username: Type.Optional(accountFields.username),
  status: Type.Optional(
    Type.Union([Type.Literal(1), Type.Literal(2)], { description: '1 active, 2 suspended.' }),
  ),
})

export type ChangedAccount = Static<typeof changedAccount>

/** Names are shown in lists and logs: one that looks like another, or like nothing, would deceive. */
export function checkUsername(username: string): string {
  if (username.trim() !== username || /\p{C}/u.test(username)) {
    throw new Refused(
      'invalid_field',
      'username must not begin or end with a blank or hold control characters',
    )
  }
  return username
}
