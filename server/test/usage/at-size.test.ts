import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPostgresSeed, openSqliteSeed } from '../../../bench/size/database.ts'
import { nameOf, seed } from '../../../bench/size/seed.ts'
import { dataFolderAt } from '../../src/cli/data-folder.ts'
import { openVault } from '../../src/cli/root-secret.ts'
import { newDatabase, type TestDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway, type TestGateway } from '../tools/gateway.ts'

const DAY_MS = 86_400_000
const KEYS = 42_000
const RECORDS = 6_000
const END = Date.now() - 60_000

interface LivingKey {
  readonly id: number
  readonly name: string
  readonly hint: string
}
interface Record {
  readonly id: number
  readonly account_id: number
  readonly key_id: number
  readonly key_name: string
  readonly model: string
  readonly status: number
  readonly channel_id: number
}

let database: TestDatabase
let gateway: TestGateway
/** Asks as the account that has half of everything. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
let own: (method: string, path: string, body?: unknown) => Promise<any>
let large: number
/** Its living keys, newest first. */
let keys: LivingKey[]
/** All records, newest first. */
let records: Record[]

beforeAll(async () => {
  database = await newDatabase()
  const adminToken = newAdminToken()
  const first = await startGateway({ database, adminToken })
  await first.close()
  await fill()
  gateway = await startGateway({ database, adminToken })
  const account = (await gateway.manage('GET', '/api/user/?page_size=100')).items
  large = account.find(({ username }: { username: string }) => username === 'large')?.id ?? 2
  const { token } = await gateway.manage('POST', `/api/user/${large}/access_tokens`, { name: 'x' })
  const authorization = gateway.secret(token)
  own = async (method, path, body) => {
    const { json } = await gateway.api(method, path, body, { authorization })
    expect(json.success, json.message).toBe(true)
    return json.data
  }
  keys = await rowsOf(
    `select id, name, hint from key where account_id = ${large} and deleted_at is null order by id desc`,
  )
  records = await rowsOf(
    'select id, account_id, key_id, key_name, model, status, channel_id from usage order by created_at_ms desc, id desc',
  )
})
// Closing looks whether every balance equals its books.
afterAll(async () => {
  await gateway.close()
  await database.remove()
})

/** Both databases' whole numbers as numbers. */
async function rowsOf<T>(query: string): Promise<T[]> {
  const rows = await database.rows(query)
  const plain = (name: string, value: unknown) =>
    /^(id|status|.*_id)$/.test(name) ? Number(value) : value
  return rows.map(
    (row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, plain(name, value)]),
      ) as T,
  )
}

/** What the benchmark fills a large installation with, a little of it. */
async function fill(): Promise<void> {
  const { dataFolder, databaseUrl } = database.config
  const store = await database.open()
  const random = (bytes: number) => randomBytes(bytes)
  const { vault } = await openVault(dataFolderAt(dataFolder), undefined, { store, random })
  await store.close()
  const filled = databaseUrl
    ? await openPostgresSeed(databaseUrl)
    : openSqliteSeed(join(dataFolder, 'turnpike.sqlite'))
  await seed({
    ...{ database: filled, vault, random, tell: () => undefined },
    extent: {
      ...{ keys: KEYS, records: RECORDS, accounts: 40, firstAccount: 2, firstKey: 1 },
      ...{ beginMs: END - 70 * DAY_MS, endMs: END },
    },
  })
  await filled.close()
}

const idsOf = (list: { items: readonly { id: number }[] }) => list.items.map(({ id }) => id)
const page = <T extends { id: number }>(all: readonly T[], p: number) =>
  all.slice((p - 1) * 20, p * 20).map(({ id }) => id)

