import { expect, it } from 'vitest'
import { units } from '../../src/ledger/units.ts'
import { type Books, openBooks, openPayers, reserved } from './books.ts'
import { recordOf } from './record.ts'

async function spend(books: Books): Promise<void> {
  const payers = await openPayers(books, { key: 100, account: 1_000 })
  await (await reserved(books.ledger, payers, 30)).settle(units(30), recordOf('a'))
}

it('finds honest books in order while the gateway runs', async () => {
  const books = await openBooks()
  await spend(books)
  expect(await books.database.doctor()).toEqual([])
})

it.each([
  [
    'a balance that was raised',
    'update balance set remain = 75 where entity = 4',
    [
      {
        what: 'remain_differs',
        subject: 'key 1',
        says: 'remain is 75, but entries of 100 less 30 charged leave 70',
      },
    ],
  ],
  [
    'usage that was forgotten',
    'update balance set used = used - 30 where entity = 5',
    [
      {
        what: 'used_differs',
        subject: 'account 1',
        says: 'used is 0 in 1 calls, but its usage records say 30 in 1',
      },
    ],
  ],
  [
    'a balance that is gone',
    'delete from balance where entity = 4',
    [
      {
        what: 'balance_missing',
        subject: 'key 1',
        says: 'no balance, but 1 calls for 30 units and entries of 100',
      },
    ],
  ],
])('finds %s', async (_name, sql, findings) => {
  const books = await openBooks()
  await spend(books)
  await books.database.tamper(sql)
  expect(await books.database.doctor()).toEqual(findings)
})

it('finds a balance below zero, though its entries agree', async () => {
  const books = await openBooks()
  await spend(books)
  await books.database.tamper(
    `update balance set remain = -5 where entity = 4;
     insert into entry (entity, delta, kind, reason, actor, created_at)
     values (4, -75, 'adjust', '', '', 1)`,
  )
  const findings = await books.database.doctor()
  expect(findings).toContainEqual({
    what: 'below_zero',
    subject: 'key 1',
    says: 'remain -5, used 30',
  })
  expect(findings.some(({ what }) => what === 'remain_differs')).toBe(false)
})

it('finds a removed usage record on both who paid for it', async () => {
  const books = await openBooks()
  await spend(books)
  await books.database.tamper('delete from usage')
  const findings = await books.database.doctor()
  expect(findings.map(({ what, subject }) => `${what} ${subject}`).sort()).toEqual([
    'remain_differs account 1',
    'remain_differs key 1',
    'used_differs account 1',
    'used_differs key 1',
  ])
})

it('finds used units below zero', async () => {
  const books = await openBooks()
  await spend(books)
  await books.database.tamper(
    'update balance set used = used - 60 where entity = 4; update usage set quota = -30',
  )
  const findings = await books.database.doctor()
  expect(findings).toContainEqual({
    what: 'below_zero',
    subject: 'key 1',
    says: 'remain 70, used -30',
  })
})

it('finds a call that was charged twice, though the balances agree', async () => {
  const books = await openBooks()
  await spend(books)
  const columns = (await books.store.db.selectFrom('usage').selectAll().execute()).map((row) =>
    Object.keys(row).filter((name) => name !== 'id'),
  )[0]
  await books.database.tamper(
    `insert into usage (${columns}) select ${columns} from usage;
     update balance set remain = remain - 30, used = used + 30, requests = requests + 1`,
  )
  expect(await books.database.doctor()).toEqual([
    { what: 'settled_twice', subject: 'request a', says: '2 usage records charge 60 units for it' },
  ])
})

it('names the first findings and counts the rest', async () => {
  const books = await openBooks()
  for (let id = 1; id <= 30; id++) await openPayers(books, { key: 1, account: 1, id })
  await books.database.tamper('update balance set remain = 2')
  const findings = await books.database.doctor()
  expect(findings).toHaveLength(21)
  expect(findings.at(-1)?.subject).toBe('40 more')
})
