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
        says: 'used is 0 in 1 calls, but its usage records and corrections say 30 in 1',
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

const CODES = `
  insert into redemption (id, batch_id, name, digest, hint, quota, created_at, redeemed_at, redeemed_by)
    values (1, 1, 'x', 'a', 'aaaa', 40, 1, 2, 1), (2, 1, 'x', 'b', 'bbbb', 60, 1, 2, 1), (3, 1, 'x', 'c', 'cccc', 9, 1, null, null);
  insert into entry (id, entity, delta, kind, reason, actor, idempotency, created_at)
    values (11, 5, 40, 'redeem', '', '', 'redeem:1', 2), (12, 5, 60, 'redeem', '', '', 'redeem:2', 2);
  update balance set remain = remain + 100 where entity = 5;`

const redeemedFor = (units: number) => `redeemed for ${units} units by account 1, but`

it.each([
  ['nothing', '', []],
  [
    'a code that counted for less than it is worth',
    `update entry set delta = 39 where id = 11; update balance set remain = remain - 1 where entity = 5`,
    [
      {
        subject: 'redemption 1',
        says: `${redeemedFor(40)} its entry adds 39 units to account 1`,
      },
    ],
  ],
  [
    'a code that counted for somebody else',
    'update redemption set redeemed_by = 7 where id = 2',
    [
      {
        subject: 'redemption 2',
        says: 'redeemed for 60 units by account 7, but its entry adds 60 units to account 1',
      },
    ],
  ],
  [
    'a code that was redeemed for nothing, and an entry of another kind in its place',
    "update entry set kind = 'adjust' where id = 12",
    [{ subject: 'redemption 2', says: `${redeemedFor(60)} no entry says so` }],
  ],
  [
    'units for a code that nobody redeemed, and for none at all',
    `update redemption set redeemed_at = null, redeemed_by = null where id = 2;
     update entry set idempotency = null where id = 11;
     delete from redemption where id = 1`,
    [11, 12].map((id) => ({
      subject: `entry ${id}`,
      says: `it adds ${id === 11 ? 40 : 60} units to account 1, but no code was redeemed for it`,
    })),
  ],
])('finds %s among redeemed codes', async (_name, sql, findings) => {
  const books = await openBooks()
  await spend(books)
  await books.database.tamper(CODES + sql)
  const expected = findings.map((finding) => ({ what: 'redeemed_differs', ...finding }))
  expect(await books.database.doctor()).toEqual(expected)
})

it('names the first findings and counts the rest', async () => {
  const books = await openBooks()
  for (let id = 1; id <= 30; id++) await openPayers(books, { key: 1, account: 1, id })
  await books.database.tamper('update balance set remain = 2')
  const findings = await books.database.doctor()
  expect(findings).toHaveLength(21)
  expect(findings.at(-1)?.subject).toBe('40 more')
})
