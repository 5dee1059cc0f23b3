import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { openSource } from '../../src/storage/transfer/source.ts'
import { transfer } from '../../src/storage/transfer/transfer.ts'
import { createRollUp } from '../../src/usage/roll-up.ts'
import { begin, run } from '../cli/program.ts'
import { asking } from '../tools/calls.ts'
import { blankDatabase, fileDatabase, type TestDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway, type TestGateway } from '../tools/gateway.ts'
import { bookedFile, furnish, makeOnce, rowsIn, usageRow } from './installation.ts'

const SECRET = randomBytes(32).toString('hex')
const args = (folder: string, url: string) => ['migrate', '--from', `sqlite:${folder}`, '--to', url]
const migrate = (folder: string, url: string) =>
  run('turnpike.js', args(folder, url), { TURNPIKE_SECRET: SECRET })

/** Everything that can be read of an installation, but what changes by being looked at. */
const LISTS = [
  '/api/token/?page_size=100',
  '/api/user/?page_size=100',
  '/api/user/self',
  '/api/user/self/access_tokens',
  '/api/log/?page_size=100',
  '/api/log/stat',
  '/api/data/?start_timestamp=0',
  '/api/channel/',
  '/api/price/',
  '/api/setting/',
  '/api/redemption/?page_size=100',
  '/api/webhook/',
  '/api/audit/?page_size=100',
]

async function listsOf(gateway: TestGateway): Promise<unknown> {
  const lists = []
  for (const path of LISTS) lists.push([path, await gateway.manage('GET', path)])
  // When a key or token was last used is written now and then; how channels do is in the memory of each process.
  const isTouch = (name: string) => ['last_used_at', 'accessed_time', 'health'].includes(name)
  return JSON.parse(JSON.stringify(lists), (name, value) => (isTouch(name) ? 0 : value))
}

it('moves an installation: the same keys, lists, logs, balances and tokens, and new ids', async () => {
  const source = await fileDatabase()
  const target = await blankDatabase()
  const { dataFolder } = source.config
  const adminToken = newAdminToken()
  const before = await startGateway({ database: source, adminToken, config: { secret: SECRET } })
  const made = await furnish(before)
  const running = await migrate(dataFolder, target.url)
  expect(running).toMatchObject({ code: 1, out: '' })
  expect(running.err).toMatch(/is in use by process \d+/)
  const lists = await listsOf(before)
  await before.close()
  await rollUp(source)

  const moved = await migrate(dataFolder, target.url)
  expect(moved.code, moved.err).toBe(0)
  expect(moved.out).toMatch(/every balance equals its books\./)
  expect(moved.out).toMatch(/DATABASE_URL and the TURNPIKE_SECRET that is set now/)
  expect(moved.err).toMatch(/^100 % {2}webhook +\d+ of \d+ rows$/m)
  expect(moved.out + moved.err).not.toContain(new URL(target.url).password)

  const after = await startGateway({ database: target, adminToken, config: { secret: SECRET } })
  onTestFinished(() => after.close())
  expect(after.first).toBeUndefined()
  expect(await listsOf(after)).toEqual(lists)
  expect(await makeOnce(after)).toBe(made.once)
  for (const key of made.working) {
    expect((await after.call(asking('turnpike-simulator'), key)).status).toBe(200)
  }
  for (const key of made.refused) {
    expect((await after.call(asking('turnpike-simulator'), key)).status).toBe(401)
  }
  const self = await after.api('GET', '/api/user/self', undefined, { authorization: made.token })
  expect(self.json.data.username).toBe('alice')
  const redeem = (key: string) =>
    after.api('POST', '/api/user/topup', { key }, { authorization: made.token })
  expect((await redeem(made.redeemed)).json.success).toBe(false)
  expect((await redeem(made.unused)).json.success).toBe(true)
  // Higher than all that were ever given, those of deleted rows included.
  expect((await after.createKey()).id).toBe(made.newestKey + 1)
  const bob = await after.manage('POST', '/api/user/', { username: 'bob' })
  expect(bob.id).toBe(made.newestAccount + 1)

  await after.manage('POST', '/api/redemption/', { name: 'more', quota: 1, count: 1 })
  const [newest] = (await after.manage('GET', '/api/redemption/')).items
  expect(newest.id).toBe(made.newestCode + 1)
  // The hours go on from the record where they were.
  await rollUp(target)
  const hours = 'select sum(requests)::int as calls, sum(quota)::int as units from usage_hour'
  const records = 'select count(*)::int as calls, sum(quota)::int as units from usage'
  expect(await target.rows(hours)).toEqual(await target.rows(records))

  const again = await migrate(dataFolder, target.url)
  expect(again).toMatchObject({ code: 1, out: '' })
  expect(again.err).toMatch(/it is not empty, and nothing was changed: it has rows in access_token/)
}, 120_000)

