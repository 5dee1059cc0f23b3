import { expect, it } from 'vitest'
import { createSweep } from '../../src/budgets/sweep.ts'
import { budgetEntity, keyEntity } from '../../src/ledger/entity.ts'
import { openBalance } from '../../src/ledger/statements.ts'
import { openBooks } from '../ledger/books.ts'

const DAY_MS = 86_400_000

it('a node whose clock is months ahead of the database’s deletes no period of a budget that others still charge', async () => {
  const { store, database } = await openBooks()
  const today = Math.floor(Date.now() / DAY_MS)
  const [old, running] = [today - 50, today].map((number) =>
    budgetEntity({ owner: keyEntity(1), period: 'day', number }),
  ) as [number, number]
  const opening = { amount: 100, actor: 'test', seconds: 1 }
  await store.write([
    ...openBalance(store, { ...opening, entity: old }),
    ...openBalance(store, { ...opening, entity: running }),
  ])
  const sweep = createSweep({
    store,
    now: () => Date.now() + 100 * DAY_MS,
    failed: (error) => expect.unreachable(String(error)),
  })
  await sweep.run()
  await sweep.close()
  const left = await store.db.selectFrom('balance').select('entity').execute()
  expect(left).toEqual([{ entity: running }])
  const [mark] = await database.rows(`select value from meta where name = 'budgets_swept_before'`)
  expect(Number(mark?.value)).toBeLessThan(today)
  expect(await database.doctor()).toEqual([])
})
