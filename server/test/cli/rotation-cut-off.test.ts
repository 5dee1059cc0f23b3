import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { sealUpstreamKeys } from '../../src/channels/upstream-keys.ts'
import { dataFolderAt } from '../../src/cli/data-folder.ts'
import { openVault } from '../../src/cli/root-secret.ts'
import { rotateSecret } from '../../src/cli/secret.ts'
import { keySeal } from '../../src/keys/sealed.ts'
import { openSqliteStore } from '../../src/storage/sqlite.ts'
import type { Store } from '../../src/storage/store.ts'
import { temporaryFolder } from './program.ts'

/** Two portions of a rotation, so that the second can fail after the first. */
const KEYS = 600
const PROVIDER = 'sk-provider-0123456789'
const keyValue = (id: number) => `value-of-key-number-${id}`

async function withStore<T>(folder: string, use: (store: Store) => Promise<T>): Promise<T> {
  const path = dataFolderAt(folder).databaseFile
  const store = await openSqliteStore({ path, durability: 'process' })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

const vaultOf = (folder: string, store: Store) =>
  openVault(dataFolderAt(folder), undefined, { store, random: randomBytes })

/** A data folder with many keys and a provider's key, all sealed under its root secret. */
async function furnished(): Promise<string> {
  const folder = temporaryFolder()
  await withStore(folder, async (store) => {
    const { vault } = await vaultOf(folder, store)
    const keys = Array.from({ length: KEYS }, (_, at) => at + 1).map((id) =>
      store.db.insertInto('key').values({
        id,
        account_id: 1,
        digest: vault.digest(keyValue(id)),
        pepper_id: vault.pepperId,
        sealed: vault.seal(keyValue(id), keySeal(id)),
        hint: '',
        name: '',
        status: 1,
        created_time: 1,
        accessed_time: 1,
        expired_time: -1,
        unlimited_quota: 0,
        model_limits_enabled: 0,
        model_limits: '',
        allow_ips: null,
        group_name: '',
        cross_group_retry: 0,
        extra: null,
        deleted_at: null,
      }),
    )
    const channel = store.db.insertInto('channel').values({
      id: 1,
      name: '',
      type: 'openai',
      base_url: '',
      keys: sealUpstreamKeys(vault, 1, [PROVIDER]),
      models: '[]',
      groups: '[]',
      model_mapping: '{}',
      priority: 0,
      weight: 1,
      free: 0,
      cost_ratio: 1,
      status: 1,
      dialects: '[]',
      headers: '{}',
      timeouts: '{}',
      created_at: 1,
      deleted_at: null,
    })
    await store.write([...keys, channel])
  })
  return folder
}

function change(folder: string, sql: string): void {
  const database = new DatabaseSync(dataFolderAt(folder).databaseFile)
  database.exec(sql)
  database.close()
}

async function rotate(folder: string): Promise<string> {
  const said: string[] = []
  const say = (text: string) => void said.push(text)
  const terminal = { environment: {}, folder, say, complain: say }
  await rotateSecret(terminal, { words: [], options: { data: folder } })
  return said.join('\n')
}

/** What a gateway that starts now can do with what is stored: all of it, each value by its digest too. */
async function expectWhole(folder: string): Promise<void> {
  await withStore(folder, async (store) => {
    const { vault } = await vaultOf(folder, store)
    const rows = await store.db.selectFrom('key').select(['id', 'digest', 'sealed']).execute()
    expect(rows).toHaveLength(KEYS)
    for (const { id, digest, sealed } of rows) {
      expect(vault.open(sealed ?? '', keySeal(id))).toBe(keyValue(id))
      expect(vault.digests(keyValue(id)).map((one) => one.digest)).toContain(digest)
    }
    const { keys } = await store.db.selectFrom('channel').select('keys').executeTakeFirstOrThrow()
    expect(vault.open(JSON.parse(keys)[0], 'channel:1')).toBe(PROVIDER)
  })
}

async function formerSecrets(folder: string): Promise<number> {
  return withStore(folder, async (store) => {
    const rows = await store.db.selectFrom('meta').select('name').execute()
    return rows.filter(({ name }) => name.startsWith('former_secret:')).length
  })
}

describe('a rotation', () => {
  it.each([
    ['before the database knows of it', 'before insert on meta', 'true', 0],
    ['at the first keys', 'before update on key', 'new.id = 1', 1],
    ['between two portions of keys', 'before update on key', 'new.id = 600', 1],
    ['at the channels', 'before update on channel', 'true', 1],
    ['before it forgets', 'before delete on meta', 'true', 1],
  ])('cut off %s loses nothing, and the next one ends it', async (_name, when, which, former) => {
    const folder = await furnished()
    const secretFile = join(folder, 'secret')
    const first = readFileSync(secretFile, 'utf8')
    change(
      folder,
      `create trigger cut ${when} when ${which} begin select raise(abort, 'cut off'); end`,
    )
    await expect(rotate(folder)).rejects.toThrow('cut off')
    change(folder, 'drop trigger cut')
    expect(readFileSync(secretFile, 'utf8') === first).toBe(former === 0)
    expect(await formerSecrets(folder)).toBe(former)
    await expectWhole(folder)

    expect(await rotate(folder)).not.toContain('still need')
    expect(await formerSecrets(folder)).toBe(0)
    expect(existsSync(`${secretFile}.next`)).toBe(false)
    await expectWhole(folder)
  })

  it('is not kept from its end by a key and a channel that do not open, and names them', async () => {
    const folder = await furnished()
    change(
      folder,
      `update key set sealed = (select sealed from key where id = 8) where id = 7;
       insert into channel (id, name, type, base_url, keys, models, groups, model_mapping, priority,
         weight, free, status, headers, timeouts, created_at, deleted_at)
         select 2, name, type, base_url, keys, models, groups, model_mapping, priority,
         weight, free, status, headers, timeouts, created_at, deleted_at from channel`,
    )
    const said = await rotate(folder)
    expect(said).toContain(
      '599 keys, 1 channels, 0 webhooks and 0 second factors were encrypted anew',
    )
    expect(said).toContain('under any secret: key 7, channel 2.')
  })
})
