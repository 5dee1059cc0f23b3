import type { Payers } from '../../src/ledger/ledger.ts'
import { finite } from './calls.ts'
import { HEARD_MS } from './hearing.ts'
import type { Held } from './held.ts'
import type { Node } from './node.ts'
import type { Simulation } from './simulation.ts'
import { Violation } from './world.ts'

/** A call that asks for units. */
export interface Asking {
  readonly id: string
  readonly node: Node
  readonly payers: Payers
  readonly amount: number
  readonly began: number
}

/** Judges refusals: nobody is refused while enough was there for so long that he must have had it. */
export interface Enough {
  /** What could be had is looked at again: whenever it may have become less. */
  look(): void
  ask(asking: Asking): void
  answered(asking: Asking): void
  /** `why`: the answer's words. */
  refused(asking: Asking, why: string): void
}

/**
 * So long enough must have been there, for a call that asked when it was: what was granted must have been heard of, and
 * what other nodes hold recalled, which a call waits for for half a second.
 */
const LONG_MS = HEARD_MS + 600
/** What a node that was in trouble needs to be one of the nodes again. */
const RECOVERED_MS = 3_000

export function createEnough(simulation: Simulation, held: Held): Enough {
  const { world, network, database } = simulation
  /** By entity. */
  const askingFor = new Map<number, Set<Asking>>()
  const past = new Map<number, Past>()
  /** Epochs of nodes with which nothing is wrong. */
  let living = new Set<number>()
  /** What a node knows that was there at a failover may not be so. */
  const wellFor = ({ owner, loans }: Node): number =>
    database.tainted.has(loans.epoch) ? -1 : network.health.wellFor(owner)

  function look(): void {
    const now = new Set<number>()
    for (const node of simulation.nodes) if (wellFor(node) >= 0) now.add(node.loans.epoch)
    const isSame = now.size === living.size && now.isSubsetOf(living)
    living = now
    // Most worlds are without a healthy node most of the time: then nobody is owed anything.
    if (!isSame) for (const [entity] of database.balances.rows()) database.touched.add(entity)
    if (!isSame || living.size > 0) for (const entity of database.touched) note(entity)
    database.touched.clear()
  }

  function note(entity: number): void {
    const before = past.get(entity) ?? createPast()
    past.set(entity, before)
    before.note(world.now, availableOf(entity))
  }

  /** What nobody borrowed, and what nodes with which nothing is wrong have borrowed without need. */
  function availableOf(entity: number): number {
    let available = database.balances.get(entity)?.remain ?? 0
    if (living.size === 0) return available
    for (const { epoch, granted, spent } of database.holdsOf(entity))
      if (living.has(epoch)) available += granted - spent
    for (const [epoch, amount] of held.of(entity)) if (living.has(epoch)) available -= amount
    for (const { amount } of askingFor.get(entity) ?? []) available -= amount
    return available
  }

  /** Whether it could have had its units all the time, beside all others who asked for some. */
  function couldHave({ payers, amount, began }: Asking): boolean {
    const from = world.now - LONG_MS
    return finite({ payers }).every((entity) => {
      const of = past.get(entity)
      if (of === undefined || database.balances.get(entity) === undefined) return false
      return of.least(from, began) >= amount && of.least(Math.max(from, began), world.now) >= 0
    })
  }

  return {
    look,
    ask(one) {
      look()
      for (const entity of finite(one)) {
        const asking = askingFor.get(entity) ?? new Set()
        askingFor.set(entity, asking.add(one))
        database.touched.add(entity)
      }
    },
    answered(one) {
      for (const entity of finite(one)) {
        askingFor.get(entity)?.delete(one)
        database.touched.add(entity)
      }
    },
    refused(one, why) {
      const { id, node, amount } = one
      if (node.closing || wellFor(node) < RECOVERED_MS) return
      if (couldHave(one))
        world.fail(new Violation(`${id} was refused ${amount}, which were there: ${why}`))
    },
  }
}

interface Past {
  note(at: number, units: number): void
  /** Between two moments, both included. */
  least(from: number, until: number): number
}

/** What was noted before is not needed any more. */
const KEPT = 400

function createPast(): Past {
  let notes: { readonly at: number; readonly units: number }[] = []
  return {
    note(at, units) {
      if (notes.at(-1)?.units === units) return
      notes.push({ at, units })
      if (notes.length > 2 * KEPT) notes = notes.slice(-KEPT)
    },
    least(from, until) {
      let least = Number.POSITIVE_INFINITY
      for (let n = notes.length - 1; n >= 0; n--) {
        const { at, units } = notes[n] as (typeof notes)[number]
        if (at <= until) least = Math.min(least, units)
        if (at <= from) return least
      }
      // It was not there yet.
      return Number.NEGATIVE_INFINITY
    },
  }
}
