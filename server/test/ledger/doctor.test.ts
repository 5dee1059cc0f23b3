import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { runDoctor } from '../../src/ledger/doctor.ts'
import { units } from '../../src/ledger/units.ts'
import { type Books, openBooks, openPayers, reserved } from './books.ts'
import { recordOf } from './record.ts'

/** Changes the file behind the gateway's back. */
function tamper({ file }: Books, sql: string): void {
  const database = new DatabaseSync(file, { timeout: 5_000 })
  database.exec(`pragma ignore_check_constraints = on; ${sql}`)
  database.close()
}

/** Overwrites the first page of a table, as a bad disk does. */
function wreck(file: string, table: string): void {
  const database = new DatabaseSync(file, { readOnly: true })
  const find = database.prepare('select rootpage as page from sqlite_schema where name = ?')
  const page = Number(find.get(table)?.page)
  const size = Number(database.prepare('pragma page_size').get()?.page_size)
  database.close()
  const bytes = readFileSync(file)
  writeFileSync(file, bytes.fill(0xff, (page - 1) * size, page * size))
}

async function spend(books: Books): Promise<void> {
  const payers = await openPayers(books, { key: 100, account: 1_000 })
  await reserved(books.ledger, payers, 30).settle(units(30), recordOf('a'))
}

it('finds honest books in order while the gateway runs', async () => {
  const books = await openBooks()
  await spend(books)
  expect(await runDoctor(books.file)).toEqual([])
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
    'update balance set used = 0 where entity = 5',
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
  tamper(books, sql)
  expect(await runDoctor(books.file)).toEqual(findings)
})

it('finds a balance below zero, though its entries agree', async () => {
  const books = await openBooks()
  await spend(books)
  tamper(
    books,
    `update balance set remain = -5 where entity = 4;
     insert into entry (entity, delta, kind, reason, actor, created_at)
     values (4, -75, 'adjust', '', '', 1)`,
  )
  const findings = await runDoctor(books.file)
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
  tamper(books, 'delete from usage')
  const findings = await runDoctor(books.file)
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
  tamper(books, 'update balance set used = -30 where entity = 4; update usage set quota = -30')
  const findings = await runDoctor(books.file)
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
  tamper(
    books,
    `insert into usage (${columns}) select ${columns} from usage;
     update balance set remain = remain - 30, used = used + 30, requests = requests + 1`,
  )
  expect(await runDoctor(books.file)).toEqual([
    { what: 'settled_twice', subject: 'request a', says: '2 usage records charge 60 units for it' },
  ])
})

it.each(['usage', 'usage_by_time'])('finds that %s cannot be read', async (table) => {
  const books = await openBooks()
  await spend(books)
  const copy = `${books.file}.copy`
  await books.store.backup(copy)
  wreck(copy, table)
  const findings = await runDoctor(copy)
  expect(new Set(findings.map(({ what }) => what))).toEqual(new Set(['damaged']))
})

it('says so when the books add up to more than can be counted', async () => {
  const books = await openBooks()
  await spend(books)
  tamper(
    books,
    `update entry set delta = 9223372036854775807 where entity = 4;
     insert into entry (entity, delta, kind, reason, actor, created_at)
     values (4, 9223372036854775807, 'adjust', '', '', 1)`,
  )
  expect(await runDoctor(books.file)).toEqual([
    {
      what: 'damaged',
      subject: 'database',
      says: expect.stringMatching(/^the books can't be added up: .*overflow/),
    },
  ])
})

it('names the first findings and counts the rest', async () => {
  const books = await openBooks()
  for (let id = 1; id <= 30; id++) await openPayers(books, { key: 1, account: 1, id })
  tamper(books, 'update balance set remain = 2')
  const findings = await runDoctor(books.file)
  expect(findings).toHaveLength(21)
  expect(findings.at(-1)?.subject).toBe('40 more')
})
