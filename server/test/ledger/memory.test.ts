import { expect, it } from 'vitest'
import { keyEntity } from '../../src/ledger/entity.ts'
import { openBalance } from '../../src/ledger/statements.ts'
import { units } from '../../src/ledger/units.ts'
import { openBooks, openPayers, reserved } from './books.ts'
import { recordOf } from './record.ts'

// What a process remembers of balances that it owns. Of borrowed ones only the database knows the truth.
const never = new AbortController().signal

it('a balance that was read before a commit never overwrites what the commit said', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 1_000 })
  books.ledger.forget(payers.key)
  expect(books.ledger.knows(payers.key)).toBe(false)
  await books.ledger.adjust({ entity: payers.key, delta: -90, reason: '', actor: 'test' })
  // The cache's read began before the change and arrives after it.
  books.ledger.know(payers.key, 100)
  expect(books.ledger.available(payers)).toBe(10)
})

it('a forgotten balance stays while a call holds units of it', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 1_000 })
  const running = await reserved(books.ledger, payers, 60)
  books.ledger.forget(payers.key)
  expect(books.ledger.knows(payers.key)).toBe(true)
  expect(books.ledger.available(payers)).toBe(40)
  await running.settle(units(60), recordOf('a'))
  expect(books.ledger.knows(payers.key)).toBe(false)
  books.ledger.know(payers.key, 100)
  expect(books.ledger.available(payers)).toBe(40)
})

it('whoever waits is answered, though the cache dropped its key and 20 000 others since', async () => {
  const books = await openBooks()
  const payers = await openPayers(books, { key: 100, account: 100 })
  await reserved(books.ledger, { ...payers, keyUnlimited: true }, 100)
  const waiting = books.ledger.reserveSoon(payers, units(10), never, 2_000)
  books.ledger.forget(payers.key)
  const opening = { amount: 0, actor: 'test', seconds: 1 }
  const others = Array.from({ length: 20_001 }, (_, n) => keyEntity(n + 2))
  await books.store.write(
    others.flatMap((entity) => openBalance(books.store, { entity, ...opening })),
  )
  expect(await waiting).toMatchObject({ entity: 'account', reserved: true })
  expect(books.ledger.knows(payers.key)).toBe(false)
})
