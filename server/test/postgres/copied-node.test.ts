import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { Refused } from '../../src/errors.ts'
import { createSharedLedger } from '../../src/ledger/shared/create-shared-ledger.ts'
import { machineClock } from '../../src/storage/lanes/clock.ts'
import { type Joined, joinLedger } from '../../src/storage/lanes/join-ledger.ts'
import { createLaneConnection } from '../../src/storage/postgres/lane-connection.ts'
import { createLedgerCalls } from '../../src/storage/postgres/ledger-calls.ts'
import { call, know, type Nodes, openNodes, type TestNode, tallied } from './nodes.ts'

const NOBODY = { name: 'copied', url: '', version: '' }
const SOON = { timeout: 10_000, interval: 50 }
const CLIENTS = 16
const QUOTA = 20_000
const COST = 7

/** A node that took up an epoch as another one had it: as a machine's snapshot does that goes on twice. */
async function joinAs(epoch: number | undefined, { at, database }: Nodes): Promise<TestNode> {
  const { store } = at(0)
  const url = database.config.databaseUrl ?? ''
  const lines = [createLaneConnection(url), createLaneConnection(url), createLaneConnection(url)]
  const [moveLane, settleLane, others] = lines.map(({ run }) => run)
  if (!moveLane || !settleLane || !others) throw new Error('there are three lines')
  const calls = createLedgerCalls({
    ...{ moveLane, settleLane, others, clock: machineClock },
    onNotification: () => undefined,
  })
  let first = epoch
  const joined: Joined = await joinLedger({
    facts: NOBODY,
    calls: {
      ...calls,
      async register(facts, former) {
        const given = first ?? (await calls.register(facts, former))
        first = undefined
        return given
      },
    },
  })
  const ledger = createSharedLedger({
    store: { ...store, settle: joined.settle, accepting: joined.accepting },
    loans: joined.loans,
    now: Date.now,
  })
  const close = async () => {
    await ledger.flush()
    await joined.close(5_000)
    await Promise.all(lines.map((line) => line.close()))
  }
  onTestFinished(close)
  return { store, loans: joined.loans, ledger, close }
}

it('of two copies of a node both go on as nodes of their own, and no call of either is lost or charged twice', {
  timeout: 60_000,
}, async () => {
  const nodes = await openNodes(1)
  const { payers: open, database, whole } = nodes
  const one = await joinAs(undefined, nodes)
  const { epoch } = one.loans
  const two = await joinAs(epoch, nodes)
  const payers = await open({ id: 1, key: QUOTA, account: 1e9 })
  for (const { ledger } of [one, two]) know(ledger, payers, { key: QUOTA, account: 1e9 })

  const answered = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, n) => {
      const answers: string[] = []
      const node = n % 2 === 0 ? one : two
      while (answers.at(-1) !== 'exhausted') {
        answers.push(await call(node, payers, { amount: 50, cost: COST }).catch(unavailable))
      }
      return answers
    }),
  )
  const { served = 0 } = tallied(answered.flat())
  expect(served).toBeGreaterThan(CLIENTS)
  await Promise.all([one.ledger.flush(), two.ledger.flush()])
  await expect.poll(() => one.loans.epoch !== epoch && two.loans.epoch !== epoch, SOON).toBe(true)
  expect(one.loans.epoch).not.toBe(two.loans.epoch)
  const [books] = await database.rows(
    'select count(*)::int as calls, count(distinct request_id)::int as ids, sum(quota + shortfall)::int as cost from usage',
  )
  expect(books).toEqual({ calls: served, ids: served, cost: served * COST })
  const [spent] = await database.rows('select sum(quota)::int as units from usage')
  expect(await whole(payers.key)).toBe(QUOTA - Number(spent?.units))
})

/** A node refuses calls while it has no epoch. */
async function unavailable(failure: unknown): Promise<string> {
  if (!(failure instanceof Refused) || failure.code !== 'ledger_unavailable') throw failure
  await pause(20)
  return failure.code
}
