import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { keyEntity } from '../../src/ledger/entity.ts'
import { asking, readWhole } from '../tools/calls.ts'
import { isComplete, keepCalling, type SeenCall } from '../tools/keep-calling.ts'
import { type Pooler, startPooler } from '../tools/pooler.ts'
import { reconcile } from '../tools/reconcile.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'
import { COST, exactly, openDoors, PRICE, USAGE } from './doors.ts'

/** Three gateways whose only way to the database is a pooler in transaction mode. They would have some thirty connections. */
const CONNECTIONS = 8
let pooler: Pooler | undefined
afterAll(() => pooler?.halt())
const { database, gateways, first, at, keyFor, ask } = await openDoors(async (url) => {
  pooler = await startPooler(url, { connections: CONNECTIONS, isRoundRobin: true })
  return pooler.url
})
await first.manage('PUT', '/api/setting/', { 'quota.lower_output': 'off' })
await first.offer('plain', answers({ usage: USAGE }), { price: PRICE })
await first.offer('streamed', streams({ usage: USAGE, events: 4, gapMs: 50 }), { price: PRICE })

/** Contract and design: a change counts at every node within a second. */
const SOON = { timeout: 1_000, interval: 10 }
const MAY_PASS = /quota_(exhausted|reserved)$/

it('quota for exactly 200 calls, 32 clients on three nodes that ask 1 000 times: exactly 200 are served', {
  timeout: 120_000,
}, async () => {
  const { id, key } = await keyFor('plain', 200 * COST)
  const { served, ...refused } = await ask('plain', key, { clients: 32, times: 1_000 })
  expect(served).toBe(200)
  expect(Object.keys(refused).filter((why) => !MAY_PASS.test(why))).toEqual([])
  expect(await first.keyRecord(id)).toMatchObject({ remain_quota: 0, used_quota: 200 * COST })
  expect(
    await database.rows(`select count(*)::int as calls from usage where key_id = ${id}`),
  ).toEqual([{ calls: 200 }])
})

it('a budget for exactly 10 calls: exactly 10 are served', async () => {
  const budgets = [{ period: 'day', amount: 10 * COST, tz: 'Asia/Tokyo' }]
  const { key } = await keyFor('plain', 1_000_000, { budgets })
  const { served = 0, ...refused } = await ask('plain', key, { clients: 24, times: 96 })
  // Whoever waits longer than half a second for a node to give units back may come again.
  const { served: later = 0, ...rest } = await ask('plain', key, { clients: 1, times: 30 })
  expect(served + later).toBe(10)
  expect(
    Object.keys({ ...refused, ...rest }).filter(
      (why) => !/budget_exhausted|quota_reserved/.test(why),
    ),
  ).toEqual([])
})

it('a rate that was spent at one node is spent at the others', async () => {
  const { key } = await keyFor('plain', 1_000_000, { rpm_limit: 30 })
  const { served = 0, ...refused } = await ask('plain', key, { clients: 30, times: 90 })
  // One too many for each other node, while they have not heard of each other.
  expect(served).toBeGreaterThanOrEqual(30)
  expect(served).toBeLessThanOrEqual(30 + gateways.length - 1)
  expect(Object.keys(refused)).toEqual(['429 rate_limited'])
})

it('what is managed at several nodes at once is done one by one', async () => {
  const made = await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      at(n).api('POST', '/api/user/', { username: 'contested' }),
    ),
  )
  expect(made.filter(({ json }) => json.success)).toHaveLength(1)
  const [code] = await first.manage('POST', '/api/redemption/', {
    name: 'gift',
    quota: 70,
    count: 1,
  })
  const taken = await Promise.all(
    Array.from({ length: 12 }, (_, n) => at(n).api('POST', '/api/user/topup', { key: code })),
  )
  expect(taken.filter(({ json }) => json.success)).toHaveLength(1)
})

it('what one node revokes is refused by the others within a second', async () => {
  for (let round = 0; round < 3; round++) {
    const { id, key } = await keyFor('plain', 1_000_000)
    for (const gateway of gateways)
      expect((await gateway.call(exactly('plain'), key)).status).toBe(200)
    await at(round).manage('PUT', '/api/token/?status_only=true', { id, status: 2 })
    for (const gateway of gateways) {
      const status = async () => (await gateway.call(exactly('plain'), key)).json.error?.code
      await expect.poll(status, SOON).toBe('key_disabled')
    }
  }
})

const isSaid = (line: string) => line.includes('no notifications arrive')
/** Whoever listens anew says what it has to say after three seconds. */
const SAID_MS = 4_000

it('a pooler that is restarted under load costs no client a unit too much and none too little', {
  timeout: 90_000,
}, async () => {
  const given = { rich: 100_000_000, poor: 400 * COST }
  const keys = {
    rich: await keyFor('plain', given.rich),
    poor: await keyFor('plain', given.poor),
  }
  const seen: SeenCall[] = []
  const stop = new AbortController()
  const clients = Array.from({ length: 12 }, (_, n) => {
    const stream = n % 2 === 0
    const payer = n % 4 < 2 ? 'poor' : 'rich'
    const asked = asking(stream ? 'streamed' : 'plain', { max_tokens: 10, stream })
    const send = () => at(n).open(asked, keys[payer].key).then(readWhole)
    return keepCalling({ payer, stream, send }, seen, stop.signal)
  })
  const goesOn = async () => {
    const complete = () => seen.filter(isComplete).length
    const before = complete()
    await expect.poll(complete, { timeout: 20_000 }).toBeGreaterThan(before + 50)
  }
  await goesOn()
  for (const awayMs of [0, 200, 1_000]) {
    await pooler?.halt()
    await pause(awayMs)
    await pooler?.resume()
    await goesOn()
  }
  stop.abort()
  await Promise.all(clients)
  const holds = () => database.rows('select * from hold')
  await expect.poll(holds, { timeout: 20_000, interval: 250 }).toEqual([])
  expect(await database.doctor()).toEqual([])
  const payers = {
    rich: { entity: keyEntity(keys.rich.id), given: given.rich },
    poor: { entity: keyEntity(keys.poor.id), given: given.poor },
  }
  await reconcile(database, seen, { payers, cost: COST })
})

it('that no notifications arrive is said once, also after further connections', async () => {
  await pause(SAID_MS)
  for (const { logs } of gateways) expect(logs.filter(isSaid)).toHaveLength(1)
})
