import fc from 'fast-check'
import { expect, it } from 'vitest'
import { setBudgets } from '../../src/ledger/budget-statements.ts'
import type { Payers, Reservation } from '../../src/ledger/ledger.ts'
import { setBalance } from '../../src/ledger/statements.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { type Nodes, openNodes, recordFor, type TestNode } from './nodes.ts'

/**
 * What may happen to two keys of one account, the first of which has a budget, one thing after the other, each at one of
 * the nodes. `call` points to one of the running calls, which stays where it is.
 */
type Step = { readonly at: number } & (
  | { readonly kind: 'reserve'; readonly key: 0 | 1; readonly amount: number }
  | { readonly kind: 'extend'; readonly call: number; readonly amount: number }
  | {
      readonly kind: 'settle'
      readonly call: number
      readonly cost: number
      readonly renounced: boolean
    }
  | { readonly kind: 'release'; readonly call: number }
  | { readonly kind: 'renounce'; readonly call: number }
  | { readonly kind: 'adjust'; readonly who: Who; readonly delta: number }
  | { readonly kind: 'set'; readonly who: Who; readonly amount: number }
)

/** Key 0, key 1, the account, the budget of key 0. */
type Who = 0 | 1 | 2 | 3
const EVERYBODY = [0, 1, 2, 3] as const
const payingWith = (key: 0 | 1): readonly Who[] => (key === 0 ? [0, 2, 3] : [1, 2])

const key = fc.constantFrom(0 as const, 1 as const)
const who = fc.constantFrom(...EVERYBODY)
/** A budget is adjusted by the ends of jobs alone, which charge besides. */
const adjusted = fc.constantFrom(...EVERYBODY.filter((one) => one !== 3))
const call = fc.nat(5)
const amount = fc.integer({ min: 1, max: 60 })
const delta = fc.integer({ min: -60, max: 60 })
const kind = <T extends Step['kind']>(name: T) => fc.constant(name)
const renounced = fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true))
const at = fc.nat(5)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ at, kind: kind('reserve'), key, amount }) },
  { weight: 1, arbitrary: fc.record({ at, kind: kind('extend'), call, amount }) },
  {
    weight: 4,
    arbitrary: fc.record({ at, kind: kind('settle'), call, cost: fc.nat(60), renounced }),
  },
  { weight: 1, arbitrary: fc.record({ at, kind: kind('release'), call }) },
  { weight: 1, arbitrary: fc.record({ at, kind: kind('renounce'), call }) },
  { weight: 1, arbitrary: fc.record({ at, kind: kind('adjust'), who: adjusted, delta }) },
  { weight: 1, arbitrary: fc.record({ at, kind: kind('set'), who, amount: fc.nat(60) }) },
)

type Four = [number, number, number, number]

const never = new AbortController().signal
/** How long units that are there are waited for, and such as are not. */
const LONG_MS = 20_000
const BRIEF_MS = 25

interface World {
  readonly nodes: readonly TestNode[]
  readonly payers: readonly [Payers, Payers]
  readonly remain: Four
  readonly used: Four
  readonly requests: Four
  /** What the budget was given back, which stays used. */
  readonly running: {
    readonly key: 0 | 1
    readonly reservation: Reservation
    readonly at: number
  }[]
  readonly settled: {
    readonly key: 0 | 1
    readonly reservation: Reservation
    readonly charged: number
    readonly at: number
  }[]
  /**
   * Management took units of which a node among several had borrowed some for its running calls. Those of another may
   * have them then: who gets what is not the model's business, and what all have in sum is.
   */
  isCut: boolean
}

const nodeOf = ({ nodes }: World, at: number): TestNode => nodes[at % nodes.length] as TestNode
const isAlone = ({ nodes }: World): boolean => nodes.length === 1

function entityOf({ payers }: World, index: Who): number {
  if (index === 3) return payers[0].budgets[0] ?? 0
  return index === 2 ? payers[0].account : payers[index].key
}

/** What a call of this key could have now: what no running call holds. */
function freeOf({ remain, running }: World, key: 0 | 1): number {
  const sum = (of: readonly World['running'][number][]) =>
    of.reduce((held, { reservation }) => held + reservation.amount, 0)
  const ofKey = running.filter((one) => one.key === key)
  const free = payingWith(key).map((index) => remain[index] - sum(index === 2 ? running : ofKey))
  return Math.max(0, Math.min(...free))
}

const leftOf = ({ remain }: World, key: 0 | 1): number =>
  Math.min(...payingWith(key).map((index) => remain[index]))

async function take(world: World, step: Step): Promise<void> {
  switch (step.kind) {
    case 'reserve':
      return reserve(world, step)
    case 'adjust':
    case 'set':
      return manage(world, step)
    case 'renounce':
      return refund(world, step.call)
    default:
      return withCall(world, step)
  }
}

