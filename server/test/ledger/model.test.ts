import fc from 'fast-check'
import { expect, it } from 'vitest'
import { runDoctor } from '../../src/ledger/doctor.ts'
import type { Ledger, Payers, Reservation } from '../../src/ledger/ledger.ts'
import { setBalance } from '../../src/ledger/statements.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import type { Settled, Store } from '../../src/storage/store.ts'
import { balanceOf, openBooks, openPayers, recordOf } from './books.ts'

/** What may happen to two keys of one account. `call` points to one of the running calls. */
type Step =
  | { readonly kind: 'reserve'; readonly key: 0 | 1; readonly amount: number }
  | { readonly kind: 'extend'; readonly call: number; readonly amount: number }
  | { readonly kind: 'settle'; readonly call: number; readonly cost: number }
  | { readonly kind: 'release'; readonly call: number }
  | { readonly kind: 'adjust'; readonly who: 0 | 1 | 2; readonly delta: number }
  | { readonly kind: 'set'; readonly who: 0 | 1 | 2; readonly amount: number }
  | { readonly kind: 'commit' }

const key = fc.constantFrom(0 as const, 1 as const)
const who = fc.constantFrom(0 as const, 1 as const, 2 as const)
const call = fc.nat(5)
const amount = fc.nat(60)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('reserve' as const), key, amount }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('extend' as const), call, amount }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const), call, cost: amount }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), call }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('adjust' as const),
      who,
      delta: fc.integer({ min: -60, max: 60 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('set' as const), who, amount }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'commit' as const }) },
)

interface Model {
  /** Of key 0, key 1 and the account, as every commit asked for so far leaves them. */
  readonly remain: [number, number, number]
  readonly used: [number, number, number]
}

interface World {
  readonly store: Store
  readonly ledger: Ledger
  readonly payers: readonly [Payers, Payers]
  readonly model: Model
  readonly running: { readonly key: 0 | 1; readonly reservation: Reservation }[]
  readonly outcomes: Promise<unknown>[]
  calls: number
}

const entityOf = ({ payers }: World, index: 0 | 1 | 2): number =>
  index === 2 ? payers[0].account : payers[index].key

/** Charges the model as a commit would: never more than it held with what was free, never below zero. */
function charge({ model }: World, key: 0 | 1, most: number, settled: Settled, cost: number): void {
  const charged = Math.min(cost, most, model.remain[key], model.remain[2])
  for (const index of [key, 2] as const) {
    model.remain[index] -= charged
    model.used[index] += charged
  }
  expect(settled).toEqual({
    charged,
    shortfall: cost - charged,
    keyRemain: model.remain[key],
    accountRemain: model.remain[2],
  })
}

function run(world: World, step: Step): void {
  const { ledger, store, running, outcomes, payers, model } = world
  if (step.kind === 'reserve') {
    const before = ledger.available(payers[step.key])
    const got = ledger.reserve(payers[step.key], units(step.amount))
    expect(isShort(got)).toBe(step.amount > before)
    if (!isShort(got)) running.push({ key: step.key, reservation: got })
    return
  }
  if (step.kind === 'adjust') {
    const change = { entity: entityOf(world, step.who), delta: step.delta, reason: '', actor: 'x' }
    outcomes.push(
      ledger.adjust(change).then((remain) => {
        const after = model.remain[step.who] + step.delta
        if (after >= 0) model.remain[step.who] = after
        expect(remain).toBe(after >= 0 ? after : undefined)
      }),
    )
    return
  }
  if (step.kind === 'set') {
    const wish = { entity: entityOf(world, step.who), amount: step.amount, actor: 'x', seconds: 1 }
    outcomes.push(
      store.write(setBalance(store, wish)).then(() => {
        model.remain[step.who] = step.amount
      }),
    )
    return
  }
  if (step.kind === 'commit' || running.length === 0) return
  runCall(world, step)
}

function runCall(world: World, step: Extract<Step, { call: number }>): void {
  const { ledger, running, payers, outcomes } = world
  const at = step.call % running.length
  const chosen = running[at]
  if (!chosen) return
  const { key, reservation } = chosen
  if (step.kind === 'extend') {
    const more = step.amount - reservation.amount
    const fits = more <= 0 || more <= ledger.available(payers[key])
    expect(reservation.extend(units(step.amount))).toBe(fits)
    return
  }
  running.splice(at, 1)
  if (step.kind === 'release') {
    reservation.release()
    return
  }
  const most = reservation.amount + ledger.available(payers[key])
  const record = recordOf(`call ${world.calls++}`, key + 1)
  const settling = reservation.settle(units(step.cost), { ...record, account_id: 1 })
  outcomes.push(settling.then((settled) => charge(world, key, most, settled, step.cost)))
}

it('agrees with a simple model in whatever order things happen, and no unit is made or lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const books = await openBooks()
      const first = await openPayers(books, { key: 100, account: 150 })
      const second = {
        ...first,
        key: (await openPayers(books, { key: 80, account: 0, id: 2 })).key,
      }
      const world: World = {
        ...books,
        payers: [first, second],
        model: { remain: [100, 80, 150], used: [0, 0, 0] },
        running: [],
        outcomes: [],
        calls: 0,
      }
      for (const next of steps) {
        run(world, next)
        if (next.kind === 'commit') await Promise.all(world.outcomes)
      }
      await Promise.all(world.outcomes)
      for (const { reservation } of world.running) reservation.release()
      for (const index of [0, 1, 2] as const) {
        const { remain, used } = await balanceOf(books.store, entityOf(world, index))
        expect([remain, used]).toEqual([world.model.remain[index], world.model.used[index]])
      }
      for (const [index, payers] of world.payers.entries()) {
        const left = Math.min(world.model.remain[index] ?? 0, world.model.remain[2])
        expect(books.ledger.available(payers)).toBe(left)
      }
      expect(books.ledger.outstanding()).toEqual({ reservations: 0, units: 0 })
      expect(await runDoctor(books.file)).toEqual([])
      await books.store.close()
    }),
    { numRuns: 25 },
  )
})
