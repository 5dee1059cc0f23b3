import { Refused } from '../../src/errors.ts'
import { NO_BUDGETS, type Payers, type Reservation, type Settled } from '../../src/ledger/ledger.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { recordOf } from '../ledger/record.ts'
import { type Customer, lookUp } from './customers.ts'
import type { Asking } from './enough.ts'
import { expectFresh } from './hearing.ts'
import type { Node } from './node.ts'
import type { Simulation } from './simulation.ts'

/** A call that has been given units. It is over when it was released, or when its settlement was answered. */
export interface RunningCall {
  readonly id: string
  readonly node: Node
  readonly payers: Payers
  readonly epoch: number
  readonly reservation: Reservation
  cost: number
  /** Set once `settle` was asked for: what it held then. */
  held: number | undefined
  released: boolean
  renounced: boolean
  answer: Settled | undefined
  rejected: boolean
}

/** Above this many at once, those that wait for units included, nearly all of a node's callers wait for better times. */
const MOST_AT_ONCE = 12

/** Lets a node serve calls until the trouble is over. */
export function serve(simulation: Simulation, node: Node): void {
  const { world, profile } = simulation
  const next = () => {
    if (!simulation.network.troubled || node.closing) return
    const isFull = node.asking + running(simulation, node) >= MOST_AT_ONCE
    if (!isFull || world.random.chance(0.1)) void callOnce(simulation, node)
    const burst = world.random.chance(0.2)
    node.clock.after(burst ? 0 : world.random.around(profile.betweenCallsMs), next)
  }
  next()
}

export const running = ({ unfinished }: Simulation, node: Node): number => {
  let count = 0
  for (const call of unfinished) {
    if (isOver(call)) unfinished.delete(call)
    else if (call.node === node) count++
  }
  return count
}

/** Entities of payers that are not unlimited. */
export function finite({ payers }: Pick<RunningCall, 'payers'>): number[] {
  const { key, account, keyUnlimited, accountUnlimited, budgets } = payers
  return [...budgets, ...(keyUnlimited ? [] : [key]), ...(accountUnlimited ? [] : [account])]
}

export const isOver = ({ released, answer, rejected }: RunningCall): boolean =>
  released || answer !== undefined || rejected

/**
 * Who pays for a call that begins now: as the node's caches say, and the periods that run by its clock. Undefined: the
 * database could not be asked.
 */
export async function payersNow(
  simulation: Simulation,
  node: Node,
  customer: Customer,
): Promise<Payers | undefined> {
  const budgets = lookUp(simulation, node, customer)
  if (budgets === undefined) return { ...customer, budgets: NO_BUDGETS }
  try {
    return { ...customer, budgets: await node.budgets.running(budgets) }
  } catch (failure) {
    if (!(failure instanceof Refused)) simulation.world.fail(failure)
    return undefined
  }
}

export async function callOnce(simulation: Simulation, node: Node): Promise<void> {
  const { world, profile } = simulation
  const { random } = world
  const customer = random.pick(simulation.customers)
  // Who has not heard yet that it was deleted goes on with it.
  if (simulation.deleted.has(customer.key) && !node.keys.has(customer.key)) return
  expectFresh(simulation, node, customer.key)
  const id = `call-${++simulation.lastCall}`
  const most = random.chance(0.2) ? 3 : Math.ceil(profile.mostUnits / 4)
  const amount = random.chance(0.05) ? 0 : random.whole(1, most)
  node.asking++
  const payers = await payersNow(simulation, node, customer)
  const got = payers && (await reserve(simulation, node, { payers, amount, id }))
  node.asking--
  if (payers === undefined || got === undefined) return
  const call: RunningCall = {
    ...{ id, node, payers, reservation: got, cost: 0 },
    epoch: node.loans.epoch,
    ...{ held: undefined, released: false, renounced: false, answer: undefined, rejected: false },
  }
  simulation.calls.set(id, call)
  simulation.unfinished.add(call)
  world.note(node.owner.name, () => `${id} holds ${got.amount} of ${payers.key}`)
  simulation.books.reserved(call)
  run(simulation, call)
}

