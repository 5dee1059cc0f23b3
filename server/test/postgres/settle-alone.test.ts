import { expect, it } from 'vitest'
import { Refused } from '../../src/errors.ts'
import type { Payers } from '../../src/ledger/ledger.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { asking } from '../tools/calls.ts'
import { startGateway } from '../tools/gateway.ts'
import { answers } from '../tools/upstream-scripts.ts'
import { call, openNodes, recordFor, type TestNode, take } from './nodes.ts'
import { openSession } from './sessions.ts'

/** Somebody who keeps rows for himself, until the answer is called. */
async function keepLocked(url: string, rows: string): Promise<() => Promise<void>> {
  const { client } = await openSession(url)
  await client.query('begin')
  const { rowCount } = await client.query(`select 1 from ${rows} for update`)
  expect(rowCount).toBeGreaterThan(0)
  return async () => void (await client.query('rollback'))
}

async function held({ ledger }: TestNode, payers: Payers, amount: number) {
  const got = await take(ledger, payers, amount)
  if (isShort(got)) throw new Error('short')
  return got
}

it('what was reserved is settled while somebody keeps all balances of it locked; who needs more is told', {
  timeout: 60_000,
}, async () => {
  const { at, payers, database, whole } = await openNodes(1)
  const node = at(0)
  const owner = await payers({ id: 1, key: 1_000, account: 1_000, budget: 1_000 })
  const running = [await held(node, owner, 100), await held(node, owner, 100)] as const
  const balances = [owner.key, owner.account, ...owner.budgets]
  const unlock = await keepLocked(
    database.config.databaseUrl ?? '',
    `balance where entity in (${balances})`,
  )
  // Did it touch one of these rows, it would be answered when they are free again.
  expect(await running[0].settle(units(30), recordFor(owner))).toEqual({
    ...{ charged: 30, shortfall: 0 },
  })
  expect(await database.rows('select quota::int from usage')).toEqual([{ quota: 30 }])
  const more = call(node, owner, { amount: 500 }).catch((failure: unknown) => failure)
  // The lane of moves waits for the rows now, and that of settlements goes on.
  expect(await running[1].settle(units(50), recordFor(owner))).toMatchObject({ charged: 50 })
  const refused = await more
  expect(refused).toBeInstanceOf(Refused)
  expect(refused).toMatchObject({ code: 'ledger_unavailable' })

  await unlock()
  await expect
    .poll(() => call(node, owner, { amount: 500 }).catch(String), { timeout: 10_000 })
    .toBe('served')
  for (const entity of balances) expect(await whole(entity)).toBe(1_000 - 30 - 50 - 500)
})

it('a node’s settlements wait for no row that another node writes', {
  timeout: 60_000,
}, async () => {
  const { at, payers, database, whole } = await openNodes(2)
  const [here, there] = [at(0), at(1)]
  const owner = await payers({ id: 1, key: 1_000, account: 1_000, budget: 1_000 })
  const [own, other] = [await held(here, owner, 100), await held(there, owner, 100)]
  // As if the other node's settlement, of the same payers, took its time.
  const unlock = await keepLocked(
    database.config.databaseUrl ?? '',
    `hold where epoch = ${there.loans.epoch}`,
  )
  let answered = false
  const slow = other.settle(units(20), recordFor(owner)).then((settled) => {
    answered = true
    return settled
  })
  expect(await own.settle(units(30), recordFor(owner))).toMatchObject({ charged: 30 })
  expect(answered).toBe(false)
  await unlock()
  expect(await slow).toMatchObject({ charged: 20 })
  for (const entity of [owner.key, owner.account, ...owner.budgets])
    expect(await whole(entity)).toBe(950)
})

it('a gateway answers what runs while somebody’s idle transaction keeps the account’s row, and says what is wrong to who needs more', {
  timeout: 60_000,
}, async () => {
  const gateway = await startGateway()
  const go = Promise.withResolvers<void>()
  const model = await gateway.offer('held', async (asked, response) => {
    await go.promise
    await answers()(asked, response)
  })
  const { key, id } = await gateway.createKey()
  const account = await gateway.account()
  const serve = (most: number) => gateway.call(asking(model, { max_tokens: most }), key)
  const running = serve(20)
  await gateway.upstream.next()
  const unlock = await keepLocked(
    gateway.database.config.databaseUrl ?? '',
    `balance where entity in (${4 * id}, ${4 * Number(account.id) + 1})`,
  )
  go.resolve()
  const answered = await running
  const cost = Number(answered.headers.get('x-turnpike-cost'))
  expect([answered.status, cost > 0]).toEqual([200, true])
  expect(await gateway.usageOf(answered.requestId)).toMatchObject({ quota: cost, shortfall: 0 })

  const refused = await serve(5_000)
  expect([refused.status, refused.json.error.code]).toEqual([503, 'ledger_unavailable'])
  expect(refused.json.error.message).toMatch(/\w+ \w+/)
  expect(gateway.upstream.calls).toHaveLength(1)
  // Who looks is not kept waiting either, and sees the charge.
  expect((await gateway.keyRecord(id)).remain_quota).toBe(1_000_000 - cost)

  await unlock()
  await expect.poll(() => serve(5_000).then(({ status }) => status), { timeout: 15_000 }).toBe(200)
  await gateway.close()
})
