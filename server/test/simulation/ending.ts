import type { Payers } from '../../src/ledger/ledger.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { isOver, payersNow } from './calls.ts'
import { type Customer, lookUp, outdated } from './customers.ts'
import { changeBalance } from './database-management.ts'
import { expectHeard, HEARD_MS } from './hearing.ts'
import type { Node } from './node.ts'
import type { Simulation } from './simulation.ts'
import { Violation } from './world.ts'

/** The last late message arrives after 20 s; 15 s later a node that is gone is found out, with the next heartbeats. */
const CALM_MS = 42_000
const LOOK_MS = 1_000
/** What was sent last and lost is given up after 5 s by its sender's clock, and sent again. */
const LAST_LOST_MS = 7_000
/** Idle loans are given back after 3 s, looked for every second; each of it a round away. */
const BACK_MS = 6_000
/** What a call may wait, and a little for its way there and back. */
const SOON_MS = 600

/** The trouble is over: everything must come to its end, and in time. */
export async function endWell(simulation: Simulation): Promise<void> {
  const { world, database, network, processes, nodes } = simulation
  network.troubled = false
  database.up = true
  for (const owner of processes) {
    network.cutOff(owner, 0)
    network.deafen(owner, 0)
    world.resume(owner)
  }
  for (const node of nodes) node.clock.startMonotonic()
  world.note('people', () => 'the trouble is over')
  await calmDown(simulation)
  for (const call of simulation.calls.values()) {
    if (!call.node.owner.gone && !isOver(call)) throw new Violation(`${call.id} is not over`)
  }
  // What fell behind when a node was paused or closed may have left nobody to go on with.
  if (nodes.size === 0) throw new Violation('no node serves')
  expectAllBack(simulation)
  for (const node of nodes) {
    const key = outdated(simulation, node)
    if (key !== undefined)
      throw new Violation(`${node.owner.name} never heard of a change of ${key}`)
  }
  await expectHeard(simulation)
  for (const customer of someOf(simulation)) await serveWhole(simulation, customer)
  await world.run(world.now + BACK_MS)
  expectNoHolds(simulation)
  simulation.books.whole()
  await world.run(world.now)
}

/** Waits for the end, no longer than it may take; and until no late message is under way. */
async function calmDown(simulation: Simulation): Promise<void> {
  const { world, calls, network, database, nodes, processes } = simulation
  const until = world.now + CALM_MS
  const isCalm = () =>
    network.underway === 0 &&
    processes.size === nodes.size &&
    [...nodes].every(({ store }) => store.accepting()) &&
    [...calls.values()].every((call) => call.node.owner.gone || isOver(call)) &&
    [...database.holds.rows()].every(([, { granted, spent }]) => granted === spent)
  await world.run(world.now + LAST_LOST_MS)
  do await world.run(Math.min(world.now + LOOK_MS, until))
  while (world.now < until && !isCalm())
}

function expectAllBack({ database }: Simulation): void {
  for (const [key, { granted, spent }] of database.holds.rows()) {
    if (granted !== spent)
      throw new Violation(`nobody runs, and hold ${key} keeps ${granted - spent} units`)
  }
}

/**
 * Also those of unlimited payers, in which calls were only counted. What a failover lost may be done by a copy that comes
 * late, and that nobody hears of: such a row, without units, stays as long as its node. So does one of a period whose
 * balance was lost, and which nobody opens again.
 */
function expectNoHolds({ database, nodes }: Simulation): void {
  const living = new Set([...nodes].map(({ loans }) => loans.epoch))
  for (const [key, { epoch, entity }] of database.holds.rows()) {
    if (database.balances.get(entity) === undefined) continue
    if (living.has(epoch) && !database.tainted.has(epoch))
      throw new Violation(`nobody needs hold ${key}`)
  }
}

/** Two of them, who may share their account: many worlds find as much as many customers, and sooner. */
function someOf({ customers, world: { random } }: Simulation): Customer[] {
  const first = random.whole(0, customers.length - 1)
  return [first, first + 1].map((at) => customers[at % customers.length] as Customer)
}

