import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createAccessTokens } from '../../src/accounts/access-tokens.ts'
import { createAccounts } from '../../src/accounts/accounts.ts'
import { createPasswords } from '../../src/accounts/passwords.ts'
import { makeAdmin, makeChannels } from '../../src/cli/first-start.ts'
import type { Config } from '../../src/config.ts'
import { createVault } from '../../src/keys/vault.ts'
import { openSqliteStore } from '../../src/storage/sqlite.ts'
import type { Store } from '../../src/storage/store.ts'
import { QUICK_HASH } from '../tools/gateway.ts'
import { temporaryFolder } from './program.ts'

const TOKEN = `tpat_${'t'.repeat(43)}`
const config: Config = {
  host: '127.0.0.1',
  port: 0,
  databaseUrl: undefined,
  workers: 1,
  dataFolder: '',
  trustedProxies: [],
  privateUpstreams: 'allow',
  outwardProxies: undefined,
  secret: undefined,
  adminToken: TOKEN,
  adminPassword: 'correct horse battery',
  providers: [
    {
      ...{ provider: 'openai', key: 'sk-from-the-environment' },
      ...{ baseUrl: undefined, models: ['gpt-4o-mini'] },
    },
  ],
  drainSeconds: 1,
  logLevel: 'silent',
  signIn: { consoleUrl: undefined, mail: undefined, providers: [] },
}

/** A first start on this store; true when it came to its end. */
async function firstStart(store: Store): Promise<boolean> {
  const outside = { now: Date.now, random: randomBytes }
  const accessTokens = createAccessTokens({ store, ...outside })
  const accounts = createAccounts({ store, ...outside })
  const rooms = {
    store,
    vault: createVault(Buffer.alloc(32), 1),
    accounts,
    accessTokens,
    passwords: createPasswords(QUICK_HASH),
    ...outside,
  }
  try {
    await makeAdmin(rooms, config)
    await makeChannels(rooms, config)
    return true
  } catch (failure) {
    if (String(failure) !== 'Error: killed') throw failure
    return false
  } finally {
    await accessTokens.close()
  }
}

/** The store of a program that is killed when it has written so often. */
function killedAfter(store: Store, writes: number): Store {
  let left = writes
  return {
    ...store,
    write: (...asked) => (left-- > 0 ? store.write(...asked) : Promise.reject(new Error('killed'))),
  }
}

it('a first start that was cut off anywhere is made good by the next', async () => {
  for (let writes = 0, whole = false; !whole; writes++) {
    const path = join(temporaryFolder(), 'first.sqlite')
    const store = await openSqliteStore({ path, durability: 'process' })
    whole = await firstStart(killedAfter(store, writes))
    await firstStart(store)
    const tokens = createAccessTokens({ store, now: Date.now, random: randomBytes })
    expect(await tokens.prove(TOKEN)).toMatchObject({ username: 'admin', role: 'admin' })
    await tokens.close()
    const rows = (table: 'account' | 'access_token' | 'channel') =>
      store.db.selectFrom(table).select('id').execute()
    const made = await Promise.all([rows('account'), rows('access_token'), rows('channel')])
    expect([writes, ...made.map(({ length }) => length)]).toEqual([writes, 1, 1, 1])
    await store.close()
  }
}, 30_000)
