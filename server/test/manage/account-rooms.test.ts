import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAccessTokens } from '../../src/accounts/access-tokens.ts'
import { createAccounts, type NewAccount } from '../../src/accounts/accounts.ts'
import { createPasswords } from '../../src/accounts/passwords.ts'
import { createSettings } from '../../src/settings/settings.ts'
import type { Store } from '../../src/storage/store.ts'
import { newDatabase, type TestDatabase } from '../tools/database.ts'

const NOW = 1_800_000_000_000
const now = () => NOW
const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
const plain: NewAccount = {
  username: 'ann',
  passwordHash: null,
  role: 'user',
  group: 'default',
  groups: [],
  quota: 0,
  unlimited: false,
}

let database: TestDatabase
let store: Store

beforeEach(async () => {
  database = await newDatabase()
  store = await database.open()
  const vip = {
    name: 'vip',
    description: '',
    ratio: '1',
    ratios: '{}',
    walks: null,
    policy: '' as const,
    fallback_models: '[]',
  }
  await store.write([store.db.insertInto('channel_group').values(vip)])
})

afterEach(async () => {
  await store.close()
  await database.remove()
})

describe('passwords', () => {
  it('are recognised by their hash, however the keyboard wrote them, and no other is', async () => {
    const { hash: hashPassword, verify: verifyPassword } = createPasswords()
    const hash = await hashPassword('pass-w\u00f6rd')
    expect(hash).toMatch(/^scrypt\$32768\$8\$3\$/)
    expect(hash).not.toContain('pass')
    expect(await verifyPassword('pass-wo\u0308rd', hash)).toBe(true)
    expect(await verifyPassword('pass-word', hash)).toBe(false)
    expect(await verifyPassword('pass-w\u00f6rd', 'plain')).toBe(false)
    expect(await hashPassword('pass-w\u00f6rd')).not.toBe(hash)
  })
})

describe('access tokens', () => {
  it('remember when they were last used, written with the next batch', async () => {
    const accounts = createAccounts({ store, now })
    const tokens = createAccessTokens({ store, now, random })
    const accountId = await accounts.create(plain, { actor: 'test' })
    const wanted = { accountId, name: 't', scopes: null, expiresAt: null }
    const { token } = await tokens.create(wanted)
    expect((await tokens.list(accountId))[0]?.lastUsedAt).toBeNull()
    expect(await tokens.prove(token)).toMatchObject({ accountId, username: 'ann', scopes: null })
    await tokens.close()
    expect((await tokens.list(accountId))[0]?.lastUsedAt).toBe(NOW / 1000)
  })

  it('speak for nobody when they are revoked while they are looked up', async () => {
    const accounts = createAccounts({ store, now })
    const tokens = createAccessTokens({ store, now, random })
    const accountId = await accounts.create(plain, { actor: 'test' })
    const { id, token } = await tokens.create({
      accountId,
      name: 't',
      scopes: null,
      expiresAt: null,
    })
    // The look-up may see the row as it was; what must not happen is that it is remembered.
    const racing = tokens.prove(token)
    await tokens.remove(accountId, id)
    await racing
    expect(await tokens.prove(token)).toBe('pat_unknown')
    await tokens.close()
  })

  it('carry what changed of their account at once', async () => {
    const accounts = createAccounts({ store, now })
    const tokens = createAccessTokens({ store, now, random })
    const accountId = await accounts.create(plain, { actor: 'test' })
    const wanted = { accountId, name: 't', scopes: null, expiresAt: null }
    const { token } = await tokens.create(wanted)
    expect(await tokens.prove(token)).toMatchObject({ group: 'default', role: 'user' })
    await accounts.update(accountId, { group: 'vip', role: 'admin' }, { actor: 'test' })
    expect(await tokens.prove(token)).toMatchObject({ group: 'vip', role: 'admin' })
    await tokens.close()
  })
})

describe('settings', () => {
  it('survive a restart, and a stored value that means nothing counts as not set', async () => {
    const before = await createSettings({ store, now })
    await before.set({ 'keys.reveal': 'never', 'ledger.wait_ms': 0 })
    await store.write([
      store.db
        .insertInto('setting')
        .values({ name: 'keys.max_per_account', value: '"many"', updated_at: 0 }),
      store.db.insertInto('setting').values({ name: 'of.a.later', value: '1', updated_at: 0 }),
    ])
    const after = await createSettings({ store, now })
    expect(after.get('keys.reveal')).toBe('never')
    expect(after.get('ledger.wait_ms')).toBe(0)
    expect(after.get('keys.max_per_account')).toBe(1000)
    expect(after.isSet('keys.max_per_account')).toBe(false)
  })

  it('follow what somebody else wrote', async () => {
    const here = await createSettings({ store, now })
    const there = await createSettings({ store, now })
    await there.set({ 'metrics.public': false })
    expect(here.get('metrics.public')).toBe(false)
  })
})
