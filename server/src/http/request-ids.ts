/** The first number with seven digits in base 36: all of them are equally long, so that ids sort as they were given. */
const FIRST = 36 ** 6

/**
 * Ids of requests: unique over processes and time, and cheap. They identify, they do not protect. They begin with the
 * time of the start, because an index into whose middle every call writes costs twice as much as one that only grows.
 */
export function createRequestIds(
  random: (bytes: number) => Uint8Array,
  startedAtMs: number,
): () => string {
  const process = Buffer.from(random(4)).toString('hex')
  const prefix = `req_${startedAtMs.toString(36)}${process}`
  let last = FIRST
  return () => {
    last++
    return prefix + last.toString(36)
  }
}
