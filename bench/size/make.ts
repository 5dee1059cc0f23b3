import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataFolderAt } from '../../server/src/cli/data-folder.ts'
import { openVault } from '../../server/src/cli/root-secret.ts'
import { openPostgresStore } from '../../server/src/storage/postgres/open.ts'
import { openSqliteStore } from '../../server/src/storage/sqlite.ts'
import type { Store } from '../../server/src/storage/store.ts'
import { createNarrowSums } from '../../server/src/usage/narrow-sums.ts'
import { createTopDays } from '../../server/src/usage/top-days.ts'
import { furnish, managing, startGateway } from '../gateway.ts'
import { KEY_RULES } from '../key-rules.ts'
import { openPostgresSeed, openSqliteSeed } from './database.ts'
import type { Extent } from './extent.ts'
import { seed } from './seed.ts'

const DAY_MS = 86_400_000
const DAYS = 180
const ACCOUNTS = 400

export interface Wanted {
  readonly folder: string
  readonly databaseUrl: string | undefined
  readonly upstream: string
  readonly keys: number
  readonly records: number
}

/** A seeded installation, ready to be started. */
export interface Installation {
  readonly folder: string
  readonly databaseUrl: string | undefined
  readonly adminToken: string
  /** A file with the key for the load. */
  readonly loadKey: string
  readonly extent: Extent
}

/** Starts the gateway once for its first rows, and fills its database up. One that is there is taken as it is. */
export async function makeInstallation(wanted: Wanted): Promise<Installation> {
  const { folder, databaseUrl, upstream } = wanted
  const noted = join(folder, 'installation.json')
  if (existsSync(noted)) {
    const { adminToken, extent } = JSON.parse(readFileSync(noted, 'utf8'))
    return { folder, databaseUrl, adminToken, loadKey: join(folder, 'load-key'), extent }
  }
  const adminToken = `tpat_${randomBytes(32).toString('base64url')}`
  const loadKey = join(folder, 'load-key')
  const gateway = await startGateway({ folder, adminToken, databaseUrl })
  const manage = managing(gateway.url, adminToken)
  await furnish(manage, upstream)
  await manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
  const made = await manage('POST', '/api/token/', { ...KEY_RULES, model_limits_enabled: true })
  writeFileSync(loadKey, made.key)
  await gateway.stop()
  const now = Date.now()
  const extent: Extent = {
    ...{ keys: wanted.keys, records: wanted.records, accounts: ACCOUNTS },
    ...{ firstAccount: 2, firstKey: made.id + 1 },
    ...{ beginMs: now - DAYS * DAY_MS, endMs: now - 60_000 },
  }
  await fill(wanted, extent)
  writeFileSync(noted, JSON.stringify({ adminToken, extent }))
  return { folder, databaseUrl, adminToken, loadKey, extent }
}

async function fill({ folder, databaseUrl }: Wanted, extent: Extent): Promise<void> {
  const place = dataFolderAt(join(folder, 'data'))
  const random = (bytes: number) => randomBytes(bytes)
  const openStore = () =>
    databaseUrl === undefined
      ? openSqliteStore({ path: place.databaseFile, durability: 'process' })
      : openPostgresStore({ url: databaseUrl })
  const store = await openStore()
  const { vault } = await openVault(place, undefined, { store, random })
  await store.close()
  const database =
    databaseUrl === undefined
      ? openSqliteSeed(place.databaseFile)
      : await openPostgresSeed(databaseUrl)
  let since = performance.now()
  const tell = (what: string) => {
    console.error(`seeded: ${what}, ${((performance.now() - since) / 1000).toFixed(1)} s`)
    since = performance.now()
  }
  await seed({ database, vault, random, extent, tell })
  await database.close()
  tell('figures of the planner')
  const filled = await openStore()
  await fillBehind(filled)
  await filled.close()
  tell('what rounds make of sums')
}

/** What a gateway that had been running would have done by itself, so that it is not busy with it while it is measured. */
async function fillBehind(store: Store): Promise<void> {
  const failed = (error: unknown) => {
    throw error
  }
  for (const rounds of [
    createNarrowSums({ store, failed }),
    createTopDays({ store, failed, now: Date.now }),
  ]) {
    await rounds.run()
    await rounds.close()
  }
}
