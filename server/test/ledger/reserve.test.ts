import { expect, it } from 'vitest'
import { keyEntity } from '../../src/ledger/entity.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { balanceOf, openBooks, openPayers, reserved } from './books.ts'
import { recordOf } from './record.ts'

const never = new AbortController().signal

it('never lends more than key and account have, however many calls ask at once', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 105, account: 1_000 })
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => books.ledger.reserveSoon(payers, units(10), never, 1)),
  )
  expect(answers.filter((answer) => !isShort(answer))).toHaveLength(10)
  expect(books.ledger.outstanding()).toEqual({ reservations: 10, units: 100 })
})

it('says whose units are short, and whether waiting could help', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 60 })
  expect(await books.ledger.reserve(payers, units(101))).toEqual({
    entity: 'key',
    balance: payers.key,
    reserved: false,
    available: 60,
  })
  expect(await books.ledger.reserve(payers, units(61))).toMatchObject({
    entity: 'account',
    reserved: false,
  })
  await reserved(books.ledger, payers, 50)
  expect(await books.ledger.reserve(payers, units(11))).toEqual({
    entity: 'account',
    balance: payers.account,
    reserved: true,
    available: 10,
  })
  expect(books.ledger.available(payers)).toBe(10)
  expect(books.ledger.remaining(payers)).toBe(60)
})

it('a key that can never pay is refused at once, though its account is only busy', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 5, account: 100 })
  const rich = { ...payers, keyUnlimited: true }
  await reserved(books.ledger, rich, 100)
  const short = await books.ledger.reserveSoon(payers, units(10), never)
  expect(short).toMatchObject({ entity: 'key', reserved: false })
})

it('unlimited payers reserve without a balance in memory, and are counted', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, {})
  books.ledger.forget(payers.key)
  const settled = await (await reserved(books.ledger, payers, 1e15)).settle(
    units(77),
    recordOf('a'),
  )
  expect(settled).toMatchObject({ charged: 77, shortfall: 0 })
  expect(await balanceOf(books.store, payers.key)).toEqual({ remain: 0, used: 77, requests: 1 })
  expect(await books.database.doctor()).toEqual([])
})

it('a cost below the reservation frees the difference before the commit', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 100 })
  const settling = (await reserved(books.ledger, payers, 100)).settle(units(30), recordOf('a'))
  expect(books.ledger.available(payers)).toBe(70)
  await settling
  expect(books.ledger.available(payers)).toBe(70)
  expect(books.ledger.remaining(payers)).toBe(70)
})

it('a cost above the reservation takes free units, and never those of other calls', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 500 })
  const other = await reserved(books.ledger, payers, 70)
  const overran = await reserved(books.ledger, payers, 10)
  expect(await overran.settle(units(50), recordOf('a'))).toMatchObject({
    charged: 30,
    shortfall: 20,
  })
  expect(await other.settle(units(70), recordOf('b'))).toMatchObject({ charged: 70, shortfall: 0 })
  expect(await balanceOf(books.store, payers.key)).toEqual({ remain: 0, used: 100, requests: 2 })
  expect(await balanceOf(books.store, payers.account)).toMatchObject({ remain: 400 })
  expect(await books.database.doctor()).toEqual([])
})

it('a reservation is extended when the units can be had, and left as it is when not', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 100 })
  const reservation = await reserved(books.ledger, payers, 10)
  expect(await reservation.extend(units(60))).toBe(true)
  expect(await reservation.extend(units(20))).toBe(true)
  expect(reservation.amount).toBe(60)
  await reserved(books.ledger, payers, 30)
  expect(await reservation.extend(units(71))).toBe(false)
  expect(reservation.amount).toBe(60)
  reservation.release()
  expect(await reservation.extend(units(70))).toBe(false)
  expect(books.ledger.available(payers)).toBe(70)
})

it('settles once: later settles answer as the first, later releases do nothing', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 100 })
  const reservation = await reserved(books.ledger, payers, 50)
  const first = reservation.settle(units(20), recordOf('a'))
  expect(reservation.settle(units(50), recordOf('b'))).toBe(first)
  reservation.release()
  await first
  reservation.release()
  expect(await balanceOf(books.store, payers.key)).toEqual({ remain: 80, used: 20, requests: 1 })
  expect(books.ledger.outstanding()).toEqual({ reservations: 0, units: 0 })

  const released = await reserved(books.ledger, payers, 50)
  released.release()
  expect(await released.settle(units(50), recordOf('c'))).toMatchObject({ charged: 0 })
  await books.ledger.flush()
  expect(await balanceOf(books.store, payers.key)).toMatchObject({ remain: 80, requests: 1 })
})

it('waits for units that running calls hold, first come, first served', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 1_000 })
  const running = await reserved(books.ledger, payers, 100)
  const served: string[] = []
  const wait = (name: string, amount: number) =>
    books.ledger.reserveSoon(payers, units(amount), never, 20_000).then((got) => {
      served.push(name)
      return got
    })
  const large = wait('large', 90)
  const small = wait('small', 20)
  running.release()
  const got = await large
  // 10 units are free, and the small call waits for its 20.
  expect(served).toEqual(['large'])
  if (isShort(got)) throw new Error('short')
  await got.settle(units(5), recordOf('a'))
  expect(isShort(await small)).toBe(false)
  expect(served).toEqual(['large', 'small'])
})

it('nobody overtakes the queue, and whoever leaves it lets the next one in', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 1_000 })
  await reserved(books.ledger, payers, 60)
  const leaving = new AbortController()
  const large = books.ledger.reserveSoon(payers, units(50), leaving.signal, 20_000)
  const small = books.ledger.reserveSoon(payers, units(10), never, 20_000)
  leaving.abort(new Error('left'))
  await expect(large).rejects.toThrow('left')
  expect(isShort(await small)).toBe(false)
})

it('whoever waits in vain learns what could be had', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 1_000 })
  await reserved(books.ledger, payers, 95)
  expect(await books.ledger.reserveSoon(payers, units(10), never, 5)).toEqual({
    entity: 'key',
    balance: payers.key,
    reserved: true,
    available: 5,
  })
})

it('units that management adds serve those who wait', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 1_000 })
  await reserved(books.ledger, payers, 100)
  const waiting = books.ledger.reserveSoon(payers, units(40), never, 20_000)
  await books.ledger.adjust({ entity: payers.key, delta: 40, reason: '', actor: 'test' })
  expect(isShort(await waiting)).toBe(false)
})

it('a balance nobody made known is an error, not a free call', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 100 })
  expect(() => books.ledger.reserve({ ...payers, key: keyEntity(99) }, units(1))).toThrow('key 99')
})
