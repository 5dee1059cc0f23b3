/** The last two digits of a number in base 36: a request need not have all of them made anew. */
const ENDINGS = Array.from({ length: 36 ** 2 }, (_, n) => n.toString(36).padStart(2, '0'))
/** The first number whose other digits are five: all ids are equally long, so that they sort as they were given. */
const FIRST = 36 ** 4

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
  let high = FIRST
  let beginning = prefix + high.toString(36)
  let ending = 0
  return () => {
    if (++ending === ENDINGS.length) {
      ending = 0
      beginning = prefix + (++high).toString(36)
    }
    return beginning + ENDINGS[ending]
  }
}