async function rollUp(database: TestDatabase): Promise<void> {
  const store = await database.open()
  const hours = createRollUp({ store, failed: () => undefined })
  await hours.run()
  await hours.close()
  await store.close()
}

it('says where the root secret is when it is a file, and takes the target from DATABASE_URL', async () => {
  const source = await fileDatabase()
  const target = await blankDatabase()
  const { dataFolder } = source.config
  const gateway = await startGateway({ database: source })
  await gateway.close()
  const { code, out, err } = await run(
    'turnpike.js',
    ['migrate', '--from', `sqlite:${join(dataFolder, 'turnpike.sqlite')}`],
    { DATABASE_URL: target.url },
  )
  expect(code, err).toBe(0)
  expect(out).toContain(`TURNPIKE_SECRET set to the text in ${join(dataFolder, 'secret')}`)
}, 60_000)

it('leaves nothing behind when its process dies half way, and can be run again', async () => {
  const source = await bookedFile(30_000)
  const target = await blankDatabase()
  const { dataFolder } = source.config
  const { child, ended } = begin('turnpike.js', args(dataFolder, target.url))
  const copying = `select 1 from pg_stat_activity where query like 'insert into "usage"%' and datname = current_database()`
  await expect.poll(() => target.rows(copying), { interval: 20, timeout: 20_000 }).toHaveLength(1)
  child.kill('SIGKILL')
  expect((await ended).code).toBe(null)
  await expectBare(target)

  const again = await migrate(dataFolder, target.url)
  expect(again.code, again.err).toBe(0)
  expect(await rowsIn(target)).toEqual(await rowsIn(source))
}, 120_000)

