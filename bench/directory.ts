/**
 * `node bench/directory.ts`: an installation of 10 000 channels, 1 000 groups and 5 000 priced models. How soon all of it is in
 * memory - the goal is a second -, and what a change of one channel, group or price costs, from the write until every
 * call follows it. That nothing but the changed row is read again is a test: server/test/channels/at-size.test.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDirectory } from '../server/src/channels/directory.ts'
import { createHealth } from '../server/src/channels/health/health.ts'
import { sealUpstreamKeys } from '../server/src/channels/upstream-keys.ts'
import { createGroups } from '../server/src/groups/groups.ts'
import { createVault } from '../server/src/keys/vault.ts'
import { createPriceBook } from '../server/src/prices/price-book.ts'
import { openSqliteStore } from '../server/src/storage/sqlite.ts'
import type { Store } from '../server/src/storage/store.ts'
import type { ChangeKind } from '../server/src/storage/tables.ts'
import { channelRow } from '../server/test/channels/a-channel.ts'
import { tellGoal } from './goals.ts'
import { openSqliteSeed } from './size/database.ts'

const CHANNELS = 10_000
const GROUPS = 1_000
const MODELS = 5_000
const MODELS_EACH = 20
const CHANGES = 200
const GOAL_MS = 1_000

const folder = mkdtempSync(join(tmpdir(), 'turnpike-directory-'))
const file = join(folder, 'turnpike.sqlite')
const vault = createVault(Buffer.alloc(32, 7), 1)
const quiet = { info() {}, warn() {}, error() {} }
const open = () => openSqliteStore({ path: file, durability: 'full', log: quiet })

async function seed() {
  await (await open()).close()
  const database = openSqliteSeed(file)
  await database.insert(
    'channel_group',
    ['name', 'description', 'ratio', 'ratios'],
    Array.from({ length: GROUPS }, (_, at) => [`g${at}`, '', `1.${at}`, '{}']),
  )
  await database.insert(
    'price',
    ['model', 'price', 'updated_at'],
    Array.from({ length: MODELS }, (_, at) => [`m${at}`, '{"input":"2","output":"8"}', 0]),
  )
  const channels = Array.from({ length: CHANNELS }, (_, at) =>
    channelRow(at + 1, {
      keys: sealUpstreamKeys(vault, at + 1, [`sk-${at}`]),
      base_url: `http://host-${at % 500}.example/v1`,
      models: JSON.stringify(
        Array.from({ length: MODELS_EACH }, (_, n) => `m${(at * 7 + n) % MODELS}`),
      ),
      groups: JSON.stringify(['default', `g${at % GROUPS}`]),
    }),
  )
  const [first = {}] = channels
  await database.insert(
    'channel',
    Object.keys(first),
    channels.map((row) => Object.values(row)),
  )
  await database.close()
}

const rows: string[] = []

/** Time and processor time of all threads, in milliseconds, of each of `times`. */
async function measure(what: string, times: number, run: (at: number) => Promise<unknown>) {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  for (let at = 0; at < times; at++) await run(at)
  const tookMs = (performance.now() - startedAt) / times
  const { user, system } = process.cpuUsage(cpu)
  const cpuMs = (user + system) / 1000 / times
  rows.push(`| ${what} | ${tookMs.toFixed(2)} | ${cpuMs.toFixed(2)} |`)
  return tookMs
}

async function openRooms(store: Store) {
  const health = createHealth({
    ...{ clock: { now: 0 }, told() {} },
    ...{ wall: Date.now, random: Math.random },
  })
  const [groups, prices, directory] = await Promise.all([
    createGroups({ store }),
    createPriceBook({ store }),
    createDirectory({
      ...{ store, vault, log: quiet, changed: health.follow },
      askModels: () => Promise.reject(new Error('nobody is asked')),
      accessTo: () => undefined,
    }),
  ])
  return { groups, prices, directory }
}

await seed()
const store = await open()
try {
  let rooms: Awaited<ReturnType<typeof openRooms>> | undefined
  const loadMs = await measure('all of it into memory', 1, async () => {
    rooms = await openRooms(store)
  })
  const { db } = store
  const write = (
    kind: ChangeKind,
    subject: string | number,
    update: Parameters<Store['write']>[0],
  ) => store.write(update, [{ kind, subject: String(subject) }])
  await measure('a write that changes nothing in memory', CHANGES, () => store.write([], []))
  await measure('a change of a channel', CHANGES, (at) => {
    const row = db
      .updateTable('channel')
      .set({ priority: at })
      .where('id', '=', at + 1)
    return write('channel', at + 1, [row])
  })
  await measure('a change of a group', CHANGES, (at) => {
    const row = db.updateTable('channel_group').set({ ratio: '2' }).where('name', '=', `g${at}`)
    return write('group', `g${at}`, [row])
  })
  await measure('a change of a price', CHANGES, (at) => {
    const row = db
      .updateTable('price')
      .set({ price: '{"input":"3"}' })
      .where('model', '=', `m${at}`)
    return write('price', `m${at}`, [row])
  })
  const found = rooms?.directory.candidates('default', 'm7').length
  if (!found) throw new Error('nobody serves m7: nothing was measured')
  console.log(`| ${CHANNELS} channels, ${GROUPS} groups, ${MODELS} models | ms | CPU ms |`)
  console.log(['|---|---:|---:|', ...rows].join('\n'))
  console.log(`in memory within ${GOAL_MS} ms: ${loadMs <= GOAL_MS ? 'met' : 'missed'}`)
  tellGoal({
    what: `${CHANNELS} channels in memory`,
    measured: `${loadMs.toFixed(0)} ms`,
    goal: `at most ${GOAL_MS} ms`,
    met: loadMs <= GOAL_MS,
  })
  if (loadMs > GOAL_MS) process.exitCode = 1
  rooms?.directory.close()
} finally {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
}
