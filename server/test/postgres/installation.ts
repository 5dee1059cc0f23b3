import { asking } from '../tools/calls.ts'
import { fileDatabase, type TestDatabase } from '../tools/database.ts'
import type { TestGateway } from '../tools/gateway.ts'

/** What an installation has that must be the same after a move. */
export interface Furnished {
  /** Values of keys that work, former ones in their time of grace among them. */
  readonly working: readonly string[]
  readonly refused: readonly string[]
  /** An access token of `alice`. */
  readonly token: string
  readonly redeemed: string
  readonly unused: string
  /** Ids of rows that were deleted, and were the highest. */
  readonly newestKey: number
  readonly newestAccount: number
  readonly newestCode: number
  /** Of a key that was made under the idempotency key `once`. */
  readonly once: number
}

/** Makes something of everything that is stored. */
export async function furnish(gateway: TestGateway): Promise<Furnished> {
  const { manage, createKey, call, secret } = gateway
  const model = await gateway.offer('scripted-model')
  await manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 500_000 })
  const kept = await createKey({
    ...{ name: 'kept 🌱', rpm_limit: 100, metadata: { team: 'a' } },
    budgets: [{ period: 'month', amount: 1_000_000_000, tz: 'Europe/Amsterdam' }],
  })
  const rotated = await createKey({ name: 'rotated' })
  const { key: fresh } = await manage('POST', `/api/token/${rotated.id}/rotate`, {
    grace_seconds: 3600,
  })
  const once = await makeOnce(gateway)
  const deleted = await createKey({ name: 'deleted' })
  for (const key of [kept.key, rotated.key, deleted.key]) await call(asking(model), key)
  await call(asking('turnpike-simulator'), kept.key)
  await manage('DELETE', `/api/token/${deleted.id}`)

  const alice = await manage('POST', '/api/user/', { username: 'alice', quota: 5_000 })
  const { token } = await manage('POST', `/api/user/${alice.id}/access_tokens`, { name: 'hers' })
  const codes = await manage('POST', '/api/redemption/', { name: 'gift', quota: 70, count: 3 })
  const [redeemed, unused] = codes.map(secret)
  const [withdrawn] = (await manage('GET', '/api/redemption/')).items
  await manage('DELETE', `/api/redemption/${withdrawn.id}`)
  const as = { authorization: secret(token) }
  await gateway.api('POST', '/api/user/topup', { key: redeemed }, as)
  const webhook = { name: 'hook', url: 'http://127.0.0.1:9/', events: ['key.exhausted'] }
  secret((await manage('POST', '/api/webhook/', webhook)).secret)
  const carol = await manage('POST', '/api/user/', { username: 'carol' })
  await manage('DELETE', `/api/user/${carol.id}`)
  return {
    working: [kept.key, rotated.key, secret(fresh)],
    refused: [deleted.key],
    ...{ token, redeemed, unused },
    ...{ newestKey: deleted.id, newestAccount: carol.id, newestCode: withdrawn.id, once },
  }
}

/** A key that is made once, however often it is asked for. */
export async function makeOnce({ api }: TestGateway): Promise<number> {
  const headers = { 'idempotency-key': 'once', prefer: 'return=representation' }
  const { json } = await api('POST', '/api/token/', { name: 'once', remain_quota: 5 }, headers)
  return json.data.id
}

const USAGE = `insert into usage (id, created_at_ms, request_id, account_id, key_id, key_name, model, group_name, channel_id,
    quota, shortfall, key_charged, account_charged, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens,
    reasoning_tokens, audio_tokens, image_tokens, estimated, is_stream, use_time_ms, first_token_ms, status, error_code, ip,
    attempts, output_limit, budgets, attempt_list)
  select id, 1700000000000 + id * 250000, 'call-' || id, 1, id % 10 + 1, name, 'm', 'default', 1,
  7, 0, 1, 0, 3, 4, 0, 0, 0, 0, 0, 0, 1, 20, 10, 200, '', '192.0.2.1', 1, 0, '',
  case when id % 7 = 0 then '[{"channel":1,"status":503,"ms":' || id || ',"outcome":"refused"}]' end`

/** A usage record with a text of one's own, as SQL. */
export const usageRow = (id: number, name: string) =>
  `${USAGE} from (select ${id} as id, ${name} as name)`

/** A SQLite file with so many usage records over months, and books that fit. */
export async function bookedFile(records: number): Promise<TestDatabase> {
  const database = await fileDatabase()
  await (await database.open()).close()
  await database.tamper(`
    with recursive numbers (id) as (select 1 union all select id + 1 from numbers where id < ${records})
    ${USAGE.replace(' name, ', " 'a key', ")} from numbers;
    insert into balance (entity, remain, used, requests) select key_id * 4, 1000, sum(quota), count(*) from usage group by key_id;
    insert into balance (entity, remain, used, requests) select account_id * 4 + 1, 1000, sum(quota), count(*) from usage group by account_id;
    insert into entry (entity, delta, kind, reason, actor, created_at)
      select entity, remain + case when entity % 4 = 0 then used else 0 end, 'grant', '', 'test', 1 from balance`)
  return database
}

const TABLES = [
  ...[
    'access_token',
    'account',
    'audit',
    'balance',
    'change',
    'change_counter',
    'channel',
    'closed',
    'entry',
  ],
  ...[
    'idempotency',
    'key',
    'key_former',
    'meta',
    'price',
    'redemption',
    'setting',
    'usage',
    'usage_hour',
  ],
]

/** How many rows each table has. */
export async function rowsIn({ rows }: TestDatabase): Promise<Readonly<Record<string, number>>> {
  const counts = TABLES.map((table) => `(select count(*) from "${table}") as "${table}"`)
  const [row] = await rows(`select ${counts.join(', ')}`)
  return Object.fromEntries(TABLES.map((table) => [table, Number(row?.[table])]))
}
