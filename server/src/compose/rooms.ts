import { tmpdir } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { createAccessTokens } from '../accounts/access-tokens.ts'
import { createAccounts } from '../accounts/accounts.ts'
import { createPasswords } from '../accounts/passwords.ts'
import { type Budgets, createBudgets } from '../budgets/budgets.ts'
import { createDial, type Dial } from '../channels/dial.ts'
import { createDirectory } from '../channels/directory.ts'
import { createUpstreamDispatcher } from '../channels/dispatcher.ts'
import { createHealth } from '../channels/health/health.ts'
import { createProbe } from '../channels/probe.ts'
import { createAccessTo } from '../channels/types/accesses.ts'
import { type DataFolder, dataFolderAt, openDataFolder } from '../cli/data-folder.ts'
import { type FirstStart, makeAdmin, makeChannels } from '../cli/first-start.ts'
import { programName, programVersion } from '../cli/program.ts'
import { openVault } from '../cli/root-secret.ts'
import type { Outside } from '../compose.ts'
import type { Config } from '../config.ts'
import type { Events } from '../events/events.ts'
import { createGroups } from '../groups/groups.ts'
import { createJobs } from '../jobs/jobs.ts'
import { createKeyCache } from '../keys/key-cache.ts'
import type { Vault } from '../keys/vault.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { openLedger } from '../ledger/open-ledger.ts'
import { createOnce } from '../manage/idempotency.ts'
import type { Rooms } from '../manage/rooms.ts'
import { createMetrics } from '../metrics/metrics.ts'
import { createChargedPrices } from '../prices/charged-prices.ts'
import { createPriceBook } from '../prices/price-book.ts'
import { createRates, type Rates } from '../rates/rates.ts'
import { SharedRates } from '../rates/shared-rates.ts'
import { createDeadlines, type Deadlines } from '../relay/forward/deadlines.ts'
import { createSettings, type Settings } from '../settings/settings.ts'
import { createBackoff } from '../sign-in/backoff.ts'
import { mailOf } from '../sign-in/mail.ts'
import { createSessions } from '../sign-in/sessions.ts'
import { createTurns } from '../sign-in/turns.ts'
import { createWays } from '../sign-in/ways.ts'
import { claimOwnership } from '../storage/ownership.ts'
import { nameOf } from '../storage/postgres/name.ts'
import { openSqliteStore } from '../storage/sqlite.ts'
import type { Store } from '../storage/store.ts'
import { storedDurability } from '../storage/stored-durability.ts'
import { createUploads, type Uploads } from '../uploads/uploads.ts'
import { createCharts } from '../usage/charts.ts'
import { startEvents, tellBreaker } from './events.ts'
import { startRounds } from './rounds.ts'

/** On a disk that refuses the ledger would wait for ever; the store then says which calls are not on the books. */
const FLUSH_GRACE_MS = 5_000
const UNWATCHED = { ref: false }

/** Everything that both doors share. */
export interface Built {
  readonly rooms: Rooms
  readonly dispatcher: Dispatcher
  readonly dial: Dial
  readonly uploads: Uploads
  /** The clock that running calls, the door and the channels' health share. */
  readonly deadlines: Deadlines
  readonly first: FirstStart | undefined
  readonly draining: Draining
  /** Writes where the gateway can be reached into the lock of the data folder. */
  tellOwner(url: string): void
}

/** Whether the program was told to stop. */
export interface Draining {
  begun: boolean
  begin(): void
}

/** Opens the data folder and builds the nouns on it. What must be closed goes onto `opened`, in the order of opening. */
export async function buildRooms(
  config: Config,
  outside: Outside,
  opened: AsyncDisposableStack,
): Promise<Built> {
  const { now, random, log } = outside
  const { store, folder, named, tellOwner } = await openStore(config, outside, opened)
  const { vault } = await store.alone(() =>
    openVault(folder, config.secret, { store, random, named }),
  )
  const settings = await createSettings({ store, now })
  const pricesComing = createPriceBook({ store, now })
  const ledger = openLedger(store, now)
  opened.defer(() => Promise.race([ledger.flush(), pause(FLUSH_GRACE_MS, undefined, UNWATCHED)]))
  startRounds({ store, settings, outside }, opened)
  const accounts = createAccounts({ store, now })
  const credentials = openCredentials({ store, vault, outside }, opened)
  const firstRooms = { store, vault, accounts, now, random, ...credentials }
  const first = await store.alone(async () => {
    const made = await makeAdmin(firstRooms, config)
    await makeChannels(firstRooms, config)
    return made
  })

  const groups = await createGroups({ store })
  const told = await startEvents({ config, outside, store, vault, settings }, opened)
  const ways = await openChannels({ config, outside, store, vault, ...told }, opened)
  const { probe, health, directory } = ways
  const budgets = createBudgets({ store, ledger, now })
  const keys = createKeyCache({
    ...{ store, vault, settings, groups, now },
    ledger: forgettingBudgets(ledger, budgets),
  })
  opened.defer(() => keys.close())
  const uploads = openUploads(config, settings)
  const metrics = createMetrics({ ledger, health, directory, uploads })
  opened.defer(() => metrics.close())
  const draining = createDraining()
  const rooms: Rooms = {
    ...{ store, ledger, budgets, vault, keys, accounts, settings, groups, directory },
    ...credentials,
    ...{ probe, metrics, health, now, random, log },
    ...told,
    mail: mailOf(config.signIn, log),
    ways: createWays({ store, settings, config: config.signIn }),
    rates: openRates(store, outside, opened),
    ...{ charts: createCharts(store), jobs: createJobs({ store, now }) },
    prices: await pricesComing,
    chargedPrices: createChargedPrices(store),
    once: createOnce({ store, now }),
    program: {
      version: programVersion(),
      name: programName(),
      startedAt: now(),
      privateUpstreams: config.privateUpstreams,
      draining: () => draining.begun,
    },
  }
  const { dispatcher, dial, deadlines } = ways
  return { rooms, dispatcher, dial, uploads, deadlines, first, draining, tellOwner }
}

