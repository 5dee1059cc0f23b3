import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { fastify } from 'fastify'
import type { KyselyPlugin } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildRooms } from '../../src/compose/rooms.ts'
import { openLog } from '../../src/log.ts'
import { listLogs } from '../../src/manage/log/list.ts'
import { createDoor } from '../../src/manage/route.ts'
import { newDatabase } from '../tools/database.ts'
import { newAdminToken, testConfig } from '../tools/gateway.ts'

/** As many as an export reads at a time: see usage/logs.ts. */
const PAGE = 500
const EQUAL = { records: 1_300, times: 5 }
/** Each with a name of 8 KB, 48 MB in all: more than the system keeps on its way to a client that does not read. */
const LONG = { records: 6_000, name: 'x'.repeat(8_000), account: 4_242 }
const LONG_PAGES = LONG.records / PAGE

/** Statements that read usage records, counted behind the real operation on the real database. */
let reads = 0
const counting: KyselyPlugin = {
  transformQuery({ node }) {
    if (node.kind === 'SelectQueryNode' && JSON.stringify(node.from).includes('"usage"')) reads++
    return node
  },
  transformResult: async ({ result }) => result,
}

const database = await newDatabase()
const adminToken = newAdminToken()
const opened = new AsyncDisposableStack()
const app = fastify()
let url: string

beforeAll(async () => {
  const { rooms } = await buildRooms(
    testConfig(database, adminToken),
    { now: Date.now, random: randomBytes, log: openLog('silent', process.stderr) },
    opened,
  )
  await database.tamper(records({ ...EQUAL, account: 1, name: 'short' }))
  await database.tamper(records({ ...LONG, times: 1 }))
  const counted = { ...rooms.store, db: rooms.store.db.withPlugin(counting) }
  const listing = listLogs({ ...rooms, store: counted })
  const nobodyWaits = { admitToken() {}, admitKey() {} }
  const door = createDoor(listing, {
    ...{ rooms, ...nobodyWaits },
    ...{ clientAddress: () => '127.0.0.1', origin: () => url },
  })
  app.get(listing.path, { onRequest: door.enter }, door.answer)
  url = await app.listen({ host: '127.0.0.1', port: 0 })
})
beforeEach(() => {
  reads = 0
})
afterAll(async () => {
  await app.close()
  await opened.disposeAsync()
  await database.remove()
})

/** Records of an account at so many different times, which take turns from one to the next. */
function records(made: { records: number; times: number; account: number; name: string }): string {
  const numbers = [
    ...['channel_id', 'quota', 'shortfall', 'key_charged', 'account_charged', 'prompt_tokens'],
    ...['completion_tokens', 'cached_tokens', 'cache_write_tokens', 'reasoning_tokens'],
    ...['audio_tokens', 'image_tokens', 'estimated', 'is_stream', 'use_time_ms'],
    ...['first_token_ms', 'status', 'attempts', 'output_limit', 'key_id'],
  ]
  return `insert into usage (created_at_ms, request_id, account_id, key_name, model, group_name, error_code, ip,
      ${numbers.join(', ')})
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${made.records})
    select 1790000000000 + i % ${made.times}, 'r' || i, ${made.account}, '${made.name}', 'm', 'default', '', '',
      ${numbers.map(() => 0).join(', ')} from n`
}

async function ask(query: string): Promise<IncomingMessage> {
  const asked = get(`${url}/api/log?format=csv&${query}`, {
    headers: { authorization: `Bearer ${adminToken}` },
  })
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  expect(answer.statusCode).toBe(200)
  return answer
}

const idsIn = (file: string) =>
  file
    .split('\r\n')
    .slice(1, -1)
    .map((line) => Number(line.slice(0, line.indexOf(','))))

/** The ids of an account's records, newest first. */
async function idsOf(account: number): Promise<number[]> {
  const rows = await database.rows(
    `select id, created_at_ms from usage where account_id = ${account}`,
  )
  return rows
    .map((row) => ({ id: Number(row.id), at: Number(row.created_at_ms) }))
    .sort((a, b) => b.at - a.at || b.id - a.id)
    .map(({ id }) => id)
}

/** Resolves with how often records were read, once nobody has for a second. */
async function readsInTheEnd(): Promise<number> {
  let before = -1
  const isSame = () => {
    const same = reads === before
    before = reads
    return same
  }
  await expect.poll(isSame, { timeout: 25_000, interval: 1_000 }).toBe(true)
  return reads
}

describe('records that leave as a file', () => {
  it.each([
    ['read by an index', ''],
    ['read in slices of time', '&model_name=m'],
  ])('come once each and in order, though many have the same time: %s', async (_how, more) => {
    const expected = await idsOf(1)
    expect(expected).toHaveLength(EQUAL.records)
    expect(idsIn(await text(await ask(`user_id=1${more}`)))).toEqual(expected)
    expect(reads).toBeGreaterThanOrEqual(Math.ceil(EQUAL.records / PAGE))
  })

  it('are not read ahead of a client that stops reading, and come whole when it goes on', async () => {
    const answer = await ask(`user_id=${LONG.account}`)
    expect(await readsInTheEnd()).toBeLessThanOrEqual(LONG_PAGES / 2)
    expect(idsIn(await text(answer))).toEqual(await idsOf(LONG.account))
    expect(reads).toBe(LONG_PAGES)
  })

  it('are not read any more when the client has left', async () => {
    const answer = await ask(`user_id=${LONG.account}`)
    await once(answer, 'readable')
    const before = reads
    answer.destroy()
    expect(await readsInTheEnd()).toBeLessThanOrEqual(before + 2)
    expect(reads).toBeLessThan(LONG_PAGES)
  })
})
