import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { runDoctor } from '../../src/ledger/doctor.ts'
import { units } from '../../src/ledger/units.ts'
import { type Books, openBooks, openPayers, reserved, temporaryFolder } from './books.ts'
import { recordOf } from './record.ts'

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
  await (await reserved(books.ledger, payers, 30)).settle(units(30), recordOf('a'))
}

it.each(['usage', 'usage_by_time'])('finds that %s cannot be read', async (table) => {
  const books = await openBooks()
  await spend(books)
  const copy = join(await temporaryFolder(), 'copy.sqlite')
  await books.store.backup(copy)
  wreck(copy, table)
  const findings = await runDoctor(copy)
  expect(new Set(findings.map(({ what }) => what))).toEqual(new Set(['damaged']))
})

it('says so when the books add up to more than can be counted', async () => {
  const books = await openBooks()
  await spend(books)
  await books.database.tamper(
    `update entry set delta = 9223372036854775807 where entity = 4;
     insert into entry (entity, delta, kind, reason, actor, created_at)
     values (4, 9223372036854775807, 'adjust', '', '', 1)`,
  )
  expect(await books.database.doctor()).toEqual([
    {
      what: 'damaged',
      subject: 'database',
      says: expect.stringMatching(/^the books can't be added up: .*overflow/),
    },
  ])
})
