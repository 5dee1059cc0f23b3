import { expect, it } from 'vitest'
import { setBalance } from '../../src/ledger/statements.ts'
import { units } from '../../src/ledger/units.ts'
import { balanceOf, openBooks, openPayers, reserved } from './books.ts'
import { recordOf } from './record.ts'

const by = { reason: 'because', actor: 'test' }

it('adds and takes with an entry, and refuses to go below zero without a trace', async () => {
  const { store, ledger, database, ...books } = await openBooks()
  const { key } = await openPayers({ store, ledger, ...books }, { key: 100, account: 100 })
  expect(await ledger.adjust({ entity: key, delta: -60, ...by })).toBe(40)
  expect(await ledger.adjust({ entity: key, delta: -41, ...by })).toBeUndefined()
  expect(await ledger.adjust({ entity: key, delta: 1e15, ...by })).toBeUndefined()
  expect(await ledger.adjust({ entity: 4_000, delta: 1, ...by })).toBeUndefined()
  const entries = await store.db.selectFrom('entry').selectAll().where('entity', '=', key).execute()
  expect(entries.map(({ delta, kind, reason }) => [delta, kind, reason])).toEqual([
    [100, 'grant', 'opened'],
    [-60, 'adjust', 'because'],
  ])
  expect(await database.doctor()).toEqual([])
})

it('the same idempotency changes a balance once', async () => {
  const { store, ledger, database } = await openBooks()
  const { key } = await openPayers({ store, ledger }, { key: 100, account: 100 })
  const change = { entity: key, delta: 10, ...by, idempotency: 'once' }
  const answers = await Promise.all([ledger.adjust(change), ledger.adjust(change)])
  expect(answers).toEqual([110, 110])
  expect(await ledger.adjust(change)).toBe(110)
  expect(await database.doctor()).toEqual([])
})

it('concurrent changes and settlements add up, and memory ends at what the books say', async () => {
  const { store, ledger, database } = await openBooks()
  const payers = await openPayers({ store, ledger }, { key: 1_000, account: 10_000 })
  const work: Promise<unknown>[] = []
  for (let n = 0; n < 100; n++) {
    work.push((await reserved(ledger, payers, 5)).settle(units(3), recordOf(`r${n}`)))
    work.push(ledger.adjust({ entity: payers.key, delta: n % 2 ? 7 : -6, ...by }))
  }
  await Promise.all(work)
  expect(await balanceOf(store, payers.key)).toEqual({ remain: 750, used: 300, requests: 100 })
  expect(ledger.remaining(payers)).toBe(750)
  expect(ledger.available(payers)).toBe(750)
  expect(await database.doctor()).toEqual([])
})

it('setting a balance notes the difference, and running calls settle against the new value', async () => {
  const { store, ledger, database } = await openBooks()
  const payers = await openPayers({ store, ledger }, { key: 100, account: 1_000 })
  const running = await reserved(ledger, payers, 80)
  await store.write(
    setBalance(store, { entity: payers.key, amount: 30, actor: 'test', seconds: 1 }),
  )
  expect(ledger.available(payers)).toBe(0)
  expect(ledger.remaining(payers)).toBe(30)
  expect(await running.settle(units(80), recordOf('a'))).toMatchObject({
    charged: 30,
    shortfall: 50,
  })
  const entries = await store.db
    .selectFrom('entry')
    .select(['delta', 'kind'])
    .where('entity', '=', payers.key)
    .where('kind', '=', 'set')
    .execute()
  expect(entries).toEqual([{ delta: -70, kind: 'set' }])
  expect(await database.doctor()).toEqual([])
})
