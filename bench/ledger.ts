/** The shared ledger alone: three nodes in one process, without doors, on one PostgreSQL. */
import { randomUUID } from 'node:crypto'
import { accountEntity, keyEntity } from '../server/src/ledger/entity.ts'
import type { Ledger, Payers } from '../server/src/ledger/ledger.ts'
import { openLedger } from '../server/src/ledger/open-ledger.ts'
import { units } from '../server/src/ledger/units.ts'
import { isShort } from '../server/src/ledger/waiting-room.ts'
import { openPostgresStore } from '../server/src/storage/postgres/open.ts'
import type { Store, UsageRecord } from '../server/src/storage/store.ts'
import { type LanesSeen, watchLanes } from './watch-lanes.ts'

const NODES = 3
const COLD_KEYS = 100_000
/** Of them, so many are asked for at a time. */
const AT_ONCE = 150
const HOT_MS = 2_000
const ROUNDS = 5
const AMOUNT = units(500)
const COST = units(100)
const LEFT = 1e9

interface Nodes {
  readonly ledgers: readonly Ledger[]
  readonly store: Store
  close(): Promise<void>
}

/** In the connection string, so that a pooler passes it on: PostgreSQL then shows which node a connection is of. */
const urlOfNode = (url: string, node: number): string => {
  const named = new URL(url)
  named.searchParams.set('application_name', `node ${node + 1}`)
  return named.href
}

async function openNodes(url: string): Promise<Nodes> {
  const stores = await Promise.all(
    Array.from({ length: NODES }, (_, node) => openPostgresStore({ url: urlOfNode(url, node) })),
  )
  const [store] = stores
  if (store === undefined) throw new Error('no node')
  const ledgers = stores.map((one) => openLedger(one, Date.now))
  return {
    ledgers,
    store,
    async close() {
      await Promise.all(ledgers.map((ledger) => ledger.flush()))
      await Promise.all(stores.map((one) => one.close()))
    },
  }
}

const payersOf = (key: number): Payers => ({
  key: keyEntity(key),
  account: accountEntity(1),
  keyUnlimited: false,
  accountUnlimited: false,
  budgets: [],
})

/** Balances behind the books: only their speed is asked here. */
async function fill({ store, ledgers }: Nodes, first: number, count: number): Promise<void> {
  const rows = `select n * 4, ${LEFT}, 0, 0 from generate_series(${first}, ${first + count - 1}) n`
  const insert = `insert into balance (entity, remain, used, requests) ${rows} on conflict do nothing`
  const account = `insert into balance (entity, remain, used, requests) values (5, 1e15, 0, 0) on conflict do nothing`
  await store.write([insert, account].map((sql) => ({ sql, parameters: [] })))
  for (const ledger of ledgers) {
    ledger.know(accountEntity(1), 1e15)
    for (let key = first; key < first + count; key++) ledger.know(keyEntity(key), LEFT)
  }
}

async function call(ledger: Ledger, payers: Payers): Promise<void> {
  const got = await ledger.reserve(payers, AMOUNT)
  if (isShort(got)) throw new Error(`short: ${JSON.stringify(got)}`)
  await got.settle(COST, recordOf(payers))
}

/** Each key is called once: how many reservations a second, and how long one takes. */
export async function coldKeys(url: string): Promise<{ perSecond: number; p99: number }> {
  const nodes = await openNodes(url)
  await fill(nodes, 1, COLD_KEYS)
  const took: number[] = []
  let next = 1
  const beganAt = performance.now()
  const client = async (n: number) => {
    const ledger = nodes.ledgers[n % NODES] as Ledger
    while (next <= COLD_KEYS) {
      const payers = payersOf(next++)
      const at = performance.now()
      const got = await ledger.reserve(payers, AMOUNT)
      took.push(performance.now() - at)
      if (isShort(got)) throw new Error(`short: ${JSON.stringify(got)}`)
      got.release()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => client(n)))
  const seconds = (performance.now() - beganAt) / 1000
  await nodes.close()
  took.sort((a, b) => a - b)
  return { perSecond: COLD_KEYS / seconds, p99: took[Math.floor(took.length * 0.99)] ?? Number.NaN }
}

/** Whole calls a second: all nodes with one key, and each with a key of its own; and what lanes did meanwhile. */
export async function hotKey(
  url: string,
): Promise<{ hot: number; apart: number; lanes: LanesSeen }> {
  const nodes = await openNodes(url)
  const first = COLD_KEYS + 1
  await fill(nodes, first, NODES + 1)
  const press = async (keyOf: (node: number) => number) => {
    let calls = 0
    const until = performance.now() + HOT_MS
    const client = async (n: number) => {
      const node = n % NODES
      while (performance.now() < until) {
        await call(nodes.ledgers[node] as Ledger, payersOf(keyOf(node)))
        calls += 1
      }
    }
    await Promise.all(Array.from({ length: 32 * NODES }, (_, n) => client(n)))
    return calls / (HOT_MS / 1000)
  }
  await press(() => first)
  const hot: number[] = []
  const apart: number[] = []
  // In turn, because a busy machine is busy for both then.
  for (let round = 0; round < ROUNDS; round++) {
    hot.push(await press(() => first))
    apart.push(await press((node) => first + 1 + node))
  }
  // Looked at in a round of its own: who looks takes a part of the processors.
  const watching = await watchLanes(url)
  await press(() => first)
  const lanes = await watching.end()
  await nodes.close()
  return { hot: middle(hot), apart: middle(apart), lanes }
}

const middle = (values: number[]): number =>
  values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const recordOf = ({ key, account }: Payers): UsageRecord => ({
  created_at_ms: Date.now(),
  request_id: randomUUID(),
  account_id: (account - 1) / 4,
  key_id: key / 4,
  key_name: '',
  model: 'bench-0',
  group_name: 'default',
  channel_id: 1,
  ...{ prompt_tokens: 10, completion_tokens: 10, cached_tokens: 0, cache_write_tokens: 0 },
  ...{ reasoning_tokens: 0, audio_tokens: 0, image_tokens: 0, estimated: 0, is_stream: 0 },
  ...{ use_time_ms: 1, first_token_ms: 1, status: 200, error_code: '', ip: '127.0.0.1' },
  ...{ attempts: 1, output_limit: 0, requested_model: '', attempt_list: null, details: null },
})
