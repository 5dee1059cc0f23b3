import type { Owner, World } from './world.ts'

/** Until when something is wrong with a process, its clocks or its ways to the database: its duties begin behind that. */
export interface Health {
  /** Something is wrong for so long. */
  ails(owner: Owner, ms: number): void
  /** The database itself: everybody's. */
  allAil(ms: number): void
  /** An answer will not come: it is waited for for so long by the process's own clock. */
  waits(owner: Owner, ms: number): void
  /** That clock stands still for so long. */
  stands(owner: Owner, ms: number): void
  /** For how long nothing was wrong, in milliseconds; below 0: something is. */
  wellFor(owner: Owner): number
  /** Told when something goes wrong. */
  onTrouble: () => void
}

export function createHealth(world: World): Health {
  const untilOf = new Map<Owner, number>()
  const standsUntil = new Map<Owner, number>()
  let untilOfAll = 0

  function ailsUntil(owner: Owner, until: number): void {
    const before = untilOf.get(owner) ?? 0
    if (until <= before) return
    untilOf.set(owner, until)
    if (before <= world.now) health.onTrouble()
  }

  const health: Health = {
    onTrouble: () => undefined,
    ails: (owner, ms) => ailsUntil(owner, world.now + ms),
    allAil(ms) {
      untilOfAll = Math.max(untilOfAll, world.now + ms)
      health.onTrouble()
    },
    waits: (owner, ms) => ailsUntil(owner, Math.max(world.now, standsUntil.get(owner) ?? 0) + ms),
    stands(owner, ms) {
      standsUntil.set(owner, Math.max(standsUntil.get(owner) ?? 0, world.now + ms))
      // What is waited for takes longer by that.
      ailsUntil(owner, Math.max(untilOf.get(owner) ?? 0, world.now) + ms)
    },
    wellFor: (owner) => world.now - Math.max(untilOf.get(owner) ?? 0, untilOfAll),
  }
  return health
}
