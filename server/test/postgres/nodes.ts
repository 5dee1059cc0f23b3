import { setTimeout as pause } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { accountEntity, budgetEntity, keyEntity } from '../../src/ledger/entity.ts'
import type { Ledger, Payers, Reservation, Short } from '../../src/ledger/ledger.ts'
import { createSharedLedger } from '../../src/ledger/shared/create-shared-ledger.ts'
import { openBalance } from '../../src/ledger/statements.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import type { Loans } from '../../src/storage/loans.ts'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import type { Store } from '../../src/storage/store.ts'
import { recordOf } from '../ledger/record.ts'
import { newDatabase, type TestDatabase } from '../tools/database.ts'

/** One of the nodes that share a database: its store and its ledger, without a door. */
export interface TestNode {
  readonly store: Store
  readonly loans: Loans
  readonly ledger: Ledger
  close(): Promise<void>
}

export interface Nodes {
  readonly database: TestDatabase
  readonly nodes: readonly TestNode[]
  /** The n-th, from 0. */
  at(n: number): TestNode
  /** One more, which the test may close itself. */
  join(): Promise<TestNode>
  /** Units of a key and its account, known to all nodes. Undefined: unlimited. */
  payers(has: { id: number; key?: number; account?: number; budget?: number }): Promise<Payers>
  /** What an entity has in all. */
  whole(entity: number): Promise<number>
}

/**
 * So many nodes on a database of their own; `through` is the way to it, when it is not the straight one. After the test
 * nothing is on loan, and the books are right.
 */
export async function openNodes(
  count: number,
  through = async (url: string): Promise<string> => url,
): Promise<Nodes> {
  const database = await newDatabase()
  const url = await through(database.config.databaseUrl ?? '')
  const nodes: TestNode[] = []
  async function join(): Promise<TestNode> {
    const store = await openPostgresStore({ url })
    if (store.loans === undefined) throw new Error('these tests are about PostgreSQL')
    const ledger = createSharedLedger({ store, loans: store.loans, now: Date.now })
    let closed = false
    const node = {
      store,
      loans: store.loans,
      ledger,
      async close() {
        if (closed) return
        closed = true
        await ledger.flush()
        await store.close()
      },
    }
    nodes.push(node)
    return node
  }
  for (let n = 0; n < count; n++) await join()
  onTestFinished(async () => {
    for (const node of nodes) await node.close()
    const holds = await database.rows('select * from hold')
    const findings = await database.doctor()
    await database.remove()
    if (holds.length > 0 || findings.length > 0) {
      throw new Error(`left behind: ${JSON.stringify({ holds, findings })}`)
    }
  })
  const at = (n: number): TestNode => {
    const node = nodes[n]
    if (node === undefined) throw new Error(`there is no node ${n}`)
    return node
  }
  return {
    database,
    nodes,
    at,
    join,
    async payers({ id, key, account, budget }) {
      const payers = {
        key: keyEntity(id),
        account: accountEntity(id),
        keyUnlimited: key === undefined,
        accountUnlimited: account === undefined,
        budgets: budget === undefined ? [] : [dayOf(id)],
      }
      const first = at(0)
      const opening = { actor: 'test', seconds: 1 }
      await first.store.write([
        ...openBalance(first.store, { ...opening, entity: payers.key, amount: key ?? 0 }),
        ...openBalance(first.store, { ...opening, entity: payers.account, amount: account ?? 0 }),
        ...payers.budgets.flatMap((entity) =>
          openBalance(first.store, { ...opening, entity, amount: budget ?? 0 }),
        ),
      ])
      for (const { ledger } of nodes) know(ledger, payers, { key, account, budget })
      return payers
    },
    async whole(entity) {
      const [row] = await database.rows(`select remain from balance_now where entity = ${entity}`)
      return Number(row?.remain)
    },
  }
}

/** Ends an epoch as another node would that has watched it stand still, without waiting for it. */
export async function endEpoch(database: TestDatabase, epoch: number): Promise<void> {
  const ended = await database.rows(`
    select turnpike_reap(${epoch}, m.seq, s.seq) as done from node_lane m join node_lane s on s.epoch = m.epoch
    where m.epoch = ${epoch} and m.lane = 'move' and s.lane = 'settle'`)
  if (ended.length === 0) throw new Error(`epoch ${epoch} has ended before`)
  // A heartbeat may have come between.
  if (ended[0]?.done !== true) await endEpoch(database, epoch)
}

/** What the key cache does when it fills. */
export function know(
  ledger: Ledger,
  payers: Payers,
  has: { key?: number | undefined; account?: number | undefined; budget?: number | undefined },
): void {
  if (!payers.keyUnlimited) ledger.know(payers.key, has.key ?? 0)
  if (!payers.accountUnlimited) ledger.know(payers.account, has.account ?? 0)
  for (const entity of payers.budgets) ledger.know(entity, has.budget ?? 0)
}

const dayOf = (key: number) => budgetEntity({ owner: keyEntity(key), period: 'day', number: 1 })

let lastRecord = 0

/** A record of its own for each call of these payers. */
export const recordFor = (payers: Payers) => ({
  ...recordOf(`call-${++lastRecord}`),
  key_id: payers.key / 4,
  account_id: (payers.account - 1) / 4,
  created_at_ms: Date.now(),
})

/** Takes units as the relay does: at once, else by waiting for what running calls hold. */
export async function take(
  ledger: Ledger,
  payers: Payers,
  amount: number,
): Promise<Reservation | Short> {
  const got = await ledger.reserve(payers, units(amount))
  if (!isShort(got) || !got.reserved) return got
  return ledger.reserveSoon(payers, units(amount), new AbortController().signal)
}

/** A whole call: `served`, or why not. */
export async function call(
  { ledger }: TestNode,
  payers: Payers,
  costs: { amount: number; cost?: number; ms?: number },
): Promise<'served' | 'exhausted' | 'reserved'> {
  const { amount, cost = amount, ms = 1 } = costs
  const got = await take(ledger, payers, amount)
  if (isShort(got)) return got.reserved ? 'reserved' : 'exhausted'
  await pause(ms)
  await got.settle(units(cost), recordFor(payers))
  return 'served'
}

/** How often each answer came. */
export function tallied<T extends string>(answers: readonly T[]): Partial<Record<T, number>> {
  const tally: Partial<Record<T, number>> = {}
  for (const answer of answers) tally[answer] = (tally[answer] ?? 0) + 1
  return tally
}
