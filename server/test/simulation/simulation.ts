import { type Books, createBooks } from './books.ts'
import { type RunningCall, serve } from './calls.ts'
import { type Customer, openCustomers } from './customers.ts'
import { Database } from './database.ts'
import { endWell } from './ending.ts'
import { createNetwork, type Network } from './network.ts'
import { type Node, startNode } from './node.ts'
import { chooseProfile, type Mode, type Profile } from './profile.ts'
import { makeTrouble } from './troubles.ts'
import type { Weakness } from './weaknesses.ts'
import type { Owner } from './world.ts'
import { World } from './world.ts'

/** One seed's world while it runs. */
export interface Simulation {
  readonly world: World
  readonly database: Database
  readonly network: Network
  readonly profile: Profile
  /** By their rows as they are now. */
  readonly customers: Customer[]
  /** Entities of keys that were deleted. */
  readonly deleted: Set<number>
  /** By id, those that are over included. */
  readonly calls: Map<string, RunningCall>
  /** Of `calls`; some of them may be over. */
  readonly unfinished: Set<RunningCall>
  lastCall: number
  started: number
  /** The processes that may serve. */
  readonly nodes: Set<Node>
  /** Every process that was not killed, joined or not. */
  readonly processes: Set<Owner>
  readonly books: Books
  start(): void
}

export interface SeedOptions {
  readonly weakness?: Weakness | undefined
  readonly mode?: Mode | undefined
  readonly trace?: boolean
}

export interface SeedResult {
  readonly seed: number
  readonly steps: number
  readonly calls: number
  /** Equal for equal runs. */
  readonly digest: number
  readonly failure: string | undefined
  readonly trace: readonly string[] | undefined
}

/** Runs one world from its beginning to its end. */
export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const simulation = createSimulation(seed, options)
  const { world } = simulation
  const unhandled = (failure: unknown) => world.fail(failure)
  process.on('unhandledRejection', unhandled)
  let failure: string | undefined
  try {
    for (let n = 0; n < simulation.profile.nodes; n++) simulation.start()
    makeTrouble(simulation)
    await world.run(simulation.profile.troubleMs)
    await endWell(simulation)
  } catch (thrown) {
    failure = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  } finally {
    process.off('unhandledRejection', unhandled)
  }
  const { steps, digest, trace } = world
  return { seed, steps, calls: simulation.lastCall, digest, failure, trace }
}

function createSimulation(seed: number, options: SeedOptions): Simulation {
  const { weakness, mode, trace = false } = options
  const world = new World(seed, trace)
  const profile = chooseProfile(world.random, mode)
  world.note('profile', () => JSON.stringify(profile))
  const database = new Database(world, weakness)
  const network = createNetwork(world, database, profile)
  const customers = openCustomers(database, profile)
  database.journal.keep()
  const simulation = {
    ...{ world, database, network, profile, customers },
    deleted: new Set<number>(),
    calls: new Map<string, RunningCall>(),
    unfinished: new Set<RunningCall>(),
    lastCall: 0,
    started: 0,
    nodes: new Set<Node>(),
    processes: new Set<Owner>(),
    start: () => start(whole),
  }
  // Its books judge the whole that they are part of.
  const whole: Simulation = Object.assign(simulation, {
    books: undefined as unknown as Books,
  })
  Object.assign(whole, { books: createBooks(whole) })
  network.health.onTrouble = whole.books.enough.look
  let announced = 0
  database.onCommit = () => {
    whole.books.check()
    if (database.newest !== announced) network.announce()
    announced = database.newest
  }
  return whole
}

function start(simulation: Simulation): void {
  const { nodes, processes } = simulation
  const name = `node-${++simulation.started}`
  const owner = startNode(simulation, name, (node) => {
    nodes.add(node)
    serve(simulation, node)
  })
  processes.add(owner)
}