describe('a long list of keys', () => {
  it.each([1, 2, 51, 52, 53, 150, 292, 293, 294, 5_000])('has page %d', async (p) => {
    const list = await own('GET', `/api/token/?p=${p}`)
    expect(list.total).toBe(keys.length)
    expect(idsOf(list)).toEqual(page(keys, p))
  })

  it('counts on when keys come and go', async () => {
    await gateway.manage('PUT', '/api/setting/', { 'keys.max_per_account': keys.length + 1 })
    await own('POST', '/api/token/', { name: 'one more' })
    const newest = (await own('GET', '/api/token/')).items[0]
    gateway.secret(newest.key)
    expect(newest.name).toBe('one more')
    expect((await own('GET', '/api/token/')).total).toBe(keys.length + 1)
    expect((await own('GET', '/api/token/search?keyword=ne+mor')).total).toBe(1)
    await own('DELETE', `/api/token/${newest.id}`)
    expect((await own('GET', '/api/token/')).total).toBe(keys.length)
    expect((await own('GET', '/api/token/search?keyword=ne+mor')).total).toBe(0)
  })

  it.each([
    'checkout 11',
    'ZÜRICH',
    'Zürich',
    'züRich',
    '東京',
    '本番/Ελλάδα',
    'e',
    'é ',
    'no such',
    '%',
    '_',
    '"',
  ])('is searched for %j as it always was', async (keyword) => {
    const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    const expected = keys.filter(({ name }) => lower(name).includes(lower(keyword)))
    for (const p of [1, 2]) {
      const query = new URLSearchParams({ keyword, p: String(p) })
      const list = await own('GET', `/api/token/search?${query}`)
      expect([list.total, idsOf(list)]).toEqual([expected.length, page(expected, p)])
    }
  })

  it('finds a name as it is now, whatever characters it has', async () => {
    const id = keys[100]?.id
    const search = (keyword: string) =>
      own('GET', `/api/token/search?${new URLSearchParams({ keyword })}`)
    await own('PUT', '/api/token/', { id, name: '50% "off" AND x*' })
    for (const part of ['0% "O', '"off"', 'AND X*', '% "off" and']) {
      expect(idsOf(await search(part))).toEqual([id])
    }
    await own('PUT', '/api/token/', { id, name: keys[100]?.name })
    expect(idsOf(await search('"off"'))).toEqual([])
    expect(idsOf(await search(keys[100]?.name ?? ''))).toContain(id)
  })

  it('finds a key by its end and by all of it', async () => {
    const { id, key } = await own('GET', `/api/token/${keys[3_000]?.id}`)
    gateway.secret(key)
    for (const token of [key, key.slice(-4), key.slice(-9)]) {
      expect(idsOf(await own('GET', `/api/token/search?token=${token}`))).toContain(id)
    }
  })
})

describe('many usage records', () => {
  const cases: readonly (readonly [string, (one: Record) => boolean])[] = [
    ['', () => true],
    ['model_name=gpt-4o', ({ model }) => model === 'gpt-4o'],
    ['status=429', ({ status }) => status === 429],
    ['status=200', ({ status }) => status === 200],
    ['status=200&model_name=o3', ({ status, model }) => status === 200 && model === 'o3'],
    ['status=499&channel=2', (one) => one.status === 499 && one.channel_id === 2],
    ['username=large&channel=3', (one) => one.account_id === large && one.channel_id === 3],
    [
      'username=account-1&model_name=o3',
      (one) => one.account_id === large + 1 && one.model === 'o3',
    ],
  ]
  it.each(cases)('are found by %s, on any page', async (query, meets) => {
    const expected = records.filter(meets)
    for (const p of [1, 2, Math.ceil(expected.length / 40), Math.ceil(expected.length / 20)]) {
      const list = await gateway.manage('GET', `/api/log/?${query}&p=${p || 1}`)
      expect([list.total, idsOf(list)]).toEqual([expected.length, page(expected, p || 1)])
    }
  })

  it('are found by the name that a key had, and by the one that it has', async () => {
    const living = new Set(keys.filter(({ name }) => name !== '').map(({ id }) => id))
    const used = records.find((one) => living.has(one.key_id)) as Record
    const name = encodeURIComponent(used.key_name)
    const meant = records.filter(
      (one) => one.account_id === large && one.key_name === used.key_name,
    )
    const named = async (text: string) =>
      idsOf(await own('GET', `/api/log/self?token_name=${text}`))
    expect(await named(name)).toEqual(page(meant, 1))
    await own('PUT', '/api/token/', { id: used.key_id, name: 'called otherwise' })
    expect(await named(name)).toEqual(page(meant, 1))
    expect(await named('called%20otherwise')).toEqual([])
    const sums = await own('GET', `/api/log/self/stat?token_name=${name}`)
    expect(sums.requests).toBe(meant.length)
  })

  it('are summed for accounts and for everybody', async () => {
    const charted = await gateway.manage(
      'GET',
      `/api/data/?interval=day&start_timestamp=${Math.floor(END / 1000) - 80 * 86_400}`,
    )
    const sum = charted.reduce(
      (all: number, { requests }: { requests: number }) => all + requests,
      0,
    )
    expect(sum).toBe(RECORDS)
    expect((await own('GET', '/api/log/self/stat')).requests).toBe(
      records.filter((one) => one.account_id === large).length,
    )
  })
})

it('names of the benchmark hold more than English', () => {
  expect(nameOf(4)).toMatch(/^本番/)
})
