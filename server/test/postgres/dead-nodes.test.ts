import { expect, it } from 'vitest'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { call, endEpoch, know, openNodes, recordFor, take } from './nodes.ts'

it('what a dead node held is returned, and what it still settles is charged from what is left', async () => {
  const { at, payers, whole, database } = await openNodes(2)
  const [here, there] = [at(0), at(1)]
  const owner = await payers({ id: 1, key: 100, account: 1_000 })
  const running = await Promise.all([take(there.ledger, owner, 40), take(there.ledger, owner, 60)])
  const before = there.loans.epoch
  await endEpoch(database, before)
  expect(await whole(owner.key)).toBe(100)
  // The units are free again, and are spent elsewhere.
  expect(await call(here, owner, { amount: 70 })).toBe('served')
  const settled = []
  for (const one of running) {
    if (isShort(one)) throw new Error('short')
    settled.push(await one.settle(units(20), recordFor(owner)))
  }
  expect(settled.map(({ charged, shortfall }) => [charged, shortfall])).toEqual([
    [20, 0],
    [10, 10],
  ])
  expect(there.loans.epoch).toBeGreaterThan(before)
  know(there.ledger, owner, { key: 0, account: 0 })
  expect(await call(there, owner, { amount: 1 })).toBe('exhausted')
  expect(await whole(owner.key)).toBe(0)
})

it('a statement that arrives after its epoch has ended changes nothing', async () => {
  const { at, payers, whole, database } = await openNodes(2)
  const there = at(1)
  const owner = await payers({ id: 1, key: 100, account: 1_000 })
  await call(there, owner, { amount: 10 })
  const { epoch } = there.loans
  await endEpoch(database, epoch)
  const late = `select o_entity::int from turnpike_move(${epoch}, 99, array[${owner.key}], array[50], array[false])`
  expect(await database.rows(late)).toEqual([{ o_entity: -1 }])
  expect(await whole(owner.key)).toBe(90)
  expect(await database.rows(`select * from hold where epoch = ${epoch}`)).toEqual([])
})

it('an epoch whose lanes moved on is not ended', async () => {
  const { at, database } = await openNodes(1)
  const { epoch } = at(0).loans
  expect(await database.rows(`select turnpike_reap(${epoch}, 999, 999) as ended`)).toEqual([
    { ended: false },
  ])
})

it('a call that is sent again under its number does nothing twice', async () => {
  const { nodes, payers, database } = await openNodes(1)
  const owner = await payers({ id: 1, key: 100, account: 1_000 })
  const [{ epoch }] = (await database.rows(
    `select turnpike_register('silent', '', '', 1, '{}')::int as epoch`,
  )) as [{ epoch: number }]
  const move = `select o_granted::int as granted, o_remain::int as remain
    from turnpike_move(${epoch}, 1, array[${owner.key}], array[30], array[false])`
  expect(await database.rows(move)).toEqual([{ granted: 30, remain: 70 }])
  expect(await database.rows(move)).toEqual([{ granted: 30, remain: 70 }])
  expect(nodes).toHaveLength(1)
  await endEpoch(database, epoch)
})

it('connections that are cut under load lose nothing and charge nothing twice', async () => {
  const { at, nodes, payers, whole, database } = await openNodes(2)
  const owner = await payers({ id: 1, key: 1e6, account: 1e6 })
  let on = true
  const cutting = (async () => {
    for (let n = 0; n < 15; n++) {
      await database.rows(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() order by random() limit 3`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    on = false
  })()
  let served = 0
  const clients = Array.from({ length: 16 }, async (_, n) => {
    while (on) if ((await call(at(n % 2), owner, { amount: 7 })) === 'served') served++
  })
  await Promise.all([cutting, ...clients])
  for (const { ledger } of nodes) await ledger.flush()
  expect(served).toBeGreaterThan(100)
  expect(
    await database.rows('select count(*)::int as calls, sum(quota)::int as units from usage'),
  ).toEqual([{ calls: served, units: served * 7 }])
  expect(await whole(owner.key)).toBe(1e6 - served * 7)
})