it('leaves nothing behind when its connection breaks, and says so', async () => {
  const source = await bookedFile(30_000)
  const target = await blankDatabase()
  const opened = openSource(source.config.dataFolder)
  onTestFinished(opened.close)
  let cut: Promise<unknown> | undefined
  const moving = transfer(opened, target.url, ({ table, rows }) => {
    if (table !== 'usage' || rows === 0) return
    cut ??= target.rows(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
  })
  await expect(moving).rejects.toThrow(/terminat/i)
  await cut
  await expectBare(target)
  const { sums } = await transfer(opened, target.url, () => undefined)
  expect(sums).toContainEqual({ name: 'rows of usage', from: 30_000n, to: 30_000n })
  expect(await target.doctor()).toEqual([])
  const partitions = await target.rows(`select tableoid::regclass::text from usage_rest limit 1`)
  expect(partitions).toEqual([])
}, 120_000)

/** A gateway could be started on it as on a new one. */
async function expectBare(target: TestDatabase): Promise<void> {
  await pause(100)
  const rows = await rowsIn(target)
  expect(Object.entries(rows).filter(([, count]) => count > 0)).toEqual([
    ['change_counter', 1],
    ['meta', 1],
  ])
}

it('gives no id of a usage record again, though retention may have deleted it', async () => {
  const source = await bookedFile(10)
  const target = await blankDatabase()
  await source.tamper(`insert into meta (name, value) values ('usage_added', '500')`)
  expect((await migrate(source.config.dataFolder, target.url)).code).toBe(0)
  const next = `select nextval(pg_get_serial_sequence('usage', 'id'))::int as id`
  expect(await target.rows(next)).toEqual([{ id: 501 }])
})

it('compares sums beyond 64 bits, and takes rows that are long', async () => {
  const source = await bookedFile(1)
  const target = await blankDatabase()
  await source.tamper(`
    with recursive numbers (id) as (select 1 union all select id + 1 from numbers where id < 10000)
    insert into balance (entity, remain, used, requests) select id * 4 + 2, 1000000000000000, 0, 0 from numbers;
    insert into entry (entity, delta, kind, reason, actor, created_at)
      select entity, remain, 'grant', '', 'test', 1 from balance where entity % 4 = 2;
    with recursive numbers (id) as (select 1 union all select id + 1 from numbers where id < 10)
    insert into setting select 'long ' || id, hex(zeroblob(1500000)), 1 from numbers`)
  const moved = await migrate(source.config.dataFolder, target.url)
  expect(moved.code, moved.err).toBe(0)
  expect(moved.out).toMatch(/^ {2}balances, remain +10000000000000002000$/m)
  const lengths = await target.rows('select sum(length(value))::int as sum from setting')
  expect(lengths).toEqual([{ sum: 30_000_000 }])
}, 60_000)

it('makes texts storable that PostgreSQL does not hold, and counts them', async () => {
  const source = await bookedFile(1)
  const target = await blankDatabase()
  await source.tamper(
    [`'a' || char(0) || 'b'`, `cast(x'61eda08062' as text)`, `'a' || char(65533) || 'b'`]
      .map((name, at) => usageRow(at + 2, name))
      .join(';'),
  )
  const moved = await migrate(source.config.dataFolder, target.url)
  expect(moved.err).toMatch(/^2 texts were changed/m)
  // Their charges have no balances: as in the source, so that the books are found wrong on both sides.
  const names = await target.rows('select key_name from usage where id > 1 order by id')
  expect(names.map(({ key_name }) => key_name)).toEqual(['ab', 'a���b', 'a�b'])
})

it('ends with 1 when the books are wrong, and says whether they were wrong before', async () => {
  const source = await bookedFile(10)
  const target = await blankDatabase()
  await source.tamper('update balance set remain = remain + 7 where entity = 4')
  const { code, out, err } = await migrate(source.config.dataFolder, target.url)
  expect(code).toBe(1)
  expect(out).toMatch(/^key 1: remain is .*\(so it was in the source\)$/m)
  expect(err).toMatch(/1 findings\. All rows are there\./)
})

it('keeps nothing when the two sides do not add up', async () => {
  const source = await bookedFile(10)
  const target = await blankDatabase()
  await (await openPostgresStore({ url: target.url })).close()
  await target.tamper(`
    create function more() returns trigger language plpgsql as
      $$ begin new.remain := new.remain + 1; return new; end $$;
    create trigger more before insert on balance for each row when (new.entity = 4) execute function more()`)
  const { code, out, err } = await migrate(source.config.dataFolder, target.url)
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(/do not add up:\nbalances, remain: 11000 became 11001\nNothing of it is in/)
  await expectBare(target)
})

it('refuses a target that a node uses, and waits until it knows that a crashed one is dead', async () => {
  const source = await bookedFile(1)
  const target = await blankDatabase()
  const store = await openPostgresStore({ url: target.url })
  const refused = await migrate(source.config.dataFolder, target.url)
  expect(refused).toMatchObject({ code: 1, out: '' })
  expect(refused.err).toMatch(/a gateway runs on it: .*Stop it first\./)
  await store.close()
  await target.tamper(`select turnpike_register('gone', '', '', 0, '{}')`)
  expect((await migrate(source.config.dataFolder, target.url)).code).toBe(0)
}, 90_000)

it('refuses a file of another schema, the way back, and what it does not know', async () => {
  const source = await bookedFile(1)
  const { url, rows } = await blankDatabase()
  const { dataFolder } = source.config
  await source.tamper(`update meta set value = '1' where name = 'schema'`)
  expect((await migrate(dataFolder, url)).err).toMatch(/it has schema 1.*start the gateway once/)
  await source.tamper(`update meta set value = '999' where name = 'schema'`)
  expect((await migrate(dataFolder, url)).err).toMatch(/written by a newer Turnpike/)
  expect(await rows(`select 1 from pg_class where relname = 'meta'`)).toEqual([])
  const wrong = async (...words: string[]) => (await run('turnpike.js', ['migrate', ...words])).err
  expect(await wrong('--from', url, '--to', `sqlite:${dataFolder}`)).toMatch(/the way back is not/)
  expect(await wrong('--from', dataFolder, '--to', url)).toMatch(/^--from takes sqlite:/)
  expect(await wrong('--from', `sqlite:${dataFolder}`)).toMatch(/^--to, or DATABASE_URL, takes/)
  const nowhere = `sqlite:${join(dataFolder, 'nowhere')}`
  expect(await wrong('--from', nowhere, '--to', url)).toMatch(/there is no such file or folder/)
}, 60_000)