/** Units that other nodes hold without need must come to whoever asks, in time. */
async function serveWhole(simulation: Simulation, customer: Customer): Promise<void> {
  const { world, database, nodes, deleted } = simulation
  const all = [...nodes]
  const [first] = all
  if (deleted.has(customer.key) || first === undefined) return
  const payers = await payersSoon(simulation, first, customer)
  if (payers.keyUnlimited && payers.accountUnlimited && payers.budgets.length === 0) return
  // Another payer has nothing left: nobody is served, and nothing is opened again.
  if (payers.budgets.some((budget) => database.opened.get(budget) !== true)) return
  // Others use some of it first, and keep it for a while.
  for (const node of all) await touch(simulation, node, payers)
  if (world.random.chance(0.5)) await grantMore(simulation, payers)
  const least = Math.min(
    payers.keyUnlimited ? Infinity : database.whole(payers.key),
    payers.accountUnlimited ? Infinity : database.whole(payers.account),
    ...payers.budgets.map((budget) => database.whole(budget)),
  )
  // Two who want more than half of it cannot both have it at once; nobody may keep it from both.
  const wanted = world.random.chance(0.5) ? least : Math.floor(least / 2) + 1
  const askers = world.random.chance(0.5) ? [world.random.pick(all)] : all.slice(0, 2)
  const answers: string[] = []
  for (const node of askers) {
    know(simulation, node, payers)
    node.ledger
      .reserveSoon(payers, units(Math.min(wanted, least)), new AbortController().signal)
      .then(
        (got) => {
          answers.push(isShort(got) ? JSON.stringify(got) : 'units')
          if (!isShort(got)) node.clock.after(SOON_MS, () => got.release())
        },
        (failure: unknown) => answers.push(String(failure)),
      )
  }
  await world.run(world.now + SOON_MS)
  if (!answers.includes('units'))
    throw new Violation(`${wanted} of ${least} of ${payers.key} were free: ${answers.join(', ')}`)
  await world.run(world.now + SOON_MS)
}

/** Nodes whose clocks differ may be in other periods: all are asked for those of one, which are open by the second call. */
async function payersSoon(simulation: Simulation, node: Node, customer: Customer): Promise<Payers> {
  const { world, database } = simulation
  const isLost = (entity: number) => database.opened.get(entity) !== true
  const payers = await payersOnce(simulation, node, customer)
  if (!payers.budgets.some(isLost)) return payers
  // What a failover lost, and nothing of this node, its next call for units finds out.
  Promise.resolve(node.ledger.reserve(payers, units(1))).then(
    (got) => {
      if (!isShort(got)) got.release()
    },
    () => undefined,
  )
  await world.run(world.now + SOON_MS)
  const again = await payersOnce(simulation, node, customer)
  const whose = [payers.keyUnlimited || payers.key, payers.accountUnlimited || payers.account]
  // Who is refused for another reason asks for nothing.
  const others = again.budgets.filter((budget) => !isLost(budget))
  const isPoor = [...whose, ...others].some(
    (entity) => entity !== true && database.whole(entity) === 0,
  )
  const lost = again.budgets.find(isLost)
  if (lost !== undefined && !isPoor) throw new Violation(`budget ${lost} was not opened again`)
  return again
}

async function payersOnce(simulation: Simulation, node: Node, customer: Customer): Promise<Payers> {
  const { world } = simulation
  let payers: Payers | undefined
  void payersNow(simulation, node, customer).then((found) => {
    payers = found
  })
  await world.run(world.now + SOON_MS)
  if (payers === undefined) throw new Violation(`the budgets of ${customer.key} were not opened`)
  return payers
}

function know(simulation: Simulation, node: Node, payers: Payers): void {
  lookUp(simulation, node, payers)
  for (const budget of payers.budgets) node.ledger.know(budget, simulation.database.whole(budget))
}

/** Of what management adds all nodes hear before anybody is refused. */
async function grantMore(simulation: Simulation, payers: Payers): Promise<void> {
  const { world, database, profile } = simulation
  const finite = [payers.keyUnlimited || payers.key, payers.accountUnlimited || payers.account]
  for (const entity of finite) {
    if (entity === true) continue
    changeBalance(database, { entity, delta: profile.mostUnits })
  }
  await world.run(world.now + HEARD_MS)
}

async function touch(simulation: Simulation, node: Node, payers: Payers): Promise<void> {
  const { world } = simulation
  know(simulation, node, payers)
  const amount = world.random.whole(0, Math.ceil(simulation.profile.mostUnits / 10))
  Promise.resolve(node.ledger.reserve(payers, units(amount))).then(
    (got) => {
      if (!isShort(got)) got.release()
    },
    (failure: unknown) => world.fail(failure),
  )
  await world.run(world.now + 20)
}
