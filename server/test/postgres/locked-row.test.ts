import { expect, it, onTestFinished } from 'vitest'
import { Refused } from '../../src/errors.ts'
import type { Payers } from '../../src/ledger/ledger.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { leaveOnAll, startPooler } from '../tools/pooler.ts'
import { call, endEpoch, openNodes, recordFor, take } from './nodes.ts'
import { openSession } from './sessions.ts'

/** How long a statement of the ledger waits for a row, and a little more. */
const LOCK_TIMEOUT_MS = 2_000
const LATE_MS = 500

const CONNECTIONS = 4

/** By a pooler on whose connections others have left limits of their own. */
async function throughPooler(url: string): Promise<string> {
  const pooler = await startPooler(url, { connections: CONNECTIONS, isRoundRobin: true })
  onTestFinished(pooler.halt)
  await leaveOnAll(pooler, CONNECTIONS, `set lock_timeout = '5min'; set statement_timeout = '30s'`)
  return pooler.url
}

it.each([
  ['on straight connections', undefined],
  ['behind a pooler, whatever others have set there', throughPooler],
])(
  'a row that somebody keeps locked holds up its own callers alone, %s',
  {
    timeout: 60_000,
  },
  async (_, through) => {
    const { at, payers, database } = await openNodes(1, through)
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
  },
)

it('what is settled late, from a balance that somebody keeps locked, holds up no other settlement', {
  timeout: 60_000,
}, async () => {
  const { at, payers, whole, database } = await openNodes(1)
  const node = at(0)
  const [locked, late, other] = [
    await payers({ id: 1, key: 1_000, account: 1_000 }),
    await payers({ id: 2, key: 1_000, account: 1_000 }),
    await payers({ id: 3, key: 1_000_000, account: 1_000_000 }),
  ]
  const reserved = async (owner: Payers) => {
    const got = await take(node.ledger, owner, 50)
    if (isShort(got)) throw new Error('short')
    return got
  }
  const [held, free] = [await reserved(locked), await reserved(late)]
  const before = node.loans.epoch
  await endEpoch(database, before)
  const somebody = await openSession(database.config.databaseUrl ?? '')
  await somebody.client.query('begin')
  await somebody.client.query(`select 1 from balance where entity = ${locked.account} for update`)

  let answer: unknown
  const settling = held.settle(units(20), recordFor(locked)).then((settled) => {
    answer = settled
  })
  const beganAt = performance.now()
  expect(await free.settle(units(30), recordFor(late))).toMatchObject({ charged: 30 })
  const waits = [performance.now() - beganAt]
  expect(node.loans.epoch).toBeGreaterThan(before)
  while (performance.now() < beganAt + 2 * LOCK_TIMEOUT_MS) {
    const from = performance.now()
    expect(await call(node, other, { amount: 5 })).toBe('served')
    waits.push(performance.now() - from)
  }
  expect(Math.max(...waits)).toBeLessThan(LOCK_TIMEOUT_MS - LATE_MS)
  expect(answer).toBeUndefined()

  await somebody.client.query('rollback')
  await settling
  expect(answer).toMatchObject({ charged: 20, shortfall: 0 })
  expect(await whole(locked.account)).toBe(980)
})
