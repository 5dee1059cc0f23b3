import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { asking } from '../tools/calls.ts'
import type { Script } from '../tools/upstream.ts'
import { answers } from '../tools/upstream-scripts.ts'
import { COST, exactly, openDoors, PRICE, USAGE } from './doors.ts'
import { tallied } from './nodes.ts'

/** What is promised of a quota that many nodes share, through the doors that clients use. */
const { database, first, at, keyFor, ask } = await openDoors()

/** Answers nobody before so many have asked, so that all of them hold their units at once. */
function together(count: number, answer: Script): Script {
  let asked = 0
  const all = Promise.withResolvers<void>()
  return async (call, response) => {
    if (++asked === count) all.resolve()
    await Promise.race([all.promise, pause(8_000, undefined, { ref: false })])
    await answer(call, response)
  }
}

it('quota for exactly 1 000 calls, 64 clients on three nodes that ask 5 000 times: exactly 1 000 are served', {
  timeout: 120_000,
}, async () => {
  await first.manage('PUT', '/api/setting/', { 'quota.lower_output': 'off' })
  const model = await first.offer('exact', answers({ usage: USAGE }), { price: PRICE })
  const { id, key } = await keyFor(model, 1_000 * COST)
  const { served, ...refused } = await ask(model, key, { clients: 64, times: 5_000 })
  expect(served).toBe(1_000)
  expect(Object.keys(refused).filter((why) => !/quota_(exhausted|reserved)$/.test(why))).toEqual([])
  expect(Object.values(refused).reduce((sum = 0, times = 0) => sum + times, served)).toBe(5_000)
  expect(await first.keyRecord(id)).toMatchObject({ remain_quota: 0, used_quota: 1_000 * COST })
  await first.manage('PUT', '/api/setting/', { 'quota.lower_output': 'on' })
})

it('a budget for exactly 10 calls, 64 clients on three nodes: exactly 10 are served', async () => {
  await first.manage('PUT', '/api/setting/', { 'quota.lower_output': 'off' })
  const model = await first.offer('budgeted', answers({ usage: USAGE }), { price: PRICE })
  const budgets = [
    { period: 'week', amount: 1_000 * COST },
    { period: 'day', amount: 10 * COST, tz: 'Asia/Tokyo' },
  ]
  const { id, key } = await keyFor(model, 1_000_000, { budgets })
  const clients = Array.from({ length: 64 }, (_, n) => at(n).call(exactly(model), key))
  const said = (await Promise.all(clients)).map(({ status, json }) =>
    status === 200 ? 'served' : `${status} ${json.error.code}`,
  )
  // Whoever waits longer than half a second for a node to give units back may come again.
  for (let n = 0; n < 30; n++) {
    const { status } = await at(n).call(exactly(model), key)
    if (status === 200) said.push('served')
  }
  const { served, ...refused } = tallied(said)
  expect(served).toBe(10)
  const why = Object.keys(refused)
  expect(why.filter((one) => !/403 budget_exhausted|429 quota_reserved/.test(one))).toEqual([])
  // More is had at once, at every node.
  await first.manage('PUT', '/api/token/', { id, budgets: [{ ...budgets[1], amount: 13 * COST }] })
  const more = await Promise.all(
    Array.from({ length: 9 }, (_, n) => at(n).call(exactly(model), key)),
  )
  expect(more.filter(({ status }) => status === 200)).toHaveLength(3)
  await first.manage('PUT', '/api/setting/', { 'quota.lower_output': 'on' })
})

it('quota for 10 calls over three nodes, all of them at once: all 10 are served', async () => {
  const script = together(10, answers({ usage: USAGE }))
  const model = await first.offer('ten', script, { price: PRICE })
  const { id, key } = await keyFor(model, 10 * COST)
  const beganAt = performance.now()
  const said = await Promise.all(
    Array.from({ length: 10 }, (_, n) => at(n).call(exactly(model), key)),
  )
  expect(said.map(({ status }) => status)).toEqual(Array(10).fill(200))
  expect(performance.now() - beganAt).toBeLessThan(5_000)
  expect(await first.keyRecord(id)).toMatchObject({ remain_quota: 0, used_quota: 10 * COST })
})

it('a key of 5 dollars and ten calls at once without a limit, on three nodes: all are served', async () => {
  const usage = { prompt: 10, completion: 20 }
  const price = { input: '2.5', output: '10' }
  const model = await first.offer('unlimited', together(10, answers({ usage })), { price })
  const { id, key } = await keyFor(model, 2_500_000)
  const beganAt = performance.now()
  const said = await Promise.all(
    Array.from({ length: 10 }, (_, n) => at(n).call(asking(model), key)),
  )
  expect(said.map(({ status }) => status)).toEqual(Array(10).fill(200))
  expect(performance.now() - beganAt).toBeLessThan(5_000)
  const used = said.reduce((sum, { headers }) => sum + Number(headers.get('x-turnpike-cost')), 0)
  expect(await first.keyRecord(id)).toMatchObject({ used_quota: used })
})

