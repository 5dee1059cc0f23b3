/** Something that must not take for ever. `tick` is told the time now and then. */
export interface Watched {
  /** Neighbours among the watched; both undefined while it is not watched. */
  before: Watched | undefined
  after: Watched | undefined
  tick(now: number): void
}

/** One clock for all running calls: reading it costs nothing, and no call needs a timer of its own. */
export interface Deadlines {
  /** Milliseconds of a monotonic clock, as of the last tick. */
  readonly now: number
  watch(watched: Watched): void
  /** Harmless when it is not watched. */
  unwatch(watched: Watched): void
  close(): void
}

/** Deadlines are kept to this much. */
const EVERY_MS = 50

const end = (): Watched => ({ before: undefined, after: undefined, tick: () => undefined })

/**
 * A chain, not a Set or an array: those outgrow their tables, and an abandoned table in old memory keeps every call that
 * it names alive until the next full collection (measured: 6 to 10 KB a call, a fifth of the processor time).
 * Whoever leaves the chain lets go of its neighbours for the same reason.
 */
export function createDeadlines(everyMs: number = EVERY_MS): Deadlines {
  const first = end()
  const last = end()
  first.after = last
  last.before = first
  const clock = {
    now: performance.now(),
    watch(watched: Watched) {
      const before = last.before as Watched
      watched.before = before
      watched.after = last
      before.after = watched
      last.before = watched
    },
    unwatch(watched: Watched) {
      const { before, after } = watched
      if (before === undefined || after === undefined) return
      before.after = after
      after.before = before
      watched.before = undefined
      watched.after = undefined
    },
    close: () => clearInterval(timer),
  }
  const timer = setInterval(() => {
    clock.now = performance.now()
    let watched = first.after as Watched
    while (watched !== last) {
      const next = watched.after as Watched
      // A tick may end its call, which then leaves the chain.
      watched.tick(clock.now)
      // It may even have ended the next one: the rest is told at the next tick.
      if (next !== last && next.after === undefined) return
      watched = next
    }
  }, everyMs).unref()
  return clock
}
