/** Something that must not take for ever. `tick` is told the time now and then. */
export interface Watched {
  /** Where it stands among the watched: theirs to keep, -1 at first. */
  place: number
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

/**
 * An array, not a Set: the tables that a Set outgrows point to their successors, so that one of them in old memory keeps
 * all later ones and every call in them alive until the next full collection (measured: 10 KB a call).
 */
export function createDeadlines(everyMs: number = EVERY_MS): Deadlines {
  const running: Watched[] = []
  const clock = {
    now: performance.now(),
    watch(watched: Watched) {
      watched.place = running.length
      running.push(watched)
    },
    unwatch(watched: Watched) {
      const { place } = watched
      if (place < 0) return
      watched.place = -1
      const last = running.pop() as Watched
      if (last === watched) return
      running[place] = last
      last.place = place
    },
    close: () => clearInterval(timer),
  }
  const timer = setInterval(() => {
    clock.now = performance.now()
    // From the end: whoever leaves is replaced by one that was told already.
    for (let at = running.length - 1; at >= 0; at--) running[at]?.tick(clock.now)
  }, everyMs).unref()
  return clock
}