/** A model whose calls are answered when the test says so. */
async function offerHeld(model: string) {
  const go = Promise.withResolvers<void>()
  const script: Script = async (call, response) => {
    await go.promise
    await answers({ usage: USAGE })(call, response)
  }
  await first.offer(model, script, { price: PRICE })
  return go.resolve
}

it('any node shows what a key really has left, while others hold units of it', async () => {
  const [model, other] = ['held-at-b', 'held-at-c']
  const [goB, goC] = [await offerHeld(model), await offerHeld(other)]
  const { id, key } = await keyFor(other, 1_000_000)
  const atB = at(1).call(asking(model, { max_tokens: 100 }), key)
  const atC = at(2).call(asking(other, { max_tokens: 1_000 }), key)
  const held = () =>
    database.rows(`
      select (hold.granted - hold.spent)::int as units, balance.remain::int as unlent
      from hold join balance using (entity) where entity = ${4 * id} order by 1`)
  await expect.poll(held).toHaveLength(2)
  const [little, much] = await held()
  expect([little?.units, much?.units]).toEqual([400, 4_000])
  expect(little?.unlent).toBe(1_000_000 - 4_400)
  const shown = async () => {
    const { remain_quota, used_quota } = await first.keyRecord(id)
    return { remain_quota, used_quota }
  }
  expect(await shown()).toEqual({ remain_quota: 1_000_000, used_quota: 0 })
  goB()
  expect((await atB).status).toBe(200)
  // What is left of B's loan is on loan still, as the rest of an idle node's is for a while; C's call goes on.
  expect(await shown()).toEqual({ remain_quota: 1_000_000 - COST, used_quota: COST })
  goC()
  expect((await atC).status).toBe(200)
  expect(await shown()).toEqual({ remain_quota: 1_000_000 - 2 * COST, used_quota: 2 * COST })
})

it('a quota that is set twenty times while three nodes spend it: each answer has what was sent, and the books follow from it', {
  timeout: 60_000,
}, async () => {
  const model = await first.offer('set', answers({ usage: USAGE }), { price: PRICE })
  const { id, key } = await keyFor(model, 200 * COST)
  const stop = new AbortController()
  const clients = Array.from({ length: 12 }, async (_, n) => {
    const said: string[] = []
    while (!stop.signal.aborted) {
      const { status, json } = await at(n).call(exactly(model), key)
      said.push(status === 200 ? 'served' : `${status} ${json.error.code}`)
    }
    return said
  })
  // Little enough that what nodes hold must be cut, now and then; each another value.
  const sent = Array.from({ length: 20 }, (_, n) => (n % 3 === 2 ? n : (40 + n) * COST + n))
  const answered: { remain_quota: number; used_quota: number }[] = []
  for (const [n, remain_quota] of sent.entries()) {
    await pause(30)
    answered.push(await at(n).manage('PUT', '/api/token/', { id, remain_quota }))
  }
  await pause(100)
  stop.abort()
  const said = (await Promise.all(clients)).flat()
  const { served = 0, ...refused } = tallied(said)
  expect(Object.keys(refused).filter((why) => !/quota_(exhausted|reserved)$/.test(why))).toEqual([])
  expect(served).toBeGreaterThan(50)

  expect(answered.map(({ remain_quota }) => remain_quota)).toEqual(sent)
  const { remain_quota: left, used_quota: used } = await first.keyRecord(id)
  const last = answered.at(-1)
  // What was set last, less what calls were charged after it.
  expect(left).toBe((last?.remain_quota ?? 0) - (used - (last?.used_quota ?? 0)))
  // And so it was each time: a set notes the difference to what was left of the one before.
  let before = { remain_quota: 200 * COST, used_quota: 0 }
  const differences: number[] = []
  for (const one of answered) {
    const spent = one.used_quota - before.used_quota
    differences.push(one.remain_quota - (before.remain_quota - spent))
    before = one
  }
  const noted = await database.rows(
    `select delta::int from entry where entity = ${4 * id} and kind = 'set' order by id`,
  )
  expect(noted.map(({ delta }) => delta)).toEqual(differences.filter((delta) => delta !== 0))
  // Records say the same: each call has one, and none was charged beyond what was there.
  const [counted] = await database.rows(`
    select count(*)::int as calls, coalesce(sum(quota), 0)::int as charged, min(quota)::int as least
    from usage where key_id = ${id} and status = 200`)
  expect(counted).toMatchObject({ calls: served, charged: used })
  expect(used).toBeLessThanOrEqual(served * COST)
  expect(await first.doctor()).toEqual([])
})
