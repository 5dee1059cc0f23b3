import fc from 'fast-check'
import { expect, it } from 'vitest'
import { setBudgets } from '../../src/ledger/budget-statements.ts'
import { createLedger } from '../../src/ledger/create-ledger.ts'
import type { OwnLedger, Payers, Reservation } from '../../src/ledger/ledger.ts'
import { setBalance } from '../../src/ledger/statements.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import type { Store } from '../../src/storage/store.ts'
import { type Books, balanceOf, openBooks, openPayers } from './books.ts'
import { recordOf } from './record.ts'

/** What may happen to two keys of one account, the first of which has a budget. `call` points to one of the running calls. */
type Step =
  | { readonly kind: 'reserve'; readonly key: 0 | 1; readonly amount: number }
  | { readonly kind: 'extend'; readonly call: number; readonly amount: number }
  | { readonly kind: 'settle'; readonly call: number; readonly cost: number }
  | { readonly kind: 'release'; readonly call: number }
  | { readonly kind: 'renounce'; readonly call: number }
  | { readonly kind: 'drop'; readonly who: Who }
  | { readonly kind: 'adjust'; readonly who: Who; readonly delta: number }
  | { readonly kind: 'set'; readonly who: Who; readonly amount: number }
  | { readonly kind: 'commit' }

/** Key 0, key 1, the account, the budget of key 0. */
type Who = 0 | 1 | 2 | 3
const EVERYBODY = [0, 1, 2, 3] as const
const payingWith = (key: 0 | 1): readonly Who[] => (key === 0 ? [0, 2, 3] : [1, 2])

const key = fc.constantFrom(0 as const, 1 as const)
const who = fc.constantFrom(...EVERYBODY)
const call = fc.nat(5)
const amount = fc.nat(60)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('reserve' as const), key, amount }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('extend' as const), call, amount }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const), call, cost: amount }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), call }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('renounce' as const), call }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('adjust' as const),
      // A budget is adjusted by the ends of jobs alone, which charge besides.
      who: fc.constantFrom(0 as const, 1 as const, 2 as const),
      delta: fc.integer({ min: -60, max: 60 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('set' as const), who, amount }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'commit' as const }) },
)

type Four = [number, number, number, number]

interface Model {
  /** Of key 0, key 1, the account and the budget, as every commit asked for so far leaves them. */
  readonly remain: Four
  readonly used: Four
  /** Units that calls hold which run or are not committed. */
  readonly held: Four
}

/** A call whose settlement was asked for. */
interface Settling {
  readonly key: 0 | 1
  readonly reservation: Reservation
  /** What it holds until its commit. */
  readonly held: number
  readonly most: number
  /** 0 once it was renounced before its commit. */
  cost: number
  charged: number | undefined
}

interface World {
  readonly store: Store
  readonly ledger: OwnLedger
  readonly payers: readonly [Payers, Payers]
  readonly model: Model
  readonly running: { readonly key: 0 | 1; readonly reservation: Reservation }[]
  readonly settling: Settling[]
  /** Answers still to come, and how each is compared: in the order of asking, which is the order of commits. */
  readonly asked: {
    readonly answer: Promise<unknown>
    readonly compare: (answer: unknown) => void
  }[]
  calls: number
}

function entityOf({ payers }: World, index: Who): number {
  if (index === 3) return payers[0].budgets[0] ?? 0
  return index === 2 ? payers[0].account : payers[index].key
}

/** What a call of this key could have now, by the model's own figures. */
function freeOf({ model }: World, key: 0 | 1): number {
  const free = payingWith(key).map((index) => model.remain[index] - model.held[index])
  return Math.max(0, Math.min(...free))
}

function hold({ model }: World, key: 0 | 1, more: number): void {
  for (const index of payingWith(key)) model.held[index] += more
}

/** Charges the model as a commit would: never more than it held with what was free, never below zero. */
function charge(world: World, call: Settling, settled: unknown) {
  const { key, most, cost } = call
  hold(world, key, -call.held)
  const { model } = world
  const left = payingWith(key).map((index) => model.remain[index])
  const charged = Math.min(cost, most, ...left)
  call.charged = charged
  for (const index of payingWith(key)) {
    model.remain[index] -= charged
    model.used[index] += charged
  }
  expect(settled).toEqual({
    charged,
    shortfall: cost - charged,
  })
}

