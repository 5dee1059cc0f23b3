import { sql } from 'kysely'
import { type Compilable, mustChange, type Statement, type Store } from '../storage/store.ts'
import { forgetSignIn } from './sign-in-rows.ts'
import { ACTIVE } from './status.ts'

/** True in SQL when an active administrator besides this account remains, or when it is not one of them. */
export function anotherAdmin(id: number) {
  return sql<boolean>`(
    not exists (select 1 from account as self
      where self.id = ${id} and self.role = 'admin' and self.status = ${ACTIVE} and self.deleted_at is null)
    or exists (select 1 from account as other
      where other.id <> ${id} and other.role = 'admin' and other.status = ${ACTIVE} and other.deleted_at is null)
  )`
}

/** The account, its keys and its tokens stay as tombstones; the values of its keys go, and what it signed in by. */
export function removal(store: Store, id: number, at: number): readonly (Statement | Compilable)[] {
  const { db } = store
  const keys = db.selectFrom('key').select('id').where('account_id', '=', id)
  return [
    mustChange(
      db
        .updateTable('account')
        .set({ deleted_at: at, password_hash: null, email: null })
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .where(anotherAdmin(id)),
    ),
    ...forgetSignIn(store, id),
    db.deleteFrom('key_former').where('key_id', 'in', keys),
    db
      .updateTable('key')
      .set({ deleted_at: at, sealed: null })
      .where('account_id', '=', id)
      .where('deleted_at', 'is', null),
    db
      .updateTable('access_token')
      .set({ deleted_at: at })
      .where('account_id', '=', id)
      .where('deleted_at', 'is', null),
  ]
}
