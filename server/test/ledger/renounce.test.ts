import { sql } from 'kysely'
import { expect, it } from 'vitest'
import type { Payers } from '../../src/ledger/ledger.ts'
import { createRefund, type RefundStore } from '../../src/ledger/refund.ts'
import { setBalance } from '../../src/ledger/statements.ts'
import { MOST_UNITS, units } from '../../src/ledger/units.ts'
import { correctionsOf } from '../../src/usage/corrections.ts'
import { createRollUp } from '../../src/usage/roll-up.ts'
import { type Books, balanceOf, openBooks, openPayers, reserved } from './books.ts'
import { recordOf } from './record.ts'

async function recordsOf({ store }: Books) {
  return store.db.selectFrom('usage').select(['quota', 'shortfall', 'error_code']).execute()
}

it('a settlement renounced before its batch left costs nothing and says why', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 100 })
  const reservation = await reserved(books.ledger, payers, 50)
  const settling = reservation.settle(units(40), recordOf('a'))
  reservation.renounce()
  reservation.renounce()
  expect(await settling).toMatchObject({ charged: 0 })
  await books.ledger.flush()
  expect(await recordsOf(books)).toEqual([
    { quota: 0, shortfall: 0, error_code: 'ledger_unavailable' },
  ])
  expect(await balanceOf(books.store, payers.key)).toEqual({ remain: 100, used: 0, requests: 1 })
  expect(await books.database.doctor()).toEqual([])
})

it('a settlement renounced while its batch is on its way is refunded once it proves committed', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 100 })
  const reservation = await reserved(books.ledger, payers, 50)
  void reservation.settle(units(40), recordOf('a'))
  // The batch leaves at the end of this turn of the loop; its answer needs at least another.
  await new Promise((resolve) => setImmediate(resolve))
  reservation.renounce()
  await books.ledger.flush()
  expect(await recordsOf(books)).toEqual([{ quota: 40, shortfall: 0, error_code: '' }])
  expect(await balanceOf(books.store, payers.key)).toMatchObject({ remain: 100 })
  expect(await balanceOf(books.store, payers.account)).toMatchObject({ remain: 100 })
  expect(books.ledger.available(payers)).toBe(100)
  expect(await books.database.doctor()).toEqual([])
})

it('a committed settlement is refunded by one entry for each finite balance, however often', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { account: 100 })
  const reservation = await reserved(books.ledger, payers, 50)
  await reservation.settle(units(40), recordOf('a'))
  reservation.renounce()
  reservation.renounce()
  await books.ledger.flush()
  const refunds = await books.store.db
    .selectFrom('entry')
    .select(['entity', 'delta', 'reason'])
    .where('kind', '=', 'refund')
    .execute()
  expect(refunds).toEqual([{ entity: payers.account, delta: 40, reason: 'request a' }])
  expect(books.ledger.available(payers)).toBe(100)
  expect(await books.database.doctor()).toEqual([])
})

/** What everybody spent, by the sums and by the records. */
async function spent({ store }: Books) {
  const rollUp = createRollUp({ store, failed: (error) => expect.unreachable(String(error)) })
  await rollUp.run()
  await rollUp.close()
  const { rows } = await sql<{ quota: number; shortfall: number }>`
    select cast(sum(quota) as bigint) as quota, cast(sum(shortfall) as bigint) as shortfall
    from account_day where account_id = 0`.execute(store.db)
  const [sums = { quota: 0, shortfall: 0 }] = rows
  const corrected = (await correctionsOf(store, ['a'])).get('a')
  return { sums: [Number(sums.quota), Number(sums.shortfall)], corrected }
}

