/**
 * Puts many keys into the database of a gateway that is not running, as creating them one by one would.
 * Run as `node bench/seed-keys.ts <data folder> <account id> <count> <file> [postgres://...]`; writes the values to the file,
 * and after them as many well-formed ones that are not in the database.
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { dataFolderAt } from '../server/src/cli/data-folder.ts'
import { openVault } from '../server/src/cli/root-secret.ts'
import { generateKey } from '../server/src/keys/secret.ts'
import type { Vault } from '../server/src/keys/vault.ts'
import { keyEntity } from '../server/src/ledger/entity.ts'
import { openPostgresStore } from '../server/src/storage/postgres/open.ts'
import { openSqliteStore } from '../server/src/storage/sqlite.ts'
import type { Store } from '../server/src/storage/store.ts'
import { KEY_RULES } from './key-rules.ts'

/** Rows of one statement: SQLite takes 32 766 parameters. */
const ROWS = 1000

const [path = '', account = '', count = '', file = '', databaseUrl] = process.argv.slice(2)
const random = (bytes: number) => randomBytes(bytes)
const now = Math.floor(Date.now() / 1000)

async function keyRow(store: Store, vault: Vault, value: string) {
  const { remain_quota: _, ...rules } = KEY_RULES
  return {
    ...rules,
    id: await store.nextId('key'),
    account_id: Number(account),
    digest: vault.digest(value),
    pepper_id: vault.pepperId,
    sealed: null,
    hint: value.slice(0, 4) + value.slice(-4),
    status: 1,
    created_time: now,
    accessed_time: now,
    unlimited_quota: 0,
    model_limits_enabled: 1,
    group_name: '',
    cross_group_retry: 0,
    extra: null,
    deleted_at: null,
  }
}

async function insertsFor(store: Store, vault: Vault, values: readonly string[]) {
  const keys = await Promise.all(values.map((value) => keyRow(store, vault, value)))
  const amount = KEY_RULES.remain_quota
  const balances = keys.map(({ id }) => ({
    entity: keyEntity(id),
    remain: amount,
    used: 0,
    requests: 0,
  }))
  const entries = balances.map(({ entity }) => ({
    entity,
    delta: amount,
    kind: 'grant' as const,
    reason: 'bench',
    actor: 'bench',
    idempotency: null,
    created_at: now,
  }))
  return [
    store.db.insertInto('key').values(keys),
    store.db.insertInto('balance').values(balances),
    store.db.insertInto('entry').values(entries),
  ]
}

const folder = dataFolderAt(path)
const store =
  databaseUrl === undefined
    ? await openSqliteStore({ path: folder.databaseFile, durability: 'process' })
    : await openPostgresStore({ url: databaseUrl })
const { vault } = await openVault(folder, undefined, { store, random })
const values = Array.from({ length: Number(count) * 2 }, () => generateKey(random))
for (let at = 0; at < Number(count); at += ROWS) {
  const some = values.slice(at, Math.min(at + ROWS, Number(count)))
  await store.write(await insertsFor(store, vault, some))
}
await store.close()
writeFileSync(file, values.join('\n'))
