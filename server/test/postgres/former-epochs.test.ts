import { expect, it } from 'vitest'
import { machineClock } from '../../src/storage/lanes/clock.ts'
import { createLaneConnection } from '../../src/storage/postgres/lane-connection.ts'
import { createLedgerCalls } from '../../src/storage/postgres/ledger-calls.ts'
import { call, openNodes } from './nodes.ts'

/** What a failover brings back that undid the end of an epoch, and all that came after it. */
const undone = (epoch: number, present: number, number: { move: number; settle: number }) => `
  delete from node_lane where epoch = ${present}; delete from node where epoch = ${present};
  insert into node (epoch, name, url, version, started_at) values (${epoch}, '', '', '', 1);
  insert into node_lane (epoch, lane, seq)
  values (${epoch}, 'move', ${number.move}), (${epoch}, 'settle', ${number.settle})`

it('an epoch whose end a failover has undone ends with the next one, and nothing delayed of it is applied', async () => {
  const { at, database, payers: open, whole } = await openNodes(1)
  const { loans } = at(0)
  const payers = await open({ id: 1, key: 1_000, account: 1_000 })
  expect(await call(at(0), payers, { amount: 10 })).toBe('served')
  const first = loans.epoch
  await database.tamper(`select turnpike_end(array[${first}::bigint])`)
  await expect.poll(() => loans.epoch, { timeout: 10_000 }).not.toBe(first)
  const second = loans.epoch

  await database.tamper(undone(first, second, { move: 1, settle: 4 }))
  await expect.poll(() => loans.epoch, { timeout: 10_000 }).not.toBe(second)
  const lanes = await database.rows('select distinct epoch::float8 as epoch from node_lane')
  expect(lanes).toEqual([{ epoch: loans.epoch }])

  const connection = createLaneConnection(database.config.databaseUrl ?? '')
  const calls = createLedgerCalls({
    ...{ moveLane: connection.run, settleLane: connection.run, others: connection.run },
    ...{ clock: machineClock, onNotification: () => undefined },
  })
  const asks = [{ entity: payers.key, units: 100 }]
  expect(await calls.move({ epoch: first, seq: 2, asks })).toBe('lost')
  expect(await calls.settle({ epoch: first, seq: 5, settlements: [] })).toBe('lost')
  await connection.close()
  expect(await whole(payers.key)).toBe(990)
  expect(await call(at(0), payers, { amount: 10 })).toBe('served')
})

it('what former epochs hold of the same balances goes back in one', async () => {
  const { at, database, payers: open, whole } = await openNodes(1)
  const payers = await open({ id: 1, key: 1_000, account: 1_000 })
  const [one, two] = [11, 12]
  await database.tamper(`
    insert into node (epoch, name, url, version, started_at) values (${one}, '', '', '', 1), (${two}, '', '', '', 1);
    insert into node_lane (epoch, lane, seq) values (${one}, 'move', 3), (${one}, 'settle', 3), (${two}, 'move', 9), (${two}, 'settle', 9);
    update balance set remain = remain - 30 where entity = ${payers.key};
    insert into hold (epoch, entity, granted, spent, used, requests)
    values (${one}, ${payers.key}, 10, 0, 0, 0), (${two}, ${payers.key}, 20, 0, 0, 0)`)
  await database.tamper(`select turnpike_register('next', '', '', 1, '{${one}, ${two}, 13}')`)
  expect(await database.rows('select * from hold')).toEqual([])
  expect(
    await database.rows(`select epoch from node_lane where epoch in (${one}, ${two})`),
  ).toEqual([])
  expect(await whole(payers.key)).toBe(1_000)
  expect(await call(at(0), payers, { amount: 10 })).toBe('served')
})
