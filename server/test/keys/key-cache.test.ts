import { randomBytes } from 'node:crypto'
import type { KyselyPlugin } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createGroups, type Groups } from '../../src/groups/groups.ts'
import { createKeyCache, type KeyCache } from '../../src/keys/key-cache.ts'
import { createVault, type Vault } from '../../src/keys/vault.ts'
import { createLedger } from '../../src/ledger/create-ledger.ts'
import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openBalance } from '../../src/ledger/statements.ts'
import type { Store } from '../../src/storage/store.ts'
import type { GroupTable, KeyTable } from '../../src/storage/tables.ts'
import { newDatabase, type TestDatabase } from '../tools/database.ts'

const ACCOUNT = 1
const START = 1_800_000_000

let database: TestDatabase
let store: Store
let ledger: Ledger
let vault: Vault
let groups: Groups
let cache: KeyCache
let seconds: number
let most: number
/** How often the database answered the cache, and what holds such an answer back. */
let queries: number
let answered: () => Promise<unknown>

beforeEach(async () => {
  database = await newDatabase()
  store = await database.open()
  seconds = START
  most = 1_000
  queries = 0
  answered = async () => undefined
  ledger = createLedger({ store, now: () => seconds * 1000 })
  vault = createVault(randomBytes(32), 1)
  groups = await createGroups({ store })
  cache = openCache(vault)
  await store.write([
    store.db.insertInto('account').values({
      id: ACCOUNT,
      username: 'ada',
      password_hash: null,
      role: 'user',
      status: 1,
      group_name: 'default',
      groups: '["gold"]',
      unlimited_quota: 0,
      created_at: START,
      deleted_at: null,
    }),
    ...openBalance(store, {
      entity: accountEntity(ACCOUNT),
      amount: 900,
      actor: 'test',
      seconds,
    }),
    store.db.insertInto('channel_group').values([
      {
        name: 'gold',
        description: '',
        ratio: '1.5',
        ratios: '{}',
        walks: null,
        policy: '' as const,
        fallback_models: '[]',
      },
      {
        name: 'silver',
        description: '',
        ratio: '1',
        ratios: '{}',
        walks: null,
        policy: '' as const,
        fallback_models: '[]',
      },
    ]),
  ])
  await store.write([], [{ kind: 'group', subject: 'gold' }])
})

afterEach(async () => {
  await cache.close()
  await store.close()
  await database.remove()
})

function openCache(under: Vault): KeyCache {
  const watched: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      queries += 1
      await answered()
      return result
    },
  }
  const settings = { get: () => most as never }
  const { write, onChange, onBehind } = store
  const db = store.db.withPlugin(watched)
  return createKeyCache({
    store: { db, dbForCalls: db, write, onChange, onBehind },
    vault: under,
    ledger,
    settings,
    groups,
    now: () => seconds * 1000,
  })
}

async function insert(id: number, fields: Partial<KeyTable> = {}, remain = 100): Promise<string> {
  const value = `value-of-key-number-${id}`
  const row: KeyTable = {
    id,
    account_id: ACCOUNT,
    digest: vault.digest(value),
    pepper_id: 1,
    sealed: null,
    hint: 'abcdwxyz',
    name: `key ${id}`,
    status: 1,
    created_time: START,
    accessed_time: START,
    expired_time: -1,
    unlimited_quota: 0,
    model_limits_enabled: 0,
    model_limits: '',
    allow_ips: null,
    group_name: '',
    cross_group_retry: 0,
    extra: null,
    deleted_at: null,
    ...fields,
  }
  await store.write(
    [
      store.db.insertInto('key').values(row),
      ...openBalance(store, { entity: keyEntity(id), amount: remain, actor: 'test', seconds }),
    ],
    [{ kind: 'key', subject: String(id) }],
  )
  return value
}

const change = (id: number, fields: Partial<KeyTable>) =>
  store.write(
    [store.db.updateTable('key').set(fields).where('id', '=', id)],
    [{ kind: 'key', subject: String(id) }],
  )

const find = async (value: string) => cache.find(vault.digest(value), value)

/** Holds back what the database answers the cache until the returned function is called. */
function holdAnswers(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  answered = () => promise
  return resolve
}

