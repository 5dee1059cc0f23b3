import { ENTRY_MARK, USAGE_MARK } from '../../server/src/events/follow.ts'
import { keySeal } from '../../server/src/keys/sealed.ts'
import { generateKey } from '../../server/src/keys/secret.ts'
import type { Vault } from '../../server/src/keys/vault.ts'
import type { SqlValue } from '../../server/src/storage/store.ts'
import { RECORDS_A_WRITE, summingTexts } from '../../server/src/usage/roll-up.ts'
import { SUMMED_UP_TO } from '../../server/src/usage/summable.ts'
import type { SeedDatabase } from './database.ts'
import type { Extent } from './extent.ts'
import { accountOf, insertRecords } from './records.ts'

const KEYS_AT_ONCE = 10_000
const RECORDS_AT_ONCE = 250_000
const DAY_MS = 86_400_000
/** What each finite balance has left. */
const LEFT = 1_000_000_000

const STAGES = ['prod', 'staging', 'dev', 'тест', '本番']
const TEAMS = ['Zürich', 'finance', 'café', 'Ελλάδα', 'search', 'mobile', '東京', 'München', 'ops']
const TASKS = ['checkout', 'assistant', 'nightly import', 'support-bot', 'translate', 'e2e tests']

/** A name such as people give: not unique, not only in English. */
export const nameOf = (n: number): string =>
  n % 50 === 0
    ? ''
    : `${STAGES[n % 5]}/${TEAMS[n % 9]} ${TASKS[Math.floor(n / 7) % 6]} ${Math.floor(n / 3)}`

export interface Seeding {
  readonly database: SeedDatabase
  readonly vault: Vault
  readonly random: (bytes: number) => Uint8Array
  readonly extent: Extent
  readonly tell: (what: string) => void
}

/** Fills the database of a gateway that was started on it once and is stopped. The books are right afterwards. */
export async function seed(seeding: Seeding): Promise<void> {
  const { tell } = seeding
  await seedAccounts(seeding)
  tell('accounts')
  await seedKeys(seeding)
  tell('keys')
  await seedRecords(seeding)
  tell('records')
  await keepBooks(seeding)
  tell('books')
  await seedSums(seeding)
  tell('sums')
  await seedAround(seeding)
  tell('audit and codes')
}

async function seedAccounts({ database, extent }: Seeding): Promise<void> {
  const { firstAccount, accounts, beginMs } = extent
  const rows = Array.from({ length: accounts }, (_, n): SqlValue[] => [
    ...[firstAccount + n, n === 0 ? 'large' : `account-${n}`, null, 'user', 1, 'default'],
    ...['["vip","batch"]', n % 20 === 19 ? 1 : 0, Math.floor(beginMs / 1000), null],
  ])
  const columns = ['id', 'username', 'password_hash', 'role', 'status', 'group_name', 'groups']
  await database.insert(
    'account',
    [...columns, 'unlimited_quota', 'created_at', 'deleted_at'],
    rows,
  )
}

const KEY_COLUMNS = [
  ...[
    'id',
    'account_id',
    'digest',
    'pepper_id',
    'sealed',
    'hint',
    'name',
    'status',
    'created_time',
  ],
  ...['accessed_time', 'expired_time', 'unlimited_quota', 'model_limits_enabled', 'model_limits'],
  ...['allow_ips', 'group_name', 'cross_group_retry', 'extra', 'deleted_at'],
]

async function seedKeys(seeding: Seeding): Promise<void> {
  const { database, extent } = seeding
  const { keys, firstKey } = extent
  for (let at = 0; at < keys; at += KEYS_AT_ONCE) {
    const last = Math.min(at + KEYS_AT_ONCE, keys) - 1
    const series = database.series(firstKey + at, firstKey + last)
    const owned = await database.rows(
      `select i as id, ${accountOf('i', extent)} as account from ${series}`,
    )
    const rows = owned.map(({ id, account }) => keyRow(seeding, Number(id), Number(account)))
    await database.insert('key', KEY_COLUMNS, rows)
  }
}

function keyRow({ vault, random, extent }: Seeding, id: number, account: number): SqlValue[] {
  const value = generateKey(random)
  const n = id - extent.firstKey
  const madeAt = Math.floor(
    (extent.beginMs + (n / extent.keys) * (extent.endMs - extent.beginMs)) / 1000,
  )
  const isDeleted = n % 47 === 46
  return [
    ...[id, account, vault.digest(value), vault.pepperId],
    ...[isDeleted ? null : vault.seal(value, keySeal(id)), value.slice(0, 4) + value.slice(-4)],
    ...[
      nameOf(n),
      n % 31 === 30 ? 2 : 1,
      madeAt,
      madeAt,
      n % 13 === 12 ? madeAt + 90 * 86_400 : -1,
    ],
    ...[n % 10 === 9 ? 1 : 0, n % 4 === 3 ? 1 : 0, n % 4 === 3 ? 'gpt-4o,gpt-4o-mini,o3' : ''],
    ...[
      n % 6 === 5 ? '203.0.113.0/24\n2001:db8::/32' : null,
      '',
      0,
      null,
      isDeleted ? madeAt + 9 : null,
    ],
  ]
}