function run(world: World, step: Step): void {
  const { ledger, store, running, asked, payers, model } = world
  if (step.kind === 'reserve') {
    const before = freeOf(world, step.key)
    expect(ledger.available(payers[step.key])).toBe(before)
    const got = ledger.reserve(payers[step.key], units(step.amount))
    expect(isShort(got)).toBe(step.amount > before)
    if (isShort(got)) return
    hold(world, step.key, step.amount)
    running.push({ key: step.key, reservation: got })
    return
  }
  if (step.kind === 'adjust') {
    const change = { entity: entityOf(world, step.who), delta: step.delta, reason: '', actor: 'x' }
    asked.push({
      answer: ledger.adjust(change),
      compare(remain) {
        const after = model.remain[step.who] + step.delta
        if (after >= 0) model.remain[step.who] = after
        expect(remain).toBe(after >= 0 ? after : undefined)
      },
    })
    return
  }
  if (step.kind === 'set' && step.who === 3) {
    const amounts = [{ entity: entityOf(world, 3), amount: step.amount }]
    asked.push({
      answer: store.write(setBudgets(store, { amounts, also: [], actor: 'x', seconds: 1 })),
      compare: () => {
        model.remain[3] = Math.max(0, step.amount - model.used[3])
      },
    })
    return
  }
  if (step.kind === 'set') {
    const wish = { entity: entityOf(world, step.who), amount: step.amount, actor: 'x', seconds: 1 }
    asked.push({
      answer: store.write(setBalance(store, wish)),
      compare: () => {
        model.remain[step.who] = step.amount
      },
    })
    return
  }
  if (step.kind === 'drop') {
    // The cache drops it, and a read that began long ago makes it known again.
    ledger.forget(entityOf(world, step.who))
    ledger.know(entityOf(world, step.who), 999_999)
    return
  }
  if (step.kind === 'renounce') {
    renounce(world, step.call)
    return
  }
  if (step.kind === 'commit' || running.length === 0) return
  runCall(world, step)
}

/** Before its commit it becomes free of charge; afterwards it is refunded, to both who paid, and used nothing. */
function renounce({ settling, model, asked, ledger }: World, at: number): void {
  const [call] = settling.splice(at % Math.max(settling.length, 1), 1)
  if (!call) return
  call.reservation.renounce()
  call.reservation.renounce()
  call.cost = 0
  const { key, charged } = call
  if (charged === undefined) return
  asked.push({
    answer: ledger.flush(),
    compare: () => {
      for (const index of payingWith(key)) {
        model.remain[index] += charged
        model.used[index] -= charged
      }
    },
  })
}

type CallStep = Extract<Step, { kind: 'extend' | 'settle' | 'release' }>

function runCall(world: World, step: CallStep): void {
  const { running, payers, asked } = world
  const at = step.call % running.length
  const chosen = running[at]
  if (!chosen) return
  const { key, reservation } = chosen
  if (step.kind === 'extend') {
    const more = step.amount - reservation.amount
    const fits = more <= 0 || more <= freeOf(world, key)
    expect(reservation.extend(units(step.amount))).toBe(fits)
    if (fits && more > 0) hold(world, key, more)
    return
  }
  running.splice(at, 1)
  if (step.kind === 'release') {
    hold(world, key, -reservation.amount)
    reservation.release()
    return
  }
  const most = reservation.amount + freeOf(world, key)
  hold(world, key, Math.min(step.cost, most) - reservation.amount)
  const record = {
    ...recordOf(`call ${world.calls++} of key ${payers[key].key}`),
    key_id: Math.floor(payers[key].key / 4),
    account_id: Math.floor(payers[key].account / 4),
  }
  const held = Math.min(step.cost, most)
  const call = { key, reservation, held, most, cost: step.cost, charged: undefined }
  world.settling.push(call)
  asked.push({
    answer: reservation.settle(units(step.cost), record),
    compare: (settled) => charge(world, call, settled),
  })
}

/** Waits for everything that was asked, and compares it in the order of asking. */
async function commit({ asked }: World): Promise<void> {
  const all = asked.splice(0)
  const answers = await Promise.all(all.map(({ answer }) => answer))
  for (const [index, { compare }] of all.entries()) compare(answers[index])
}

/** Two keys of one account that no earlier run used. */
async function openWorld(books: Books & { ledger: OwnLedger }, run: number): Promise<World> {
  const first = await openPayers(books, {
    ...{ key: 100, account: 150, id: 2 * run + 1 },
    budgets: [90],
  })
  const second = await openPayers(books, { key: 80, account: 0, id: 2 * run + 2 })
  return {
    ...books,
    payers: [first, { ...second, account: first.account }],
    model: { remain: [100, 80, 150, 90], used: [0, 0, 0, 0], held: [0, 0, 0, 0] },
    running: [],
    settling: [],
    asked: [],
    calls: 0,
  }
}

async function compare(world: World): Promise<void> {
  const { ledger, store, model } = world
  for (const index of EVERYBODY) {
    const { remain, used } = await balanceOf(store, entityOf(world, index))
    expect([remain, used]).toEqual([model.remain[index], model.used[index]])
  }
  for (const key of [0, 1] as const) {
    const left = Math.min(...payingWith(key).map((index) => model.remain[index]))
    expect(ledger.available(world.payers[key])).toBe(left)
  }
  expect(ledger.outstanding()).toEqual({ reservations: 0, units: 0 })
}

it('agrees with a simple model in whatever order things happen, and no unit is made or lost', async () => {
  const { store, database } = await openBooks()
  const books = { store, database, ledger: createLedger({ store, now: Date.now }) }
  let runs = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const world = await openWorld(books, runs++)
      try {
        for (const next of steps) {
          run(world, next)
          if (next.kind === 'commit') await commit(world)
        }
        await commit(world)
      } finally {
        // Also after a failure: the same ledger serves the search for a smaller example.
        for (const { reservation } of world.running) reservation.release()
        await Promise.allSettled(world.asked.map(({ answer }) => answer))
      }
      await compare(world)
    }),
    { numRuns: 400 },
  )
  expect(await books.database.doctor()).toEqual([])
})
