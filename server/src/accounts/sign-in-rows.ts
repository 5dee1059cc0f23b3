import type { Compilable, Store } from '../storage/store.ts'

/** Ends every session of an account: it was suspended, or its password changed. */
export const endSessions = ({ db }: Store, accountId: number): Compilable =>
  db.deleteFrom('session').where('account_id', '=', accountId)

/** Forgets by what an account could sign in: nothing of that outlives it. */
export const forgetSignIn = (store: Store, accountId: number): readonly Compilable[] => [
  endSessions(store, accountId),
  store.db.deleteFrom('identity').where('account_id', '=', accountId),
  store.db.deleteFrom('two_factor').where('account_id', '=', accountId),
  store.db.deleteFrom('passkey').where('account_id', '=', accountId),
]
