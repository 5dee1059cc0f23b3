import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createLedger } from '../../src/ledger/create-ledger.ts'
import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import type { Ledger, Payers, Reservation } from '../../src/ledger/ledger.ts'
import { openBalance } from '../../src/ledger/statements.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { openSqliteStore } from '../../src/storage/sqlite.ts'
import type { Store, UsageRecord } from '../../src/storage/store.ts'

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'turnpike-books-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface Books {
  readonly store: Store
  readonly ledger: Ledger
  readonly file: string
}

/** A database of its own with an empty ledger, closed after the test. */
export async function openBooks(): Promise<Books> {
  const file = join(await temporaryFolder(), 'turnpike.db')
  const store = await openSqliteStore({ path: file, durability: 'process' })
  onTestFinished(() => store.close())
  return { store, ledger: createLedger({ store, now: Date.now }), file }
}

/** A key and an account with these units (undefined: unlimited), on the books and in memory. */
export async function openPayers(
  { store, ledger }: Pick<Books, 'store' | 'ledger'>,
  has: { key?: number; account?: number; id?: number },
): Promise<Payers> {
  const id = has.id ?? 1
  const payers = {
    key: keyEntity(id),
    account: accountEntity(id),
    keyUnlimited: has.key === undefined,
    accountUnlimited: has.account === undefined,
  }
  const opening = { actor: 'test', seconds: 1 }
  await store.write([
    ...openBalance(store, { ...opening, entity: payers.key, amount: has.key ?? 0 }),
    ...openBalance(store, { ...opening, entity: payers.account, amount: has.account ?? 0 }),
  ])
  ledger.know(payers.key, has.key ?? 0)
  ledger.know(payers.account, has.account ?? 0)
  return payers
}

/** Reserves what the test knows can be had. */
export function reserved(ledger: Ledger, payers: Payers, amount: number): Reservation {
  const got = ledger.reserve(payers, units(amount))
  if (isShort(got)) throw new Error(`short: ${JSON.stringify(got)}`)
  return got
}

export async function balanceOf(store: Store, entity: number) {
  return store.db
    .selectFrom('balance')
    .select(['remain', 'used', 'requests'])
    .where('entity', '=', entity)
    .executeTakeFirstOrThrow()
}

/** A record of a call made with key and account `id`. */
export function recordOf(requestId: string, id = 1): UsageRecord {
  return {
    created_at_ms: 1_700_000_000_000,
    request_id: requestId,
    account_id: id,
    key_id: id,
    key_name: 'a key',
    model: 'gpt-4o-mini',
    group_name: 'default',
    channel_id: 1,
    prompt_tokens: 10,
    completion_tokens: 20,
    cached_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    audio_tokens: 0,
    image_tokens: 0,
    estimated: 0,
    is_stream: 0,
    use_time_ms: 30,
    first_token_ms: 10,
    status: 200,
    error_code: '',
    ip: '192.0.2.1',
    attempts: 1,
    output_limit: 0,
  }
}
