import { expect } from 'vitest'
import type { Entity } from '../../src/ledger/entity.ts'
import type { TestDatabase } from './database.ts'
import { isBroken, isComplete, isToldToFail, type SeenCall } from './keep-calling.ts'

/** One whose units calls were charged to. */
export interface Payer {
  readonly entity: Entity
  /** What it was given, once. */
  readonly given: number
}

export interface Expected {
  /** By the names that calls have for them. */
  readonly payers: Readonly<Record<string, Payer>>
  /** Whose keys they are, where that is not unlimited. */
  readonly account?: Payer
  /** What each call costs. */
  readonly cost: number
}

/** What a payer's calls came to. */
export interface Reconciled {
  readonly complete: number
  readonly broken: number
  /** Calls that are charged and were not complete. */
  readonly unseen: number
  readonly spent: number
}

const RECORDS = `
  select u.request_id as id, u.key_id * 4 as entity, u.quota as quota, u.shortfall as shortfall,
    coalesce(c.quota, 0) as given_back, coalesce(c.shortfall, 0) as forgiven
  from usage u left join (
    select request_id, sum(quota) as quota, sum(shortfall) as shortfall from correction group by request_id
  ) c on c.request_id = u.request_id`

interface Charged {
  readonly id: string
  readonly entity: Entity
  /** With what was given back. */
  readonly paid: number
  readonly shortfall: number
}

async function chargedIn({ rows }: Pick<TestDatabase, 'rows'>): Promise<Map<string, Charged>> {
  const written = await rows(RECORDS)
  const charged = new Map<string, Charged>()
  for (const { id, entity, quota, shortfall, given_back, forgiven } of written) {
    charged.set(String(id), {
      ...{ id: String(id), entity: Number(entity) },
      paid: Number(quota) + Number(given_back),
      shortfall: Number(shortfall) + Number(forgiven),
    })
  }
  expect(charged.size, 'a call has two records').toBe(written.length)
  return charged
}

/** Each answer that a client saw complete is on the books, once, at its price or with what was left. */
export async function expectCharged(
  database: Pick<TestDatabase, 'rows'>,
  seen: readonly SeenCall[],
  price: number,
): Promise<ReadonlyMap<string, Charged>> {
  const charged = await chargedIn(database)
  const wrong = seen.filter(isComplete).filter(({ requestId, cost }) => {
    const { paid = Number.NaN, shortfall = Number.NaN } = charged.get(requestId) ?? {}
    return paid + shortfall !== price || (cost !== undefined && cost !== paid)
  })
  expect(wrong, 'complete, and not charged as it should be').toEqual([])
  return charged
}

/**
 * The books beside all that clients saw. What was complete is charged, once, at its price or with what was left; what they
 * heard had failed costs nothing; what else is charged are no more calls than those whose connection broke; and that is
 * what balances lost, to the unit.
 */
export async function reconcile(
  database: Pick<TestDatabase, 'rows'>,
  seen: readonly SeenCall[],
  { payers, account, cost }: Expected,
): Promise<Readonly<Record<string, Reconciled>>> {
  const charged = await expectCharged(database, seen, cost)
  const complete = new Set(seen.filter(isComplete).map(({ requestId }) => requestId))
  const strange = seen
    .filter(isComplete)
    .filter(({ requestId, payer }) => charged.get(requestId)?.entity !== payers[payer]?.entity)
  expect(strange, 'charged to somebody else').toEqual([])
  expect(freeOf(seen, charged), 'failed, and charged').toEqual([])

  const reconciled: Record<string, Reconciled> = {}
  for (const [name, { entity, given }] of Object.entries(payers)) {
    const own = [...charged.values()].filter((record) => record.entity === entity)
    const spent = own.reduce((sum, { paid }) => sum + paid, 0)
    const unseen = own.filter(
      ({ id, paid, shortfall }) => paid + shortfall > 0 && !complete.has(id),
    )
    const broken = seen.filter((call) => call.payer === name && isBroken(call)).length
    expect(unseen.length, `calls of ${name} that nobody made`).toBeLessThanOrEqual(broken)
    await expectBalance(database, { entity, given }, spent)
    const ends = seen.filter((call) => call.payer === name && isComplete(call)).length
    reconciled[name] = { complete: ends, broken, unseen: unseen.length, spent }
  }
  if (account !== undefined) {
    const all = Object.values(reconciled).reduce((sum, { spent }) => sum + spent, 0)
    await expectBalance(database, account, all)
  }
  return reconciled
}

/** Calls that are charged and whose clients were told that they failed: none, once that could be written. */
export const chargedInVain = async (
  database: Pick<TestDatabase, 'rows'>,
  seen: readonly SeenCall[],
): Promise<readonly SeenCall[]> => freeOf(seen, await chargedIn(database))

const freeOf = (seen: readonly SeenCall[], charged: ReadonlyMap<string, Charged>) =>
  seen.filter((call) => isToldToFail(call) && (charged.get(call.requestId)?.paid ?? 0) !== 0)

async function expectBalance(
  { rows }: Pick<TestDatabase, 'rows'>,
  { entity, given }: Payer,
  spent: number,
) {
  const [row] = await rows(`select remain, used from balance_now where entity = ${entity}`)
  const balance = { remain: Number(row?.remain), used: Number(row?.used) }
  expect(balance).toEqual({ remain: given - spent, used: spent })
}
