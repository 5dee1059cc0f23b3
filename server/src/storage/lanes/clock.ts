/** Time as one process sees it: a parameter, so that a simulation can stop it, step it and let it run apart. */
export interface Clock {
  /** Milliseconds since 1970; people and time servers set it. */
  wall(): number
  /** Milliseconds that only ever grow, and may stand still while a machine sleeps. */
  monotonic(): number
  /** Calls once, later; 0: after what is at hand. The answer calls it off. */
  after(ms: number, call: () => void): () => void
  /** The same, but keeps no process alive. */
  idly(ms: number, call: () => void): void
}

/** A moment by both clocks. */
export interface Moment {
  readonly monotonic: number
  readonly wall: number
}

type Clocks = Pick<Clock, 'monotonic' | 'wall'>

export const momentOn = (clock: Clocks): Moment => ({
  monotonic: clock.monotonic(),
  wall: clock.wall(),
})

/** Both clocks are asked: the monotonic one stands still while a machine sleeps, the other one may be set back. */
export const hasPassed = (clock: Clocks, since: Moment, ms: number): boolean =>
  clock.monotonic() - since.monotonic > ms || clock.wall() - since.wall > ms

/** The machine's own. */
export const machineClock: Clock = {
  wall: Date.now,
  monotonic: () => performance.now(),
  after(ms, call) {
    if (ms === 0) {
      const immediate = setImmediate(call)
      return () => clearImmediate(immediate)
    }
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
  idly: (ms, call) => void setTimeout(call, ms).unref(),
}

export const pauseOn = (clock: Pick<Clock, 'after'>, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve))
