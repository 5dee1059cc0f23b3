import type { Accounts } from '../accounts/accounts.ts'
import { auditStatement } from '../manage/audit/record.ts'
import type { Store } from '../storage/store.ts'
import type { AccountWrites } from './adapter.ts'
import { doerOf, visitor } from './visitor.ts'

interface Parts {
  readonly store: Store
  readonly accounts: Accounts
  readonly now: () => number
}

/** What the sign-in library changes about accounts, done as everybody does it: audited, and told to all nodes. */
export function createAccountWrites(parts: Parts): AccountWrites {
  const { accounts } = parts
  return {
    changed: (accountId, after) => {
      const { who } = visitor() ?? {}
      const deed = { action: 'account.update', subject: `account ${accountId}`, after }
      return auditStatement(parts, doerOf(who), deed)
    },
    async create() {
      throw new Error('accounts are made by administrators')
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