function createDraining(): Draining {
  const draining = {
    begun: false,
    begin() {
      draining.begun = true
    },
  }
  return draining
}

/** By what callers of the management API show who they are. */
function openCredentials(
  { store, vault, outside }: { store: Store; vault: Vault; outside: Outside },
  opened: AsyncDisposableStack,
) {
  const { now, random, passwordCost } = outside
  const accessTokens = createAccessTokens({ store, now, random })
  opened.defer(() => accessTokens.close())
  const secret = vault.secretsFor('sign-in')[0]?.secret ?? ''
  const sessions = createSessions({ store, now, secret })
  opened.defer(() => sessions.close())
  const backoff = createBackoff({ store, secret, now })
  const passwords = createPasswords(passwordCost)
  return { accessTokens, sessions, passwords, backoff, turns: createTurns() }
}

interface ChannelsAsked {
  readonly events: Events
  readonly config: Config
  readonly outside: Outside
  readonly store: Store
  readonly vault: Vault
}

/** Everything on the way to the providers: connections, the clock of their deadlines, who they are and how they do. */
async function openChannels(asked: ChannelsAsked, opened: AsyncDisposableStack) {
  const { config, outside, store, vault, events } = asked
  const { now, log } = outside
  const dispatcher = createUpstreamDispatcher(config)
  opened.defer(() => dispatcher.destroy())
  const accessTo = createAccessTo({ dispatcher, now })
  const probe = createProbe({ dispatcher, accessTo, now })
  const deadlines = createDeadlines()
  opened.defer(() => deadlines.close())
  const health = createHealth({
    ...{ clock: deadlines, wall: now, random: Math.random },
    told: (channel, change) => tellBreaker(events, channel, change),
  })
  const directory = await createDirectory({
    ...{ store, vault, log, accessTo },
    askModels: probe.modelsOf,
    changed: health.follow,
  })
  opened.defer(() => directory.close())
  const dial = createDial(config)
  return { dispatcher, dial, probe, deadlines, health, directory }
}

/** Budgets are forgotten with the key or account that they are of. */
const forgettingBudgets = (ledger: Ledger, budgets: Budgets): Pick<Ledger, 'know' | 'forget'> => ({
  know: ledger.know,
  forget(owner) {
    ledger.forget(owner)
    budgets.forget(owner)
  },
})

/** One process counts by itself; nodes that share a database tell each other. */
function openRates(store: Store, outside: Outside, opened: AsyncDisposableStack): Rates {
  const { rateExchange: exchange } = store
  const isShared = exchange !== undefined
  const counts = createRates({ now: outside.steady ?? (() => performance.now()), isShared })
  if (exchange === undefined) return counts
  const shared = new SharedRates({ counts, exchange, log: outside.log })
  opened.defer(() => shared.close())
  return shared
}

interface OpenedStore {
  readonly store: Store
  /** Where the secret stands, unless the environment gives it. */
  readonly folder: DataFolder
  /** How messages call what is stored. */
  readonly named: string
  readonly tellOwner: Built['tellOwner']
}

const openUploads = (config: Config, settings: Settings): Uploads =>
  createUploads({
    folder: hasFolder(config) ? config.dataFolder : tmpdir(),
    mostBytes: () => settings.get('limits.upload_disk_bytes'),
  })

/** With a database elsewhere and a secret from the environment nothing is kept, and there may be no place for it. */
const hasFolder = ({ databaseUrl, secret }: Config): boolean =>
  databaseUrl === undefined || secret === undefined

/** One process owns a file, by a lock in its folder; PostgreSQL is shared, and then the folder holds a secret at most. */
async function openStore(
  config: Config,
  { log, stopping, steady }: Outside,
  opened: AsyncDisposableStack,
): Promise<OpenedStore> {
  const { dataFolder, databaseUrl, host, port } = config
  if (databaseUrl !== undefined) {
    const folder = hasFolder(config) ? openDataFolder(dataFolder) : dataFolderAt(dataFolder)
    // Loaded where it is used: on SQLite nobody pays for its driver.
    const { openPostgresStore } = await import('../storage/postgres/open.ts')
    const store = await openPostgresStore({
      ...{ url: databaseUrl, log, stopping, steady },
      facts: { name: programName(), url: `http://${host}:${port}`, version: programVersion() },
    })
    opened.defer(() => store.close())
    return { store, folder, named: nameOf(databaseUrl), tellOwner: () => undefined }
  }
  const folder = openDataFolder(dataFolder)
  const ownership = claimOwnership(folder.path)
  opened.defer(() => ownership.release())
  const path = folder.databaseFile
  const store = await openSqliteStore({ path, durability: storedDurability(path), log })
  opened.defer(() => store.close())
  return { store, folder, named: folder.path, tellOwner: (url) => ownership.tell(url) }
}
