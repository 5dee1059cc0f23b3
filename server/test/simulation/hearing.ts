import { lookUp } from './customers.ts'
import { changeOwner } from './database-management.ts'
import type { Node } from './node.ts'
import type { Simulation } from './simulation.ts'
import { Violation } from './world.ts'

/** A change takes effect at every node within this time, also where its notification is lost. */
export const HEARD_MS = 1_000

/** Nobody decides by what a row said before a change of which he must have heard: nothing was wrong with him since. */
export function expectFresh(
  { world, database, network }: Simulation,
  { owner, keys }: Node,
  key: number,
): void {
  const found = keys.get(key)
  if (found === undefined) return
  const wellFor = network.health.wellFor(owner)
  for (const subject of [`key ${idOf(key)}`, `account ${idOf(found.account)}`]) {
    const at = database.changedAt.get(subject) ?? 0
    if (at > found.readAt && Math.min(world.now - at, wellFor) > HEARD_MS)
      world.fail(new Violation(`${owner.name} has not heard that ${subject} was changed at ${at}`))
  }
}

const idOf = (owner: number): number => Math.floor(owner / 4)

/** On a good day, too: a key or an account is changed, and whoever knows it must forget it. */
export async function expectHeard(simulation: Simulation): Promise<void> {
  const { world, database, nodes, customers } = simulation
  const customer = world.random.pick(customers)
  const owner = world.random.chance(0.5) ? customer.key : customer.account
  for (const node of nodes) lookUp(simulation, node, customer)
  changeOwner(database, owner)
  await world.run(world.now + HEARD_MS)
  for (const node of nodes) {
    if (node.keys.has(customer.key))
      throw new Violation(`${node.owner.name} has not heard of a change of ${owner} in time`)
  }
}
