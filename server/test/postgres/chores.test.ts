import { expect, it, onTestFinished } from 'vitest'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import type { Store } from '../../src/storage/store.ts'
import { newDatabase, type TestDatabase } from '../tools/database.ts'
import { openSession } from './sessions.ts'

const SWEPT_AFTER_MS = 3_600_000
const SOON = { timeout: 5_000, interval: 20 }

/** So many nodes, which have been there since the change of one millisecond, and whose clock the test moves on. */
async function openNodes(count: number) {
  const database = await newDatabase()
  onTestFinished(database.remove)
  const url = database.config.databaseUrl ?? ''
  let ahead = 0
  const steady = () => performance.now() + ahead
  const stores: Store[] = []
  for (let n = 0; n < count; n++) stores.push(await openPostgresStore({ url, steady }))
  onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))))
  const [here, there] = stores as [Store, Store]
  const pass = (ms: number) => {
    ahead += ms
  }
  return { database, url, here, there, pass }
}

const note = (store: Store, subject: string) => store.write([], [{ kind: 'group', subject }])

/** As if a change had been made so long ago. */
const age = (database: TestDatabase, subject: string, ms: number) =>
  database.tamper(
    `update change set created_at = created_at - ${ms / 1_000} where subject = '${subject}'`,
  )

const kept = async ({ rows }: TestDatabase) =>
  (await rows('select subject from change order by seq')).map(({ subject }) => subject)

const partitions = async ({ rows }: TestDatabase) =>
  (
    await rows(`select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
      where inhparent = 'usage'::regclass order by relname`)
  ).map(({ relname }) => relname)

it('changes are kept for an hour, and swept within a minute', async () => {
  const { database, here, pass } = await openNodes(1)
  for (const subject of ['old', 'older', 'nearly', 'new']) await note(here, subject)
  await age(database, 'old', SWEPT_AFTER_MS + 1_000)
  await age(database, 'older', SWEPT_AFTER_MS * 2)
  // Half a minute is left, should the test be held up.
  await age(database, 'nearly', SWEPT_AFTER_MS - 30_000)
  pass(60_000)
  await expect.poll(() => kept(database), SOON).toEqual(['nearly', 'new'])
  await age(database, 'nearly', 60_000)
  pass(60_000)
  await expect.poll(() => kept(database), SOON).toEqual(['new'])
})

it('a node that runs for months makes partitions for those that come', async () => {
  const { database, pass } = await openNodes(1)
  const all = await partitions(database)
  const newest = all.at(-2)
  // This month, the next two, and the rest.
  expect([all.length, all.at(-1)]).toEqual([4, 'usage_rest'])
  expect(newest).toMatch(/^usage_\d{4}_\d{2}$/)
  // As a node sees it that was started a month ago.
  await database.tamper(`drop table ${newest}`)
  pass(86_400_000)
  await expect.poll(() => partitions(database), SOON).toEqual(all)
})

it('no change waits for a chore that waits', async () => {
  const { database, url, here, there, pass } = await openNodes(2)
  const told: string[] = []
  there.onChange(({ subject }) => void told.push(subject))
  const all = await partitions(database)
  await database.tamper(`drop table ${all.at(-2)}`)
  const reader = await openSession(url)
  await reader.client.query('begin')
  await reader.client.query('select count(*) from usage')
  pass(86_400_000)
  const isWaiting = async () =>
    (
      await database.rows(`select 1 from pg_stat_activity
        where datname = current_database() and query like '%usage_partitions%' and wait_event_type = 'Lock'`)
    ).length > 0
  await expect.poll(isWaiting, SOON).toBe(true)
  await note(here, 'meanwhile')
  await expect.poll(() => told, { timeout: 1_000, interval: 10 }).toEqual(['meanwhile'])
  expect(await isWaiting()).toBe(true)
  await reader.client.query('rollback')
})
