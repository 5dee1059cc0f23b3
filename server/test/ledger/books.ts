import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { accountEntity, budgetEntity, keyEntity } from '../../src/ledger/entity.ts'
import type { Ledger, Payers, Reservation } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/open-ledger.ts'
import { openBalance } from '../../src/ledger/statements.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import type { Store } from '../../src/storage/store.ts'
import { openTestStore, type TestDatabase } from '../tools/database.ts'

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'turnpike-books-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface Books {
  readonly store: Store
  readonly ledger: Ledger
  readonly database: TestDatabase
}

/** A database of its own with an empty ledger, closed after the test. */
export async function openBooks(): Promise<Books> {
  const { store, database } = await openTestStore()
  return { store, ledger: openLedger(store, Date.now), database }
}

/** A key, its budgets and an account with these units (undefined: unlimited), on the books and in memory. */
export async function openPayers(
  { store, ledger }: Pick<Books, 'store' | 'ledger'>,
  has: { key?: number; account?: number; id?: number; budgets?: readonly number[] },
): Promise<Payers> {
  const id = has.id ?? 1
  const payers = {
    key: keyEntity(id),
    account: accountEntity(id),
    keyUnlimited: has.key === undefined,
    accountUnlimited: has.account === undefined,
    budgets: [...(has.budgets?.keys() ?? [])].map((number) =>
      budgetEntity({ owner: keyEntity(id), period: 'day', number }),
    ),
  }
  const opening = { actor: 'test', seconds: 1 }
  await store.write([
    ...openBalance(store, { ...opening, entity: payers.key, amount: has.key ?? 0 }),
    ...openBalance(store, { ...opening, entity: payers.account, amount: has.account ?? 0 }),
    ...payers.budgets.flatMap((entity, at) =>
      openBalance(store, { ...opening, entity, amount: has.budgets?.[at] ?? 0 }),
    ),
  ])
  ledger.know(payers.key, has.key ?? 0)
  ledger.know(payers.account, has.account ?? 0)
  for (const [at, entity] of payers.budgets.entries()) ledger.know(entity, has.budgets?.[at] ?? 0)
  return payers
}

/** Reserves what the test knows can be had. */
export async function reserved(
  ledger: Ledger,
  payers: Payers,
  amount: number,
): Promise<Reservation> {
  const got = await ledger.reserve(payers, units(amount))
  if (isShort(got)) throw new Error(`short: ${JSON.stringify(got)}`)
  return got
}

export async function balanceOf(store: Store, entity: number) {
  return store.db
    .selectFrom('balance_now')
    .select(['remain', 'used', 'requests'])
    .where('entity', '=', entity)
    .executeTakeFirstOrThrow()
}
