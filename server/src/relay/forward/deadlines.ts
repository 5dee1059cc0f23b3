/** Something that must not take for ever. `tick` is told the time now and then. */
export interface Watched {
  tick(now: number): void
}

/** One clock for all running calls: reading it costs nothing, and no call needs a timer of its own. */
export interface Deadlines {
  /** Milliseconds of a monotonic clock, as of the last tick. */
  readonly now: number
  watch(watched: Watched): void
  unwatch(watched: Watched): void
  close(): void
}

/** Deadlines are kept to this much. */
const EVERY_MS = 50

export function createDeadlines(everyMs: number = EVERY_MS): Deadlines {
  const running = new Set<Watched>()
  const clock = {
    now: performance.now(),
    watch: (watched: Watched) => void running.add(watched),
    unwatch: (watched: Watched) => void running.delete(watched),
    close: () => clearInterval(timer),
  }
  const timer = setInterval(() => {
    clock.now = performance.now()
    for (const watched of running) watched.tick(clock.now)
  }, everyMs).unref()
  return clock
}
