import type { Accounts, NewAccount } from '../accounts/accounts.ts'
import { auditStatement } from '../manage/audit/record.ts'
import type { Settings } from '../settings/settings.ts'
import { UniqueViolation } from '../storage/failures.ts'
import type { Store } from '../storage/store.ts'
import type { AccountWrites } from './adapter.ts'
import { doerOf, visitor } from './visitor.ts'

interface Parts {
  readonly store: Store
  readonly accounts: Accounts
  readonly settings: Settings
  readonly now: () => number
}

const LONGEST_USERNAME = 60
/** Names that others have are numbered, so many at most. */
const MOST_NAMESAKES = 20

/** What the sign-in library changes about accounts, done as everybody does it: audited, and told to all nodes. */
export function createAccountWrites(parts: Parts): AccountWrites {
  const { accounts } = parts
  return {
    changed: (accountId, after) => {
      const { who } = visitor() ?? {}
      const deed = { action: 'account.update', subject: `account ${accountId}`, after }
      return auditStatement(parts, doerOf(who), deed)
    },
    async create({ name, email, emailVerified }) {
      const address = String(email)
      const wished = nameFrom(String(name ?? '')) || nameFrom(address) || 'somebody'
      for (let at = 1; ; at++) {
        const username = at === 1 ? wished : `${wished} ${at}`
        try {
          return await createNamed(parts, username, {
            email: address,
            emailVerified: emailVerified === true,
          })
        } catch (error) {
          if (!isNameTaken(error) || at > MOST_NAMESAKES) throw error
        }
      }
    },
    async setPassword(accountId, hash) {
      const account = await accounts.find(accountId)
      if (account === undefined) throw new Error('the account is gone')
      const doer = doerOf(account)
      const also = (id: number) => [
        auditStatement(parts, doer, {
          action: 'account.update',
          subject: `account ${id}`,
          after: { password: 'changed' },
        }),
      ]
      await accounts.update(accountId, { passwordHash: hash }, { actor: account.username, also })
    },
  }
}

/** Names are shown in lists and logs: one that looks like another, or like nothing, would deceive. */
const nameFrom = (text: string): string =>
  [...text.replace(/\p{C}/gu, '')].slice(0, LONGEST_USERNAME).join('').trim()

const isNameTaken = (error: unknown): boolean =>
  error instanceof UniqueViolation && error.columns.some((column) => column.endsWith('username'))

function createNamed(
  parts: Parts,
  username: string,
  address: Pick<NewAccount, 'email' | 'emailVerified'>,
): Promise<number> {
  const quota = parts.settings.get('sign_up.quota')
  const wanted: NewAccount = {
    ...{ username, passwordHash: null, role: 'user', group: 'default', groups: [] },
    ...{ quota, unlimited: false, ...address },
  }
  const also = (id: number) => [
    auditStatement(parts, doerOf({ id, username }), {
      action: 'account.create',
      subject: `account ${id}`,
      after: { username, email: address.email, group: 'default', quota, by: 'sign-up' },
    }),
  ]
  return parts.accounts.create(wanted, { actor: username, also })
}
