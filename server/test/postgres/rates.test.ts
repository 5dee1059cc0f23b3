import type { ServerResponse } from 'node:http'
import { afterAll, expect, it } from 'vitest'
import { keyEntity } from '../../src/ledger/entity.ts'
import { asking } from '../tools/calls.ts'
import { newDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway } from '../tools/gateway.ts'
import { answers } from '../tools/upstream-scripts.ts'

const database = await newDatabase()
const adminToken = newAdminToken()
const start = () => startGateway({ database, adminToken })
const here = await start()
const [there, third] = [await start(), await start()]
const gateways = [here, there, third]
await here.offer('quick', answers({ usage: { prompt: 10, completion: 5 } }))
const hanging: ServerResponse[] = []
await here.offer('hangs', (_, response) => void hanging.push(response))
const QUICK = asking('quick', { max_tokens: 20 })

afterAll(async () => {
  for (const gateway of gateways) await gateway.close()
  await database.remove()
})

const EXCHANGING = `select count(*)::int as count from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and query like '%turnpike_exchange_rates%'`
const soon = { timeout: 10_000, interval: 50 }
type Gateway = typeof here

/** What a node says is left of a key's limits, without a call that counts. */
async function leftAt(gateway: Gateway, id: number): Promise<string> {
  const { checks } = await gateway.manage('POST', `/api/token/${id}/check`, { model: 'quick' })
  return JSON.stringify(checks)
}

const count = (all: readonly { status: number }[], status: number) =>
  all.filter((one) => one.status === status).length

it('nothing is exchanged while no key has limits', async () => {
  const { key } = await here.createKey()
  for (const gateway of gateways) {
    await expect.poll(async () => (await gateway.call(QUICK, key)).status).toBe(200)
  }
  expect(await database.rows(EXCHANGING)).toEqual([{ count: 0 }])
  expect(await database.rows('select * from rate_news')).toEqual([])
})

it.each([
  ['two', [here, there]],
  ['three', gateways],
] as const)(
  '%s gateways under one burst admit one call too many for each other',
  async (_, nodes) => {
    const { key } = await here.createKey({ rpm_limit: 40 })
    const bursts = nodes.map((node) =>
      Promise.all(Array.from({ length: 30 }, () => node.call(QUICK, key))),
    )
    const all = (await Promise.all(bursts)).flat()
    expect(count(all, 200)).toBeGreaterThanOrEqual(40)
    expect(count(all, 200)).toBeLessThanOrEqual(40 + nodes.length - 1)
    expect(count(all, 200) + count(all, 429)).toBe(all.length)
  },
)

it('a limit that was spent at one gateway is spent at the others', async () => {
  const { key } = await here.createKey({ rpm_limit: 10 })
  const all = await Promise.all(Array.from({ length: 12 }, () => here.call(QUICK, key)))
  expect(count(all, 200)).toBe(10)
  // The first call at a gateway that heard of nothing yet may pass.
  for (const node of [there, third]) {
    await node.call(QUICK, key)
    await expect.poll(async () => (await node.call(QUICK, key)).status, soon).toBe(429)
  }
})

it('tokens that calls used at one gateway count at the others, and so does what they did not use', async () => {
  const { id, key } = await here.createKey({ tpm_limit: 1_000_000, rpm_limit: 1_000 })
  const nodes = [here, there, third, here, there, third]
  for (const node of nodes) {
    expect((await node.call(asking('quick', { max_tokens: 5_000 }), key)).status).toBe(200)
  }
  const left = `${1_000 - nodes.length} requests and ${1_000_000 - nodes.length * 15} tokens left`
  for (const node of gateways) await expect.poll(() => leftAt(node, id), soon).toContain(left)
})

it('a call that runs at one gateway takes its place at the others until it ends', async () => {
  const { key } = await here.createKey({ max_concurrent: 1 })
  // Makes the others listen.
  const { key: other } = await here.createKey({ rpm_limit: 100 })
  await there.call(QUICK, other)
  const running = here.call(asking('hangs'), key)
  await expect.poll(() => hanging.length, soon).toBe(1)
  await expect.poll(async () => (await there.call(QUICK, key)).status, soon).toBe(429)
  hanging.pop()?.end('{}')
  await running
  await expect.poll(async () => (await there.call(QUICK, key)).status, soon).toBe(200)
})

it('calls of a node that died take no place any more', async () => {
  const { id, key } = await here.createKey({ max_concurrent: 1 })
  const [{ epoch }] = (await database.rows(
    `select turnpike_register('dead', '', '', 1, '{}')::int as epoch`,
  )) as [{ epoch: number }]
  const tells = (turn: number, running: number) =>
    database.rows(`select turnpike_exchange_rates(${epoch}, 0, ${turn}, ${epoch}, true,
      array[${keyEntity(id)}], array[0], array[0], array[${running}])`)
  await tells(1, 1)
  await expect.poll(async () => (await there.call(QUICK, key)).status, soon).toBe(429)
  await database.rows(`select turnpike_reap(${epoch}, 0, 0)`)
  await expect.poll(async () => (await there.call(QUICK, key)).status, soon).toBe(200)
})

it('connections that are cut lose no count and double none', async () => {
  const { id, key } = await here.createKey({ rpm_limit: 100_000 })
  let calls = 0
  for (let round = 0; round < 15; round++) {
    const some = await Promise.all(gateways.map((node) => node.call(QUICK, key)))
    calls += count(some, 200)
    await database.rows(EXCHANGING.replace('count(*)::int as count', 'pg_terminate_backend(pid)'))
  }
  expect(calls).toBe(45)
  const left = `${100_000 - calls} requests left`
  for (const node of gateways) await expect.poll(() => leftAt(node, id), soon).toContain(left)
})
