import fc from 'fast-check'
import { correctUsed } from '../../src/ledger/statements.ts'
import type { Store } from '../../src/storage/store.ts'
import { calledOf, correcting } from '../../src/usage/corrections.ts'
import type { UsageFilter } from '../../src/usage/filter.ts'
import type { UsageRow } from '../../src/usage/logs.ts'

export const HOUR_MS = 3_600_000
export const BEGIN = Date.UTC(2026, 10, 1)

/** The same numbers every time, so that a failure can be looked at again. */
function numbers(seed: number) {
  let state = seed
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
}

/** So many usage records of three days, the same every time. */
export function madeRecords(count: number): UsageRow[] {
  const pick = numbers(42)
  return Array.from({ length: count }, (_, n) => row(n + 1, pick))
}

function row(id: number, pick: (below: number) => number): UsageRow {
  return {
    id,
    // Several records a millisecond, so that pages must tell them apart by id.
    created_at_ms: BEGIN + pick(72) * HOUR_MS + pick(4) * 900_000,
    request_id: `req_${id}`,
    account_id: 1 + pick(3),
    key_id: 1 + pick(5),
    key_name: `key ${pick(3)}`,
    model: ['gpt-4o', 'o3', 'claude'][pick(3)] ?? '',
    group_name: ['default', 'vip'][pick(2)] ?? '',
    channel_id: 1 + pick(2),
    quota: pick(1_000),
    shortfall: pick(10) === 0 ? pick(50) : 0,
    key_charged: 1,
    account_charged: 1,
    prompt_tokens: pick(5_000),
    completion_tokens: pick(5_000),
    cached_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    audio_tokens: 0,
    image_tokens: 0,
    estimated: 0,
    is_stream: 0,
    use_time_ms: 1,
    first_token_ms: 1,
    status: [200, 200, 200, 429, 499][pick(5)] ?? 200,
    error_code: '',
    ip: '127.0.0.1',
    attempts: 1,
    output_limit: 0,
    requested_model: '',
    attempt_list: null,
    details: null,
    budgets: '',
  }
}

/** Corrects what calls cost, in the database. Resolves with their records as they would have been written with that. */
export async function correct(
  store: Store,
  rows: readonly UsageRow[],
  quota: number,
): Promise<readonly UsageRow[]> {
  for (const row of rows) {
    const correction = {
      ...{ cause: `test ${row.id} ${quota}`, requestId: row.request_id, atMs: BEGIN },
      ...{ accountId: row.account_id, keyId: row.key_id, called: calledOf(row) },
      ...{ budgets: row.budgets.split(',').filter(Boolean).map(Number), quota, shortfall: -1 },
    }
    const entities = [row.key_id * 4, row.account_id * 4 + 1, ...correction.budgets]
    await store.write([...correctUsed(store, entities, quota), ...correcting(store, correction)])
  }
  return rows.map((row) => ({ ...row, quota: row.quota + quota, shortfall: row.shortfall - 1 }))
}

/** The filter, as anybody would write it. */
export const meant = (rows: readonly UsageRow[], filter: UsageFilter) =>
  rows.filter(
    (one) =>
      (filter.accounts === undefined || filter.accounts.includes(one.account_id)) &&
      (filter.keyIds === undefined || filter.keyIds.includes(one.key_id)) &&
      (filter.keyName === undefined || filter.keyName === one.key_name) &&
      (filter.model === undefined || filter.model === one.model) &&
      (filter.group === undefined || filter.group === one.group_name) &&
      (filter.status === undefined || filter.status === one.status) &&
      (filter.channelId === undefined || filter.channelId === one.channel_id) &&
      (filter.from === undefined || one.created_at_ms >= filter.from) &&
      (filter.until === undefined || one.created_at_ms < filter.until),
  )

export const sums = (some: readonly UsageRow[]) => ({
  requests: some.length,
  failed: some.filter((one) => one.status !== 200).length,
  quota: some.reduce((sum, one) => sum + one.quota, 0),
  shortfall: some.reduce((sum, one) => sum + one.shortfall, 0),
  prompt_tokens: some.reduce((sum, one) => sum + one.prompt_tokens, 0),
  completion_tokens: some.reduce((sum, one) => sum + one.completion_tokens, 0),
})

const time = fc.option(
  fc
    .tuple(fc.integer({ min: -2, max: 74 }), fc.constantFrom(0, 1, 900_000, HOUR_MS - 1))
    .map(([hour, more]) => BEGIN + hour * HOUR_MS + more),
  { nil: undefined },
)
const maybe = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined })
export const filters: fc.Arbitrary<UsageFilter> = fc
  .record({
    accounts: fc.option(fc.subarray([1, 2, 3, 9]), { nil: undefined }),
    keyIds: fc.option(fc.subarray([1, 2, 9]), { nil: undefined }),
    keyName: maybe('key 1', 'nobody'),
    model: maybe('o3', 'nothing'),
    group: maybe('vip'),
    status: maybe(200, 429),
    channelId: maybe(1, 3),
    from: time,
    until: time,
  })
  .map((filter) =>
    Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)),
  )