async function seedRecords({ database, extent }: Seeding): Promise<void> {
  for (let at = extent.beginMs; at < extent.endMs + 40 * DAY_MS; at = nextMonth(at)) {
    const month = new Date(at)
    const begin = Date.UTC(month.getUTCFullYear(), month.getUTCMonth())
    const name = `usage_${month.toISOString().slice(0, 7).replace('-', '_')}`
    await database.makeMonth(name, begin, nextMonth(at))
  }
  const indexes = await database.dropIndexes('usage')
  for (let at = 1; at <= extent.records; at += RECORDS_AT_ONCE) {
    const last = Math.min(at + RECORDS_AT_ONCE - 1, extent.records)
    await database.run(insertRecords(extent, database.series(at, last)))
  }
  for (const index of indexes) await database.run(index)
}

function nextMonth(at: number): number {
  const month = new Date(at)
  return Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1)
}

/** As many at a time as rounds sum: rows of an hour lie beside each other then, not those of an account. */
async function seedSums({ database }: Seeding): Promise<void> {
  const newest = Number(await newestRecord(database))
  for (let from = 0; from < newest; from += RECORDS_A_WRITE) {
    const to = Math.min(from + RECORDS_A_WRITE, newest)
    const statements = summingTexts(database, String(from), String(to))
    await database.run(['begin', ...statements, 'commit'].join(';\n'))
  }
}

/** Every balance had what it used and what is left; entries say so. */
async function keepBooks({ database, extent }: Seeding): Promise<void> {
  const seconds = Math.floor(extent.beginMs / 1000)
  const owners = [
    { table: 'key', first: extent.firstKey, entity: '4 * owner.id' },
    { table: 'account', first: extent.firstAccount, entity: '4 * owner.id + 1' },
  ]
  for (const { table, first, entity } of owners) {
    await database.run(`create temporary table spent as select ${table}_id as id, count(*) as requests, sum(quota) as used,
      sum(quota * ${table}_charged) as taken from usage group by ${table}_id`)
    const finite = `case when owner.unlimited_quota = 1 then 0 else ${LEFT} end`
    const owned = `from ${table} as owner left join spent on spent.id = owner.id where owner.id >= ${first} order by owner.id`
    await database.run(`insert into balance (entity, remain, used, requests)
      select ${entity}, ${finite}, coalesce(used, 0), coalesce(requests, 0) ${owned}`)
    await database.run(`insert into entry (entity, delta, kind, reason, actor, idempotency, created_at)
      select ${entity}, ${finite} + coalesce(taken, 0), 'grant', '', 'seed', null, ${seconds} ${owned}`)
    await database.run('drop table spent')
  }
}

async function newestRecord(database: SeedDatabase): Promise<string> {
  const [row] = await database.rows('select max(id) as id from usage')
  const newest = String(row?.id ?? 0)
  const [entry] = await database.rows('select max(id) as id from entry')
  // Rounds that follow the books would else be busy with all of them while others are measured.
  const marks = {
    [SUMMED_UP_TO]: newest,
    [USAGE_MARK]: newest,
    [ENTRY_MARK]: String(entry?.id ?? 0),
  }
  for (const [name, value] of Object.entries(marks)) {
    await database.run(`delete from meta where name = '${name}'`)
    await database.run(`insert into meta (name, value) values ('${name}', '${value}')`)
  }
  return newest
}

/** What administration leaves behind: a line of audit for each key, and redeem codes. */
async function seedAround({ database, extent }: Seeding): Promise<void> {
  const seconds = Math.floor(extent.beginMs / 1000)
  await database.run(`insert into audit (created_at, actor_id, actor, ip, action, subject, before, after, request_id)
    select created_time, account_id, 'seed', '203.0.113.9',
      case when id % 9 = 0 then 'key.update' else 'key.create' end, 'key ' || cast(id as text), null, '{"status":1}', 'req_seed'
    from key where id >= ${extent.firstKey} order by id`)
  await database.run(`insert into redemption (batch_id, name, digest, hint, quota, created_at, expires_at, redeemed_at, redeemed_by)
    select i - i % 100, 'spring', 'seeded ' || cast(i as text), 'abcd', 500000, ${seconds}, null, null, null
    from ${database.series(1, Math.ceil(extent.keys / 10))}`)
}
