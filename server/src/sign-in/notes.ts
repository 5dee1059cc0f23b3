import type { Accounts } from '../accounts/accounts.ts'
import { auditStatement } from '../manage/audit/record.ts'
import type { Store } from '../storage/store.ts'
import type { SignInRoute } from './routes.ts'
import { doerOf, type Visitor } from './visitor.ts'

interface Parts {
  readonly store: Store
  readonly accounts: Accounts
  readonly now: () => number
}

/** What the audit log hears of signing in. Changes of accounts are noted where they are written. */
export interface Notes {
  /** What a visitor did; `opened`: a session was opened for them. */
  done(visitor: Visitor, route: SignInRoute, opened: boolean): Promise<void>
  /** A password was wrong. Of a name that nobody has, no more is noted: it may be a password. */
  refused(visitor: Visitor, username: string): Promise<void>
}

export function createNotes(parts: Parts): Notes {
  const { store, accounts } = parts
  async function note(visitor: Visitor, action: string, after?: object) {
    const { who } = visitor
    const subject = who === undefined ? 'no account' : `account ${who.id}`
    const deed = { action, subject, ...(after === undefined ? {} : { after }) }
    await store.write([auditStatement(parts, doerOf(who, visitor), deed)])
  }
  return {
    async done(visitor, route, opened) {
      if (route.signsIn && opened) await note(visitor, 'session.create', { by: route.path })
      if (route.notes !== undefined) await note(visitor, route.notes.action, route.notes.after)
    },
    async refused(visitor, username) {
      const account = visitor.who ?? (await accounts.findByName(username))
      await note({ ...visitor, who: account }, 'session.refuse')
    },
  }
}