describe('the key cache', () => {
  it('compiles what was stored', async () => {
    const value = await insert(7, {
      expired_time: START + 60,
      model_limits_enabled: 1,
      model_limits: 'gpt-5, claude ,gpt-5',
      allow_ips: '203.0.113.0/24\r\n2001:db8::/32',
      group_name: 'gold',
      cross_group_retry: 1,
      status: 4,
    })
    const key = await find(value)
    expect(key).toMatchObject({
      id: 7,
      accountId: ACCOUNT,
      username: 'ada',
      entity: keyEntity(7),
      accountEntity: accountEntity(ACCOUNT),
      unlimited: false,
      accountUnlimited: false,
      accountActive: true,
      disabled: false,
      mark: 4,
      expiresAt: START + 60,
      modelLimits: ['gpt-5', 'claude'],
      addressCount: 2,
      group: 'gold',
      groups: [{ name: 'gold', ratio: '1.5' }],
      accountGroups: ['default', 'gold'],
      crossGroupRetry: true,
    })
    expect(key?.mayUseModel('claude')).toBe(true)
    expect(key?.mayUseModel('other')).toBe(false)
    expect(key?.mayCallFrom('203.0.113.9')).toBe(true)
    expect(key?.mayCallFrom('203.0.114.9')).toBe(false)
    expect(ledger.remaining(payersOf(7))).toBe(100)
  })

  it('lets a list that can no longer be read match nobody, not everybody', async () => {
    const key = await find(await insert(7, { allow_ips: 'not an address' }))
    expect(key?.addressCount).toBe(1)
    expect(key?.mayCallFrom('203.0.113.9')).toBe(false)
  })

  it('ignores model limits that are not enabled', async () => {
    const key = await find(await insert(7, { model_limits: 'gpt-5' }))
    expect(key?.modelLimits).toEqual([])
    expect(key?.mayUseModel('anything')).toBe(true)
  })

  it('knows when the group was taken from the account', async () => {
    expect((await find(await insert(7, { group_name: 'silver' })))?.groups).toEqual([])
  })

  it('walks with auto what it names itself, else what all walk, as far as the account may', async () => {
    const put = (id: number, extra: string | null) => insert(id, { group_name: 'auto', extra })
    const walked = async (value: string) => (await find(value))?.groups.map(({ name }) => name)
    const granted = { groups: '["gold","auto"]' }
    const account = store.db.updateTable('account').set(granted).where('id', '=', ACCOUNT)
    await store.write([account], [{ kind: 'account', subject: String(ACCOUNT) }])
    const own = await put(7, '{"auto_groups":["gold","silver","default","gold","auto"]}')
    const shared = await put(8, null)
    const none = await put(9, '{"auto_groups":["silver"]}')
    expect(await walked(own)).toEqual(['gold', 'default'])
    expect(await walked(shared)).toEqual(['default'])
    expect(await walked(none)).toEqual([])
    const order = store.db
      .updateTable('channel_group')
      .set({ walks: '["silver","gold","default"]' })
    await store.write([order.where('name', '=', 'auto')], [{ kind: 'group', subject: 'auto' }])
    expect(await walked(shared)).toEqual(['gold', 'default'])
    const revoked = store.db.updateTable('account').set({ groups: '["gold"]' })
    await store.write([revoked], [{ kind: 'account', subject: String(ACCOUNT) }])
    expect(await walked(own)).toEqual([])
  })

  it('knows the ratio of its groups, and its change, also when it comes while the key is being read', async () => {
    const value = await insert(7, { group_name: 'gold' })
    expect((await find(value))?.groups).toEqual([{ name: 'gold', ratio: '1.5' }])
    const set = (columns: Partial<GroupTable>) =>
      store.write(
        [store.db.updateTable('channel_group').set(columns).where('name', '=', 'gold')],
        [{ kind: 'group', subject: 'gold' }],
      )
    await set({ ratio: '2' })
    const release = holdAnswers()
    const reading = find(value)
    await set({ ratios: '{"default":"0.3"}' })
    release()
    expect((await reading)?.groups).toEqual([{ name: 'gold', ratio: '0.3' }])
    expect((await find(value))?.groups).toEqual([{ name: 'gold', ratio: '0.3' }])
    const deleted = store.db.deleteFrom('channel_group').where('name', '=', 'gold')
    await store.write([deleted], [{ kind: 'group', subject: 'gold' }])
    expect((await find(value))?.groups).toEqual([])
  })

  it('at a change of a group forgets the keys that may go there, and no others', async () => {
    const granted = { groups: '["gold","silver","auto"]' }
    const account = store.db.updateTable('account').set(granted).where('id', '=', ACCOUNT)
    await store.write([account], [{ kind: 'account', subject: String(ACCOUNT) }])
    const gold = await insert(7, { group_name: 'gold' })
    const silver = await insert(8, { group_name: 'silver' })
    const walking = await insert(9, { group_name: 'auto' })
    const all = [gold, silver, walking]
    const known = () => all.map((value) => !(cache.find(vault.digest(value)) instanceof Promise))
    const readAll = () => Promise.all(all.map((value) => find(value)))
    await readAll()
    expect(known()).toEqual([true, true, true])
    await store.write([], [{ kind: 'group', subject: 'gold' }])
    expect(known()).toEqual([false, true, false])
    await readAll()
    await store.write([], [{ kind: 'group', subject: 'auto' }])
    expect(known()).toEqual([true, true, false])
  })

  it('asks the database once for many callers, and never again', async () => {
    const value = await insert(7)
    const found = await Promise.all(Array.from({ length: 50 }, () => find(value)))
    expect(new Set(found).size).toBe(1)
    expect(queries).toBe(1)
    expect(cache.find(vault.digest(value))).toBe(found[0])
    expect(queries).toBe(1)
  })

  it('answers with the changed key when the change comes while the old one is being read', async () => {
    const value = await insert(7)
    const release = holdAnswers()
    const reading = find(value)
    await expect.poll(() => queries).toBe(1)
    await change(7, { status: 2 })
    release()
    expect(await reading).toMatchObject({ disabled: true })
    expect(await find(value)).toMatchObject({ disabled: true })
    expect(queries).toBe(2)
  })

  it('does not remember as unknown what was created while it looked', async () => {
    const value = 'value-of-key-number-7'
    const release = holdAnswers()
    const reading = find(value)
    await expect.poll(() => queries).toBe(1)
    await insert(7)
    release()
    expect(await reading).toMatchObject({ id: 7 })
  })

  it.each([
    ['key', '7'],
    ['account', String(ACCOUNT)],
    ['group', 'default'],
  ] as const)(
    'has forgotten the key before a change of its %s is answered',
    async (kind, subject) => {
      const value = await insert(7)
      await find(value)
      await store.write(
        [store.db.updateTable('key').set({ status: 2 }).where('id', '=', 7)],
        [{ kind, subject }],
      )
      expect(await find(value)).toMatchObject({ disabled: true })
    },
  )

  it('keeps keys that a change is not about', async () => {
    const value = await insert(7)
    const key = await find(value)
    await insert(8)
    expect(cache.find(vault.digest(value))).toBe(key)
  })

  it('knows neither deleted keys nor keys of deleted accounts', async () => {
    const value = await insert(7)
    await find(value)
    await change(7, { deleted_at: START })
    expect(await find(value)).toBeUndefined()
    const other = await insert(8)
    await store.write(
      [store.db.updateTable('account').set({ deleted_at: START }).where('id', '=', ACCOUNT)],
      [{ kind: 'account', subject: String(ACCOUNT) }],
    )
    expect(await find(other)).toBeUndefined()
  })

  it('remembers unknown values for five seconds, at once and without a query', async () => {
    const value = 'never-heard-of-this-key'
    expect(cache.isUnknown(value)).toBe(false)
    expect(await find(value)).toBeUndefined()
    expect(cache.isUnknown(value)).toBe(true)
    expect(cache.find(vault.digest(value), value)).toBeUndefined()
    expect(queries).toBe(1)
    seconds += 5
    expect(cache.isUnknown(value)).toBe(false)
    await find(value)
    expect(queries).toBe(2)
  })

  it('forgets what was unknown as soon as any key changes', async () => {
    const value = 'never-heard-of-this-key'
    await find(value)
    expect(cache.isUnknown(value)).toBe(true)
    await store.write([], [{ kind: 'key', subject: '7' }])
    expect(cache.isUnknown(value)).toBe(false)
  })

  it('takes a former value until the second its grace ends, and the present one for ever', async () => {
    const former = await insert(7)
    await store.write(
      [
        store.db.insertInto('key_former').values({
          digest: vault.digest(former),
          key_id: 7,
          pepper_id: 1,
          valid_until: START + 60,
        }),
        store.db
          .updateTable('key')
          .set({ digest: vault.digest('the-new-value-of-7') })
          .where('id', '=', 7),
      ],
      [{ kind: 'key', subject: '7' }],
    )
    expect(await find(former)).toMatchObject({ id: 7 })
    expect(await find('the-new-value-of-7')).toMatchObject({ id: 7 })
    expect(cache.size).toBe(2)
    seconds += 59
    expect(await find(former)).toMatchObject({ id: 7 })
    seconds += 1
    expect(await find(former)).toBeUndefined()
    expect(await find('the-new-value-of-7')).toMatchObject({ id: 7 })
    await change(7, { status: 2 })
    expect(cache.size).toBe(0)
  })

  it('finds a key stored under a former root secret by its value', async () => {
    const value = await insert(7)
    const rotated = createVault(randomBytes(32), 2, [])
    const knowing = {
      digests: (text: string) => [...rotated.digests(text), ...vault.digests(text)],
    }
    const other = openCache({ ...rotated, ...knowing })
    expect(await other.find(rotated.digest(value), value)).toMatchObject({ id: 7 })
    expect(other.find(rotated.digest(value), value)).toMatchObject({ id: 7 })
    expect(queries).toBe(1)
    await other.close()
  })

  it('holds no more than it may, the least used out first, and tells the ledger', async () => {
    most = 3
    const values = []
    for (const id of [1, 2, 3]) values.push(await insert(id))
    for (const value of values) await find(value)
    await find(values[0] as string)
    await find(await insert(4))
    expect(cache.size).toBe(3)
    expect(ledger.knows(keyEntity(2))).toBe(false)
    expect(ledger.knows(keyEntity(1))).toBe(true)
    expect(ledger.knows(accountEntity(ACCOUNT))).toBe(true)
    const before = queries
    await find(values[0] as string)
    expect(queries).toBe(before)
    await find(values[1] as string)
    expect(queries).toBe(before + 1)
  })

  it('counts long lists of their own for what they take, and shared ones once', async () => {
    most = 20
    const limits = (first: number) => ({
      model_limits_enabled: 1,
      model_limits: Array.from({ length: 120 }, (_, at) => `model-${first}-${at}`).join(','),
    })
    for (const id of [1, 2, 3]) await find(await insert(id, limits(id)))
    expect(cache.size).toBe(1)
    for (const id of [4, 5, 6]) await find(await insert(id, limits(3)))
    expect(cache.size).toBe(4)
  })

  it('forgets the account once its last key is gone, and knows its balance again with the next', async () => {
    const value = await insert(7)
    await find(value)
    await change(7, { name: 'renamed' })
    expect(ledger.knows(accountEntity(ACCOUNT))).toBe(false)
    await find(value)
    expect(ledger.remaining(payersOf(7))).toBe(100)
    expect(ledger.knows(accountEntity(ACCOUNT))).toBe(true)
  })

  it('writes when keys were used, in one go, and what is left at close', async () => {
    const [first, second] = [await insert(1), await insert(2)]
    const key = await find(first)
    seconds += 30
    if (key) cache.touch(key)
    await cache.flush()
    expect(await accessed()).toEqual([START + 30, START])
    seconds += 30
    const other = await find(second)
    if (other) cache.touch(other)
    await cache.close()
    expect(await accessed()).toEqual([START + 30, START + 60])
  })

  it('fails when the database does, and looks again afterwards', async () => {
    const value = await insert(7)
    answered = async () => {
      throw new Error('the disk is gone')
    }
    await expect(find(value)).rejects.toThrow('the disk is gone')
    answered = async () => undefined
    expect(await find(value)).toMatchObject({ id: 7 })
  })
})

const accessed = async () =>
  (await store.db.selectFrom('key').select('accessed_time').orderBy('id').execute()).map(
    (row) => row.accessed_time,
  )

const payersOf = (id: number) => ({
  key: keyEntity(id),
  account: accountEntity(ACCOUNT),
  keyUnlimited: false,
  accountUnlimited: false,
  budgets: [],
})