async function reserve(world: World, { at, key, amount }: Extract<Step, { kind: 'reserve' }>) {
  const fits = amount <= freeOf(world, key)
  const got = await reserved(world, { at, key, amount, fits })
  if (fits || !world.isCut) expect(isShort(got)).toBe(!fits)
  if (isShort(got)) return
  expect(amount).toBeLessThanOrEqual(leftOf(world, key))
  world.running.push({ key, reservation: got, at })
}

interface Wanted {
  readonly at: number
  readonly key: 0 | 1
  readonly amount: number
  readonly fits: boolean
}

/** Of several nodes the others may hold what is there: then it is waited for. What is not there is not had by waiting. */
function reserved(world: World, { at, key, amount, fits }: Wanted) {
  const { ledger } = nodeOf(world, at)
  const payers = world.payers[key]
  if (isAlone(world)) return ledger.reserve(payers, units(amount))
  return ledger.reserveSoon(payers, units(amount), never, fits ? LONG_MS : BRIEF_MS)
}

async function manage(world: World, step: Extract<Step, { kind: 'adjust' | 'set' }>) {
  const before = world.remain[step.who]
  const unlent = await unlentOf(world, step.who)
  if (step.kind === 'set') await set(world, step)
  // What was refused changed nothing of which anybody is told.
  else if (!(await adjust(world, step))) return
  const taken = before - world.remain[step.who]
  if (!isAlone(world) && taken > unlent) world.isCut = true
  await everybodyKnows(world, step.who)
}

async function set(world: World, { at, who, amount }: Extract<Step, { kind: 'set' }>) {
  const { store } = nodeOf(world, at)
  const entity = entityOf(world, who)
  if (who === 3) {
    const amounts = [{ entity, amount }]
    await store.write(setBudgets(store, { amounts, also: [], actor: 'x', seconds: 1 }))
    world.remain[3] = Math.max(0, amount - world.used[3])
    return
  }
  await store.write(setBalance(store, { entity, amount, actor: 'x', seconds: 1 }))
  world.remain[who] = amount
}

/** Whether it was done: a balance is never taken below zero. */
async function adjust(
  world: World,
  { at, who, delta }: Extract<Step, { kind: 'adjust' }>,
): Promise<boolean> {
  const after = world.remain[who] + delta
  const wish = { entity: entityOf(world, who), delta, reason: '', actor: 'x' }
  const said = await nodeOf(world, at).ledger.adjust(wish)
  const isDone = after >= 0
  expect(said).toBe(isDone ? after : undefined)
  if (isDone) world.remain[who] = after
  return isDone
}

async function unlentOf(world: World, who: Who): Promise<number> {
  const row = await nodeOf(world, 0)
    .store.db.selectFrom('balance')
    .select('remain')
    .where('entity', '=', entityOf(world, who))
    .executeTakeFirstOrThrow()
  return row.remain
}

/** The node that made the change knows it already; the others hear of it, and ask how much there is in all. */
async function everybodyKnows(world: World, who: Who): Promise<void> {
  const alone = { keyUnlimited: false, accountUnlimited: true, account: 1, budgets: [] }
  const payers = { ...alone, key: entityOf(world, who) }
  const known = () => world.nodes.map(({ ledger }) => ledger.remaining(payers))
  const right = world.nodes.map(() => world.remain[who])
  await expect.poll(known, { interval: 2, timeout: 5_000 }).toEqual(right)
}

/** After its commit a renounced call is refunded, to both who paid, and used nothing. */
async function refund(world: World, call: number): Promise<void> {
  const { settled, remain, used } = world
  const [one] = settled.splice(call % Math.max(settled.length, 1), 1)
  if (one === undefined) return
  one.reservation.renounce()
  await nodeOf(world, one.at).ledger.flush()
  for (const index of payingWith(one.key)) {
    remain[index] += one.charged
    used[index] -= one.charged
    if (one.charged > 0) await everybodyKnows(world, index)
  }
}

type CallStep = Extract<Step, { kind: 'extend' | 'settle' | 'release' }>

async function withCall(world: World, step: CallStep): Promise<void> {
  const { running } = world
  const chosen = running[step.call % Math.max(running.length, 1)]
  if (chosen === undefined) return
  const { key, reservation } = chosen
  if (step.kind === 'extend') {
    const more = step.amount - reservation.amount
    const fits = more <= 0 || more <= freeOf(world, key)
    const isLonger = await reservation.extend(units(step.amount))
    // Nobody asks other nodes for what a dearer group needs besides.
    if (isAlone(world)) expect(isLonger).toBe(fits)
    else if (isLonger && !world.isCut) expect(fits).toBe(true)
    return
  }
  const bounds = boundsOf(world, chosen, step.kind === 'settle' && !step.renounced ? step.cost : 0)
  running.splice(running.indexOf(chosen), 1)
  if (step.kind === 'settle') await settle(world, { ...chosen, step, bounds })
  else reservation.release()
  if (running.length === 0) world.isCut = false
}

