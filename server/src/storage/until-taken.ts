import { StorageUnavailable } from './failures.ts'
import { type Clock, pauseOn } from './lanes/clock.ts'

const RETRY_MS = 1_000

/**
 * Repeats a write that does no harm when it is done twice, until the database takes it: it may be away, or may have taken
 * it without our hearing of it. Rejects with what no retry mends.
 */
export async function untilTaken<T>(
  write: () => Promise<T>,
  clock: Pick<Clock, 'after'>,
): Promise<T> {
  for (;;) {
    try {
      return await write()
    } catch (failure) {
      if (!(failure instanceof StorageUnavailable) || !failure.passing) throw failure
    }
    await pauseOn(clock, RETRY_MS)
  }
}
