import { callOnce, running } from './calls.ts'
import { type Customer, changeBudgets, changeLimit } from './customers.ts'
import { changeBalance, deleteKey, setBalance } from './database-management.ts'
import { dropOwner, type Node } from './node.ts'
import { MIDNIGHT_MS } from './node-clock.ts'
import type { Trouble } from './profile.ts'
import type { Simulation } from './simulation.ts'

/** Lets something happen every now and then, until the trouble is over. */
export function makeTrouble(simulation: Simulation): void {
  const { world, profile, network } = simulation
  if (profile.troubles.length === 0) return
  const next = () => {
    if (!network.troubled) return
    const trouble = world.random.pick(profile.troubles)
    strike(simulation, trouble)
    world.after(world.random.around(profile.betweenTroublesMs), next)
  }
  world.after(world.random.around(profile.betweenTroublesMs), next)
  if (profile.troubles.includes('change budgets')) changeAtMidnight(simulation)
}

/** People who write while new periods begin: some nodes have not heard of it when they open them. */
function changeAtMidnight(simulation: Simulation): void {
  const { world } = simulation
  for (let n = 0; n < 4; n++) {
    world.after(MIDNIGHT_MS + (world.random.next() - 0.5) * 600, () => reform(simulation))
  }
}

type Strike = (simulation: Simulation, node: Node, ms: number) => void

const ofNodes: Partial<Record<Trouble, Strike>> = {
  pause,
  sleep(simulation, node, ms) {
    stopClock(simulation, node, ms)
    pause(simulation, node, ms)
  },
  'step the wall clock'({ world, profile, network }, node, ms) {
    const forth = world.random.chance(0.5)
    node.clock.stepWall(forth ? ms : -ms)
    // It may reserve again when its next call was answered.
    network.health.ails(node.owner, 0)
    // With one clock that stood still and the other set back nothing is left to go by.
    if (!forth && profile.troubles.some((other) => STOPS_CLOCKS.has(other))) node.misled = true
  },
  'stop the monotonic clock': stopClock,
  partition: ({ network, world }, { owner }, ms) => network.cutOff(owner, world.now + ms),
  'set back while cut off'({ network, world }, node, ms) {
    network.cutOff(node.owner, world.now + ms)
    world.after(world.random.next() * ms, () => node.clock.stepWall(-ms))
  },
  'lose answers': ({ network, world }, { owner }, ms) => network.deafen(owner, world.now + ms),
  crash,
  close,
}

const ofTheDatabase: Partial<Record<Trouble, (simulation: Simulation) => void>> = {
  'restart the database': restart,
  'fail over': failOver,
  management: manage,
  'change budgets': reform,
}

function strike(simulation: Simulation, trouble: Trouble): void {
  const { world, nodes } = simulation
  const { random } = world
  ofTheDatabase[trouble]?.(simulation)
  const awake = [...nodes].filter(({ owner }) => !owner.paused)
  const strikeNode = ofNodes[trouble]
  if (strikeNode === undefined || awake.length === 0) return
  const node = random.pick(awake)
  const ms = random.chance(0.4) ? 12_000 + random.next() * 15_000 : random.next() * 6_000
  world.note(node.owner.name, () => `${trouble}, ${ms.toFixed(0)} ms`)
  strikeNode(simulation, node, ms)
}

const STOPS_CLOCKS = new Set<Trouble>(['sleep', 'stop the monotonic clock'])

function stopClock({ world, network }: Simulation, { clock, owner }: Node, ms: number): void {
  clock.stopMonotonic()
  network.health.stands(owner, ms)
  world.after(ms, () => clock.startMonotonic())
}

/** So many clients have written meanwhile, and are read first of all. */
const CAME_MEANWHILE = 3

function pause(simulation: Simulation, node: Node, ms: number): void {
  const { world, network } = simulation
  const { owner } = node
  world.pause(owner)
  network.health.ails(owner, ms)
  for (let n = 0; n < CAME_MEANWHILE; n++) {
    const come = () => {
      if (network.troubled && !node.closing) void callOnce(simulation, node)
    }
    world.after(ms * world.random.next(), come, owner)
  }
  world.after(ms, () => world.resume(owner))
}

/** Its memory is gone; what it has sent may still arrive. Another process takes its place. */
function crash(simulation: Simulation, node: Node): void {
  node.owner.gone = true
  simulation.nodes.delete(node)
  simulation.processes.delete(node.owner)
  simulation.world.after(simulation.world.random.next() * 3_000, simulation.start)
}

/** As on SIGTERM: no new calls, those that run end, what is on loan goes back. */
function close(simulation: Simulation, node: Node): void {
  if (node.closing) return
  node.closing = true
  simulation.nodes.delete(node)
  const end = async () => {
    await node.ledger.flush()
    node.ends = true
    await node.joined.close(10_000).catch(() => undefined)
    simulation.world.note(node.owner.name, () => 'has closed')
    node.owner.gone = true
    simulation.processes.delete(node.owner)
  }
  const look = () => {
    if (running(simulation, node) === 0) void end()
    else node.clock.after(100, look)
  }
  node.clock.after(100, look)
  simulation.world.after(1_000, simulation.start)
}

function restart({ world, database, network }: Simulation): void {
  const ms = world.random.next() * (world.random.chance(0.2) ? 14_000 : 2_000)
  world.note('database', () => `restarts in ${ms.toFixed(0)} ms`)
  database.up = false
  database.incarnation++
  network.health.allAil(ms)
  world.after(ms, () => {
    database.up = true
  })
}

function failOver(simulation: Simulation): void {
  const { database, world, network } = simulation
  network.health.allAil(0)
  const lost = database.failOver(world.random.whole(0, 6))
  world.note('database', () => `fails over, and loses ${lost} commits`)
}

function manage(simulation: Simulation): void {
  const { database, world, profile, customers } = simulation
  if (!database.up) return
  const { random } = world
  const whose = random.pick(customers)
  const entity = random.chance(0.5) ? whose.key : whose.account
  const kind = random.pick(['set', 'set', 'add', 'add', 'add', 'forget', 'delete'] as const)
  const amount = random.whole(0, profile.mostUnits)
  world.note('people', () => `${kind} ${amount} of ${entity}`)
  if (kind === 'set') setBalance(database, entity, amount)
  else if (kind === 'add')
    changeBalance(database, { entity, delta: amount - (profile.mostUnits >> 2) })
  else if (kind === 'delete') remove(simulation, whose)
  if (kind === 'forget') forget(simulation, entity)
}

/** One key a world, so that there are others. */
function remove({ database, deleted }: Simulation, { key }: Customer): void {
  if (deleted.size > 0) return
  deleted.add(key)
  deleteKey(database, key)
}

/** Rules change under calls that run: what they began with goes on to pay for them. */
function reform(simulation: Simulation): void {
  const { database, world, customers } = simulation
  if (!database.up) return
  const whose = world.random.pick(customers)
  if (world.random.chance(0.2)) changeLimit(simulation, whose)
  else changeBudgets(simulation, world.random.chance(0.5) ? whose.key : whose.account)
}

/** The key cache of a node, or of all, drops a key. */
function forget({ nodes, world }: Simulation, entity: number): void {
  for (const node of nodes) {
    if (world.random.chance(0.7))
      world.after(world.random.next() * 20, () => dropOwner(node, entity), node.owner)
  }
}
