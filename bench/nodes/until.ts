import { setTimeout as pause } from 'node:timers/promises'

/** One change, and how another node shows that it follows it. */
export interface Subject {
  /** Makes the change. */
  readonly change: () => Promise<unknown>
  /** Whether a call at the other node that begins now is judged by the new state. */
  readonly counts: () => Promise<boolean>
}

/** Milliseconds from a change until it counted, since it was sent and since it was answered. */
export interface Times {
  readonly sent: number
  readonly answered: number
}

export interface Racing {
  /** Clients that never stop asking. */
  readonly clients: number
  /** What each waits between two calls. */
  readonly pauseMs: number
}

/** A change that never counts is not waited for. */
const LONGEST_MS = 10_000

/** Until the last call at the other node began that was judged by the old state. */
export async function untilItCounts(subject: Subject, racing: Racing): Promise<Times> {
  const { clients, pauseMs } = racing
  let lastOld = 0
  let left = clients
  let giveUpAt = Number.POSITIVE_INFINITY
  async function race(): Promise<void> {
    // On until all have seen it: whoever met the new state may meet the old one again.
    for (let hasSeen = false; left > 0; await pause(pauseMs)) {
      const at = performance.now()
      if (at > giveUpAt) throw new Error('a change never counted')
      if (!(await subject.counts())) lastOld = Math.max(lastOld, at)
      else if (!hasSeen) {
        hasSeen = true
        left -= 1
      }
    }
  }
  const all = Array.from({ length: clients }, race)
  await pause(10 * Math.random())
  const sentAt = performance.now()
  await subject.change()
  const answeredAt = performance.now()
  giveUpAt = answeredAt + LONGEST_MS
  await Promise.all(all)
  return { sent: Math.max(0, lastOld - sentAt), answered: Math.max(0, lastOld - answeredAt) }
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN
}
