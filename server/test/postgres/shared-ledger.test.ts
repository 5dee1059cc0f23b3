import { expect, it } from 'vitest'
import { setBalance } from '../../src/ledger/statements.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { call, openNodes, recordFor, take, tallied } from './nodes.ts'

const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))

it('quota for 1 000 requests, 64 clients on three nodes that ask 5 000 times: exactly 1 000 are served', async () => {
  const { at, payers, whole } = await openNodes(3)
  const poor = await payers({ id: 1, key: 7_000, account: 1e9 })
  let asked = 0
  const clients = times(64, async (n) => {
    const answers: string[] = []
    while (asked++ < 5_000) answers.push(await call(at(n % 3), poor, { amount: 7 }))
    return answers
  })
  const answers = (await Promise.all(clients)).flat()
  expect(tallied(answers)).toMatchObject({ served: 1_000 })
  expect(answers).toHaveLength(5_000)
  expect(await whole(poor.key)).toBe(0)
  expect(await whole(poor.account)).toBe(1e9 - 7_000)
})

it('quota for 10 requests over three nodes: all 10 are served', async () => {
  const { at, payers } = await openNodes(3)
  const poor = await payers({ id: 1, key: 10, account: 1e6 })
  const answers = await Promise.all(times(10, (n) => call(at(n % 3), poor, { amount: 1, ms: 20 })))
  expect(tallied(answers)).toEqual({ served: 10 })
})

it('units that another node holds and does not use are called back and had in time', async () => {
  const { at, payers } = await openNodes(2)
  const [here, there] = [at(0), at(1)]
  const rich = await payers({ id: 1, key: 1_000, account: 1_000 })
  // It reserves nearly all and needs little of it: the rest lies idle there.
  expect(await call(there, rich, { amount: 900, cost: 1 })).toBe('served')
  const beganAt = performance.now()
  expect(await call(here, rich, { amount: 800 })).toBe('served')
  expect(performance.now() - beganAt).toBeLessThan(2_000)
})

it('several calls of one key on several nodes reserve what is there and no more', async () => {
  const { at, payers } = await openNodes(3)
  const poor = await payers({ id: 1, key: 1_000, account: 650 })
  const got = await Promise.all(times(12, (n) => take(at(n % 3).ledger, poor, 100)))
  const held = got.filter((one) => !isShort(one))
  expect(held).toHaveLength(6)
  for (const one of got)
    if (isShort(one)) expect(one).toMatchObject({ entity: 'account', reserved: true })
  for (const one of held) if (!isShort(one)) one.release()
})

it('a balance that is set while calls run has exactly that value, and they settle against it', async () => {
  const { at, payers, whole } = await openNodes(2)
  const [here, there] = [at(0), at(1)]
  const owner = await payers({ id: 1, key: 1_000, account: 1e6 })
  const one = await take(here.ledger, owner, 400)
  const other = await take(there.ledger, owner, 300)
  if (isShort(one) || isShort(other)) throw new Error('short')
  const wish = { entity: owner.key, amount: 500, actor: 'test', seconds: 1 }
  const written = await here.store.write(setBalance(here.store, wish))
  expect(written).toMatchObject({ done: true, rows: [[{ entity: owner.key, remain: 500 }]] })
  expect(await whole(owner.key)).toBe(500)
  const charges = await Promise.all([
    one.settle(units(400), recordFor(owner)),
    other.settle(units(300), recordFor(owner)),
  ])
  const charged = charges.reduce((sum, settled) => sum + settled.charged, 0)
  const shortfall = charges.reduce((sum, settled) => sum + settled.shortfall, 0)
  expect([charged, shortfall]).toEqual([500, 200])
  expect(await whole(owner.key)).toBe(0)
})

it('units that are granted are had at once on the node that granted them, and soon on the others', async () => {
  const { at, nodes, payers } = await openNodes(2)
  const [here, there] = [at(0), at(1)]
  const poor = await payers({ id: 1, key: 5, account: 1e6 })
  for (const node of nodes) expect(await call(node, poor, { amount: 10 })).toBe('exhausted')
  await here.ledger.adjust({ entity: poor.key, delta: 100, reason: 'test', actor: 'test' })
  expect(await call(here, poor, { amount: 10 })).toBe('served')
  await expect
    .poll(() => call(there, poor, { amount: 10 }), { interval: 20, timeout: 2_000 })
    .toBe('served')
  const tooMuch = { entity: poor.key, delta: -1_000, reason: 'test', actor: 'test' }
  expect(await here.ledger.adjust(tooMuch)).toBeUndefined()
})

it('a cost above what was reserved takes the difference first, and what is not there is shortfall', async () => {
  const { at, payers, whole } = await openNodes(1)
  const owner = await payers({ id: 1, key: 100, account: 1e6 })
  const { ledger } = at(0)
  const first = await take(ledger, owner, 10)
  if (isShort(first)) throw new Error('short')
  expect(await first.settle(units(60), recordFor(owner))).toMatchObject({
    charged: 60,
    shortfall: 0,
  })
  const second = await take(ledger, owner, 10)
  if (isShort(second)) throw new Error('short')
  expect(await second.settle(units(90), recordFor(owner))).toMatchObject({
    charged: 40,
    shortfall: 50,
  })
  expect(await whole(owner.key)).toBe(0)
})

