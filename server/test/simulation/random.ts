/** Chance that a seed decides: the same seed, the same world. */
export interface Random {
  /** 0 up to, not including, 1. */
  next(): number
  /** Whole, both ends included. */
  whole(from: number, to: number): number
  chance(of: number): boolean
  pick<T>(from: readonly T[]): T
  /** Mostly about `usual`, now and then ten times as much. */
  around(usual: number): number
}

export function createRandom(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) >>> 0
  // Mulberry32: small, quick, and good enough to choose faults with.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  // Seeds that follow each other begin alike.
  for (let n = 0; n < 4; n++) next()
  return {
    next,
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (of) => next() < of,
    pick<T>(from: readonly T[]): T {
      if (from.length === 0) throw new Error('nothing to pick from')
      return from[Math.floor(next() * from.length)] as T
    },
    around: (usual) => usual * (next() < 0.05 ? 10 * next() : 0.2 + next()),
  }
}