async function reserve(
  simulation: Simulation,
  node: Node,
  { payers, amount, id }: { payers: Payers; amount: number; id: string },
): Promise<Reservation | undefined> {
  const { world, books } = simulation
  const asking = { id, node, payers, amount, began: world.now }
  const says = (why: string) => world.note(node.owner.name, () => `${id} for ${amount}: ${why}`)
  books.enough.ask(asking)
  try {
    const waits = world.random.chance(0.7)
    const got = await (waits
      ? reserveSoon(simulation, asking)
      : node.ledger.reserve(payers, units(amount)))
    if (!isShort(got)) return got
    const why = JSON.stringify(got)
    says(why)
    // Who did not wait was told, perhaps, that it would help.
    if (waits || !got.reserved) books.enough.refused(asking, why)
  } catch (failure) {
    says(String(failure))
    if (failure instanceof Refused) books.enough.refused(asking, String(failure))
    else if (String(failure) !== 'Error: left') world.fail(failure)
  } finally {
    books.enough.answered(asking)
  }
  return undefined
}

/** Some clients leave before they are served. */
function reserveSoon({ world }: Simulation, { node, payers, amount }: Asking) {
  const { random } = world
  const leaving = new AbortController()
  if (random.chance(0.05))
    node.clock.after(random.next() * 600, () => leaving.abort(new Error('left')))
  return node.ledger.reserveSoon(payers, units(amount), leaving.signal)
}

function run(simulation: Simulation, call: RunningCall): void {
  const { random } = simulation.world
  const { clock } = call.node
  const lasts = random.chance(0.05) ? random.next() * 12_000 : random.around(400)
  // One dearer group after the other, each at a price of its own; those that can't be paid are skipped.
  const groups = random.chance(0.2) ? random.whole(1, 3) : 0
  for (let group = 1; group <= groups; group++) {
    clock.after((lasts * group) / (groups + 1), () => growFor(simulation, call))
  }
  clock.after(lasts, () => {
    if (random.chance(0.15)) release(simulation, call)
    else settle(simulation, call)
  })
}

function growFor(simulation: Simulation, call: RunningCall): void {
  const { world } = simulation
  const { id, reservation, node } = call
  const before = reservation.amount
  const total = Math.ceil(before * (0.5 + world.random.next() * 2)) + world.random.whole(0, 20)
  // At once or after a move; a node that is gone meanwhile is not asked any more.
  void Promise.resolve(reservation.extend(units(total))).then((did) => {
    world.note(node.owner.name, () => `${id} extends to ${total}: ${did}`)
    if (did && total > before && !node.owner.gone) simulation.books.reserved(call)
  })
}

function release(simulation: Simulation, call: RunningCall): void {
  simulation.world.note(call.node.owner.name, () => `${call.id} is released`)
  call.released = true
  call.reservation.release()
  simulation.books.released(call)
}

function costOf({ world }: Simulation, held: number): number {
  const { random } = world
  if (random.chance(0.4)) return held
  if (random.chance(0.2)) return held + random.whole(1, 30)
  return random.whole(0, held)
}

function settle(simulation: Simulation, call: RunningCall): void {
  const { world, profile, books } = simulation
  const { clock, owner } = call.node
  const { payers, reservation, id } = call
  call.held = reservation.amount
  call.cost = costOf(simulation, call.held)
  const plain = recordOf(id)
  const record = {
    ...plain,
    key_id: payers.key / 4,
    account_id: (payers.account - 1) / 4,
    prompt_tokens: world.random.chance(profile.poison) ? 0.5 : plain.prompt_tokens,
  }
  world.note(owner.name, () => `${id} settles ${call.cost} of ${call.held}`)
  const renounceAfter = world.random.chance(0.05) ? world.random.next() * 50 : 10_000
  const stop = clock.after(renounceAfter, () => {
    world.note(owner.name, () => `${id} is renounced`)
    call.renounced = true
    reservation.renounce()
  })
  reservation.settle(units(call.cost), record).then(
    (answer) => {
      stop()
      call.answer = answer
      books.acknowledged(call)
    },
    (failure: unknown) => {
      stop()
      call.rejected = true
      books.rejected(call, failure)
    },
  )
}