it.each([
  ['finite', { key: 100, account: 100 }],
  ['unlimited', {}],
])('what was refunded to %s payers is spent nowhere', async (_, has) => {
  const books = await openBooks()
  const payers = await openPayers(books, { ...has, budgets: [90] })
  const reservation = await reserved(books.ledger, payers, 90)
  await reservation.settle(units(95), recordOf('a'))
  expect(await spent(books)).toEqual({ sums: [90, 5], corrected: undefined })
  reservation.renounce()
  await books.ledger.flush()
  for (const entity of [payers.key, payers.account, ...payers.budgets])
    expect(await balanceOf(books.store, entity)).toMatchObject({ used: 0, requests: 1 })
  expect(await spent(books)).toEqual({ sums: [0, 0], corrected: { quota: -90, shortfall: -5 } })
  expect(books.ledger.available(payers)).toBe(90)
  expect(await books.database.doctor()).toEqual([])
})

/** Gives back what this settlement took, in no time; `beforeLook` comes before each look but the first. */
function refundOf(
  { store }: { readonly store: RefundStore },
  payers: Payers,
  beforeLook: (look: number) => Promise<unknown>,
) {
  let looks = 1
  const clock = {
    idly: () => undefined,
    after(_ms: number, call: () => void) {
      void beforeLook(++looks).then(call)
      return () => undefined
    },
  }
  const settlement = { ...payers, record: recordOf('a'), cost: 40, atMost: 40, epoch: 0 }
  const given = createRefund(store, Date.now, clock)(settlement)
  return given.then(() => looks)
}

it('what a failover has lost of the books is not given back, however long it is looked for', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100 })
  const looks = await refundOf(books, payers, async () => undefined)
  expect(looks).toBeGreaterThan(30)
  expect(await balanceOf(books.store, payers.key)).toMatchObject({ remain: 100 })
  expect(await books.database.doctor()).toEqual([])
})

it('what comes onto the books late is given back as it was charged then', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100 })
  const reservation = await reserved(books.ledger, payers, 50)
  await refundOf(books, payers, async (look) => {
    if (look === 3) await reservation.settle(units(30), recordOf('a'))
  })
  expect(await balanceOf(books.store, payers.key)).toMatchObject({ remain: 100, used: 0 })
  expect(await books.database.doctor()).toEqual([])
})

it('a refund that a failover has lost, and not its charge, is given again', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100 })
  const reservation = await reserved(books.ledger, payers, 50)
  await reservation.settle(units(40), recordOf('a'))
  let tellBehind = () => undefined as unknown
  const { db, dialect, write } = books.store
  const onBehind = (told: () => unknown) => {
    tellBehind = told
  }
  await refundOf({ store: { db, dialect, write, onBehind } }, payers, async () => undefined)
  await books.database.tamper(`
    delete from entry where kind = 'refund'; delete from correction;
    update balance set remain = remain - 40 where entity = ${payers.key};
    update balance set corrected = 0`)
  expect(await balanceOf(books.store, payers.key)).toMatchObject({ remain: 60, used: 40 })
  tellBehind()
  const remain = async () => (await balanceOf(books.store, payers.key)).remain
  await expect.poll(remain).toBe(100)
  tellBehind()
  await books.store.write([])
  expect(await balanceOf(books.store, payers.key)).toMatchObject({ remain: 100, used: 0 })
  expect(await books.database.rows('select quota from correction')).toHaveLength(1)
  expect(await books.database.doctor()).toEqual([])
})

it('refunds the account although its key was filled up to the brim meanwhile', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: MOST_UNITS, account: 100 })
  const reservation = await reserved(books.ledger, payers, 50)
  await reservation.settle(units(40), recordOf('a'))
  const wish = { entity: payers.key, amount: MOST_UNITS, actor: 'test', seconds: 1 }
  await books.store.write(setBalance(books.store, wish))
  reservation.renounce()
  await books.ledger.flush()
  expect(await balanceOf(books.store, payers.account)).toMatchObject({ remain: 100, used: 0 })
  expect(await balanceOf(books.store, payers.key)).toMatchObject({ remain: MOST_UNITS, used: 0 })
  expect(await books.database.doctor()).toEqual([])
})

it('renouncing a call that runs gives its units back', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 100 })
  const reservation = await reserved(books.ledger, payers, 50)
  reservation.renounce()
  expect(books.ledger.available(payers)).toBe(100)
  expect(books.ledger.outstanding()).toEqual({ reservations: 0, units: 0 })
})
