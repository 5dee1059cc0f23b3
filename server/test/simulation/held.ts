import { finite, type RunningCall } from './calls.ts'
import type { Database } from './database.ts'

/** Calls that may hold units, by entity: most of a world's calls are over, and every commit asks. */
export interface Held {
  add(call: RunningCall): void
  /** What running calls hold of an entity, by the epoch that borrowed it. */
  of(entity: number): ReadonlyMap<number, number>
}

export function createHeld(database: Database): Held {
  const callsOf = new Map<number, Set<RunningCall>>()
  return {
    add(call) {
      for (const entity of finite(call)) {
        const calls = callsOf.get(entity) ?? new Set()
        callsOf.set(entity, calls.add(call))
      }
    },
    of(entity) {
      const held = new Map<number, number>()
      const calls = callsOf.get(entity) ?? new Set()
      for (const call of calls) {
        const { epoch, reservation } = call
        if (holdsNoMore(database, call)) calls.delete(call)
        else held.set(epoch, (held.get(epoch) ?? 0) + reservation.amount)
      }
      return held
    },
  }
}

/** For good: what a failover undoes, it undoes in epochs that are tainted from then on. */
const holdsNoMore = (database: Database, { id, released, node, epoch }: RunningCall): boolean =>
  released ||
  node.owner.gone ||
  database.tainted.has(epoch) ||
  database.usage.get(id) !== undefined ||
  database.lanes.get(epoch) === undefined
