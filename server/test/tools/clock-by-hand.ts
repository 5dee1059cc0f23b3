/** A clock that only the test moves. */
export interface ClockByHand {
  wall(): number
  monotonic(): number
  after(ms: number, call: () => void): () => void
  idly(ms: number, call: () => void): void
  /** Lets time pass, and everything happen that is due. */
  pass(ms: number): Promise<void>
}

export function createClockByHand(from = 1_000): ClockByHand {
  const timers = new Set<{ at: number; call(): void }>()
  let now = from
  const after = (ms: number, call: () => void) => {
    const timer = { at: now + ms, call }
    timers.add(timer)
    return () => void timers.delete(timer)
  }
  return {
    wall: () => now,
    monotonic: () => now,
    after,
    idly: (ms, call) => void after(ms, call),
    async pass(ms) {
      const until = now + ms
      for (;;) {
        await settled()
        const [next] = [...timers].sort((a, b) => a.at - b.at)
        if (next === undefined || next.at > until) break
        timers.delete(next)
        now = Math.max(now, next.at)
        next.call()
      }
      now = until
    },
  }
}

/** Lets promises that were resolved be followed to their end. */
async function settled(): Promise<void> {
  for (let n = 0; n < 12; n++) await Promise.resolve()
}