interface Bounds {
  readonly least: number
  readonly most: number
}

/** What a call is charged: of one node the model knows it; of several, that it has what it holds, and who has the rest is open. */
function boundsOf(world: World, chosen: World['running'][number], cost: number): Bounds {
  const { key, reservation } = chosen
  const left = leftOf(world, key)
  const most = Math.min(cost, reservation.amount + freeOf(world, key), left)
  if (isAlone(world)) return { least: most, most }
  if (world.isCut) return { least: 0, most: Math.min(cost, left) }
  return { least: Math.min(cost, reservation.amount), most }
}

interface Settling {
  readonly key: 0 | 1
  readonly reservation: Reservation
  readonly at: number
  readonly step: Extract<Step, { kind: 'settle' }>
  readonly bounds: Bounds
}

async function settle(world: World, { key, reservation, at, step, bounds }: Settling) {
  const settling = reservation.settle(units(step.cost), recordFor(world.payers[key]))
  // Before its batch leaves: it is written with cost 0.
  if (step.renounced) reservation.renounce()
  const cost = step.renounced ? 0 : step.cost
  const { charged, shortfall } = await settling
  expect(charged + shortfall).toBe(cost)
  expect(charged).toBeGreaterThanOrEqual(bounds.least)
  expect(charged).toBeLessThanOrEqual(bounds.most)
  for (const index of payingWith(key)) {
    world.remain[index] -= charged
    world.used[index] += charged
    world.requests[index] += 1
  }
  if (!step.renounced) world.settled.push({ key, reservation, charged, at })
}

async function openWorld({ nodes, payers }: Nodes, run: number): Promise<World> {
  const first = await payers({ id: 2 * run + 1, key: 100, account: 150, budget: 90 })
  const second = await payers({ id: 2 * run + 2, key: 80, account: 0 })
  return {
    nodes,
    payers: [first, { ...second, account: first.account }],
    ...{ remain: [100, 80, 150, 90], used: [0, 0, 0, 0], requests: [0, 0, 0, 0] },
    ...{ running: [], settled: [], isCut: false },
  }
}

async function compare(world: World, at: number): Promise<void> {
  const { nodes, remain, used, requests } = world
  const node = nodeOf(world, at)
  for (const index of EVERYBODY) {
    const row = await node.store.db
      .selectFrom('balance_now')
      .select(['remain', 'used', 'requests'])
      .where('entity', '=', entityOf(world, index))
      .executeTakeFirstOrThrow()
    const expected = { remain: remain[index], used: used[index], requests: requests[index] }
    expect(row).toEqual(expected)
  }
  for (const key of [0, 1] as const) {
    // All that is left can be had, and not one unit more.
    const left = leftOf(world, key)
    expect(isShort(await node.ledger.reserve(world.payers[key], units(left + 1)))).toBe(true)
    const all = await reserved(world, { at, key, amount: left, fits: true })
    if (isShort(all)) throw new Error(`${left} units are left and can't be had`)
    all.release()
  }
  for (const { ledger } of nodes)
    expect(ledger.outstanding()).toEqual({ reservations: 0, units: 0 })
}

/** Management takes what a running call holds, and then there are units again: the call is charged. */
const TAKEN_AND_GIVEN: Step[] = [
  { kind: 'reserve', at: 0, key: 0, amount: 1 },
  { kind: 'set', at: 0, who: 0, amount: 0 },
  { kind: 'set', at: 0, who: 0, amount: 1 },
  { kind: 'settle', at: 0, call: 0, cost: 1, renounced: false },
]

it.each([
  { count: 1, numRuns: 300 },
  { count: 3, numRuns: 60 },
])(
  '$count nodes agree with a simple model in whatever order things happen, and no unit is made or lost',
  {
    timeout: 120_000,
  },
  async ({ count, numRuns }) => {
    const nodes = await openNodes(count)
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const world = await openWorld(nodes, runs++)
        try {
          for (const next of steps) await take(world, next)
        } finally {
          // Also after a failure: the same ledger serves the search for a smaller example.
          for (const { reservation } of world.running.splice(0)) reservation.release()
        }
        await compare(world, runs)
      }),
      { numRuns, examples: [[TAKEN_AND_GIVEN]] },
    )
    expect(await nodes.database.doctor()).toEqual([])
  },
)
