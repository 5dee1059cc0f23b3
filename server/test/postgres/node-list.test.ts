import { expect, it, onTestFinished } from 'vitest'
import type { NodeStanding } from '../../src/storage/store.ts'
import { asking } from '../tools/calls.ts'
import { newDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway } from '../tools/gateway.ts'
import { answers } from '../tools/upstream-scripts.ts'

/** 1 unit an input token, 4 an output token. */
const USAGE = { prompt: 10, completion: 10 }
const COST = 50
const QUOTA = 1_000_000
/** What is lent and lies idle goes back after 3 s; every 2 s a node shows that it lives. */
const SOON = { timeout: 15_000, interval: 100 }

async function startThree() {
  const database = await newDatabase()
  const adminToken = newAdminToken()
  const start = () => startGateway({ database, adminToken })
  const [here, there, idle] = [await start(), await start(), await start()]
  onTestFinished(async () => {
    for (const gateway of [here, there, idle]) await gateway.close()
    await database.remove()
  })
  const list = (): Promise<readonly NodeStanding[]> => here.manage('GET', '/api/node/')
  const [first, second, third] = (await list()).toSorted((a, b) => a.id - b.id)
  /** One after the other, in the order of their starts. */
  const ids = [first?.id, second?.id, third?.id]
  const figures = async () => {
    const found = await list()
    return ids.map((id) => found.find((node) => node.id === id) as NodeStanding)
  }
  return { database, here, there, idle, ids, list, figures }
}

it('all nodes show the same of each other: calls of their lanes, balances, and what is lent', {
  timeout: 90_000,
}, async () => {
  const startedAt = Math.floor(Date.now() / 1000)
  const { database, here, there, idle, ids, list, figures } = await startThree()
  const { id } = await here.account()
  await here.manage('PUT', `/api/user/${id}`, { quota: QUOTA, unlimited_quota: false })
  const { key } = await here.createKey({ remain_quota: QUOTA })
  const [one, others] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const model = await here.offer('waiting', async (call, response) => {
    await (call === here.upstream.calls[0] ? one : others).promise
    await answers({ usage: USAGE })(call, response)
  })
  const listed = await list()
  expect(listed).toHaveLength(3)
  for (const node of listed) {
    expect(node).toMatchObject({ version: expect.stringMatching(/^\d/), holds: 0, units: 0 })
    expect(node.started_at).toBeGreaterThanOrEqual(startedAt)
    expect(node.started_at).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000))
  }
  // Each says of itself, and only of itself, that it answers.
  for (const [index, gateway] of [here, there, idle].entries()) {
    const seen: readonly NodeStanding[] = await gateway.manage('GET', '/api/node/')
    expect(seen.filter(({ self }) => self).map((node) => node.id)).toEqual([ids[index]])
  }

  const quiet = await figures()
  const body = asking(model, { max_tokens: 20 })
  const first = here.call(body, key)
  await expect.poll(() => here.upstream.calls.length, SOON).toBe(1)
  const calls = [here, there].map((gateway) => gateway.call(body, key))
  await expect.poll(() => here.upstream.calls.length, SOON).toBe(3)
  const busy = await figures()
  const [atHere, atThere, atIdle] = busy as [NodeStanding, NodeStanding, NodeStanding]
  // Of the key, and of the account that pays for it.
  expect(busy.map(({ holds }) => holds)).toEqual([2, 2, 0])
  expect(atThere.units).toBeGreaterThan(2 * COST)
  expect(atHere.units).toBeGreaterThanOrEqual(2 * atThere.units)
  expect(atIdle.units).toBe(0)
  const left = async () => {
    const rows = await database.rows(
      'select sum(remain)::float8 as left from balance where remain > 0',
    )
    return Number(rows[0]?.left)
  }
  expect(await left()).toBe(2 * QUOTA - atHere.units - atThere.units)
  expect(atHere.moves).toBeGreaterThan(quiet[0]?.moves ?? Number.NaN)
  expect(atThere.moves).toBeGreaterThan(quiet[1]?.moves ?? Number.NaN)
  // None has ended yet.
  expect(busy.map(({ settles }) => settles)).toEqual(quiet.map(({ settles }) => settles))

  // What is spent is neither left nor lent, also while more is lent beside it.
  one.resolve()
  expect((await first).status).toBe(200)
  const unspent = async () =>
    (await figures()).reduce((sum, { units }) => sum + units, await left())
  await expect.poll(unspent, SOON).toBe(2 * (QUOTA - COST))
  expect((await figures())[0]).toMatchObject({ holds: 2, settles: atHere.settles + 1 })

  others.resolve()
  for (const { status } of await Promise.all(calls)) expect(status).toBe(200)
  const done = await figures()
  const settles = done.map((node, index) => node.settles - (quiet[index]?.settles ?? Number.NaN))
  expect(settles).toEqual([2, 1, 0])
  const held = async () => (await figures()).map(({ holds, units }) => [holds, units])
  await expect.poll(held, SOON).toEqual([
    [0, 0],
    [0, 0],
    [0, 0],
  ])
  expect(await left()).toBe(2 * (QUOTA - 3 * COST))

  // A node that has nothing to lend is heard of, too.
  const beats = async () => (await figures()).map(({ moves }, n) => moves > (done[n]?.moves ?? 0))
  await expect.poll(beats, SOON).toEqual([true, true, true])
  await idle.close()
  expect((await list()).map((node) => node.id).sort()).toEqual(ids.slice(0, 2).sort())
})
