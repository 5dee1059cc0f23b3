import { expect, it } from 'vitest'
import { Refused } from '../../src/errors.ts'
import { call, openNodes } from './nodes.ts'
import { openSession } from './sessions.ts'

/** How long a statement of the ledger waits for a row, and a little more. */
const LOCK_TIMEOUT_MS = 2_000
const LATE_MS = 500

it('a row that somebody keeps locked holds up its own callers alone', {
  timeout: 60_000,
}, async () => {
  const { at, payers, database } = await openNodes(1)
  const node = at(0)
  const locked = await payers({ id: 1, key: 1_000_000, account: 1_000_000 })
  const others = await Promise.all(
    Array.from({ length: 5 }, (_, n) => payers({ id: n + 2, key: 100_000, account: 100_000 })),
  )
  const somebody = await openSession(database.config.databaseUrl ?? '')
  await somebody.client.query('begin')
  await somebody.client.query(`select 1 from balance where entity = ${locked.account} for update`)

  let on = true
  const waits: number[] = []
  const serving = others.map(async (payer, n) => {
    // Each wants more than it has at hand now and then, and so has to ask.
    for (let amount = 1; on; amount += 7 + n) {
      const beganAt = performance.now()
      expect(await call(node, payer, { amount, cost: 1 })).toBe('served')
      waits.push(performance.now() - beganAt)
    }
  })
  const refused = Array.from({ length: 3 }, async () => {
    for (let time = 0; time < 2; time++) {
      const failure = await call(node, locked, { amount: 10 }).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(Refused)
      expect(failure).toMatchObject({ code: 'ledger_unavailable' })
    }
  })
  await Promise.all(refused)
  on = false
  await Promise.all(serving)
  // At worst one came together with the locked one, and another was asked for alone before it.
  expect(Math.max(...waits)).toBeLessThan(2 * LOCK_TIMEOUT_MS + LATE_MS)
  const beyond = waits.filter((ms) => ms > LOCK_TIMEOUT_MS + LATE_MS)
  expect(beyond.length).toBeLessThanOrEqual(others.length)
  expect(waits.length).toBeGreaterThanOrEqual(10)

  await somebody.client.query('rollback')
  await expect
    .poll(() => call(node, locked, { amount: 10 }).catch(String), { timeout: 10_000 })
    .toBe('served')
})
