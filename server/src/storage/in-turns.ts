import { availableParallelism } from 'node:os'
import { Semaphore } from '../semaphore.ts'
import type { Read } from './reading-driver.ts'

/**
 * The other half of the cores is left to calls: a settlement works for less than a millisecond, and would wait behind all
 * that a page asks at once. Measured on two cores that the database shares, with 20 questions a second: in
 * half of all turns of two seconds the slowest hundredth of calls took up to 10 ms instead of 22 (6 without questions).
 */
const HALF = Math.max(1, Math.floor(availableParallelism() / 2))
/** A list does not wait for a report. */
const LONG_MS = 30

/** Has reads begin one after the other: `atOnce` of them are at work, besides those that already took `longMs`. */
export function inTurns(read: Read, { atOnce = HALF, longMs = LONG_MS } = {}): Read {
  const semaphore = new Semaphore(atOnce)
  return async (sql, parameters) => {
    await semaphore.enter()
    let isLong = false
    const watch = setTimeout(() => {
      isLong = true
      semaphore.leave()
    }, longMs)
    try {
      return await read(sql, parameters)
    } finally {
      clearTimeout(watch)
      if (!isLong) semaphore.leave()
    }
  }
}
