import { AsyncLocalStorage } from 'node:async_hooks'
import type { Doer } from '../manage/audit/record.ts'

/** An account, as the audit log names it. */
export interface Who {
  readonly id: number
  readonly username: string
}

/** Whoever asks something of signing in, while it is answered. The library's hooks have no other way to know. */
export interface Visitor {
  readonly ip: string
  readonly requestId: string
  /** Who is signed in, or has just proved who they are. */
  who: Who | undefined
  /** A password was hashed or compared, which is what takes the time. */
  hashed: boolean
}

const visitors = new AsyncLocalStorage<Visitor>()

/** Does work for a visitor. */
export const visiting = <T>(visitor: Visitor, work: () => Promise<T>): Promise<T> =>
  visitors.run(visitor, work)

export const visitor = (): Visitor | undefined => visitors.getStore()

/** The visitor for the audit log, as the account that they prove to be. */
export function doerOf(who: Who | undefined, { ip = '', requestId = '' } = visitor() ?? {}): Doer {
  const { id: accountId, username } = who ?? { id: 0, username: '' }
  return { caller: { accountId, username, tokenId: 0 }, ip, requestId }
}
