/** Of the four threads that the whole process has for files, look-ups of names and passwords. */
const AT_ONCE = 2

/** Lets few work on the disk at a time, in the order of asking: a slow one must not hold up who looks up a name. */
export function createDiskTurns() {
  const waiting: (() => void)[] = []
  let running = 0
  return async function take<T>(work: () => Promise<T>): Promise<T> {
    if (running < AT_ONCE) running++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}

export type DiskTurns = ReturnType<typeof createDiskTurns>