it('a record that the database refuses is mended, and its neighbours are settled as they are', async () => {
  const { at, payers, database } = await openNodes(1)
  const owner = await payers({ id: 1, key: 1_000, account: 1_000 })
  const { ledger } = at(0)
  const odd = {
    prompt_tokens: Number.NaN,
    use_time_ms: 12.5,
    completion_tokens: 1e300,
    model: 'm\u0000\ud800',
  }
  const settled = await Promise.all(
    [{}, odd, {}].map(async (parts) => {
      const got = await take(ledger, owner, 10)
      if (isShort(got)) throw new Error('short')
      return got.settle(units(10), { ...recordFor(owner), ...parts })
    }),
  )
  expect(settled.map(({ charged }) => charged)).toEqual([10, 10, 10])
  expect(await database.rows('select count(*)::int as calls from usage')).toEqual([{ calls: 3 }])
})

it('unlimited keys are counted and hold nothing', async () => {
  const { nodes, payers, database } = await openNodes(2)
  const free = await payers({ id: 1, account: 1_000 })
  await Promise.all(nodes.map((node) => call(node, free, { amount: 10 })))
  expect(
    await database.rows(
      `select used::int, requests::int from balance_now where entity = ${free.key}`,
    ),
  ).toEqual([{ used: 20, requests: 2 }])
})

it('of unlimited keys nothing stays behind, neither a row nor in memory', async () => {
  const { at, payers, database } = await openNodes(1)
  const node = at(0)
  const free = await Promise.all(Array.from({ length: 150 }, (_, n) => payers({ id: n + 1 })))
  await Promise.all(free.map((owner) => call(node, owner, { amount: 10 })))
  expect(await database.rows('select * from hold')).toHaveLength(2 * free.length)
  expect(
    free.every(({ key, account }) => node.ledger.knows(key) && node.ledger.knows(account)),
  ).toBe(true)
  await expect
    .poll(() => database.rows('select * from hold'), { timeout: 10_000, interval: 200 })
    .toEqual([])
  expect(
    free.some(({ key, account }) => node.ledger.knows(key) || node.ledger.knows(account)),
  ).toBe(false)
  expect(
    await database.rows(
      'select sum(used)::int as used, sum(requests)::int as requests from balance',
    ),
  ).toEqual([{ used: 2 * 10 * free.length, requests: 2 * free.length }])
})

it('a key that was unlimited a moment ago is bound by what it has', async () => {
  const { at, payers, database } = await openNodes(1)
  const node = at(0)
  const owner = await payers({ id: 1, account: 1_000 })
  expect(await call(node, owner, { amount: 10 })).toBe('served')
  await database.rows(`update balance set remain = 30 where entity = ${owner.key}`)
  await database.rows(`insert into entry (entity, delta, kind, reason, actor, created_at)
    values (${owner.key}, 30, 'adjust', 'test', 'test', 1)`)
  const bound = { ...owner, keyUnlimited: false }
  node.ledger.know(owner.key, 30)
  expect(node.ledger.remaining(bound)).toBe(30)
  expect(await call(node, bound, { amount: 40 })).toBe('exhausted')
  expect(await call(node, bound, { amount: 25 })).toBe('served')
  expect(await call(node, bound, { amount: 10 })).toBe('exhausted')
})

it('a balance that the cache dropped while a call was on its way to it is asked of the database', async () => {
  const { at, payers } = await openNodes(1)
  const owner = await payers({ id: 1, key: 100, account: 1_000 })
  at(0).ledger.forget(owner.key)
  expect(at(0).ledger.knows(owner.key)).toBe(false)
  expect(await call(at(0), owner, { amount: 90 })).toBe('served')
  expect(await call(at(0), owner, { amount: 90 })).toBe('exhausted')
})

it('what no call has used for a while goes back', async () => {
  const { at, payers, database } = await openNodes(1)
  const owner = await payers({ id: 1, key: 1_000, account: 1_000 })
  await call(at(0), owner, { amount: 100, cost: 1 })
  expect(await database.rows('select * from hold')).toHaveLength(2)
  await expect
    .poll(() => database.rows('select * from hold'), { timeout: 8_000, interval: 200 })
    .toEqual([])
  expect(await call(at(0), owner, { amount: 999 })).toBe('served')
})

it('two nodes of one name and address are two nodes: neither spends what the other holds', async () => {
  const { nodes, at, payers, whole, database } = await openNodes(2)
  await database.rows(`update node set name = 'twin', url = 'http://twin:3000'`)
  const owner = await payers({ id: 1, key: 100, account: 1_000 })
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, n) => call(at(n % 2), owner, { amount: 5 })),
  )
  expect(tallied(answers)).toEqual({ served: 20, exhausted: 20 })
  expect(await whole(owner.key)).toBe(0)
  expect(new Set(nodes.map(({ loans }) => loans.epoch)).size).toBe(2)
  expect(await at(0).store.nodes?.()).toMatchObject([{ name: 'twin' }, { name: 'twin' }])
  await at(0).close()
  expect(await at(1).store.nodes?.()).toMatchObject([{ self: true, id: at(1).loans.epoch }])
})
