/** Ids of requests: unique over processes and time, and cheap. They identify, they do not protect. */
export function createRequestIds(random: (bytes: number) => Uint8Array): () => string {
  const process = Buffer.from(random(9))
    .toString('base64url')
    .replaceAll('-', 'a')
    .replaceAll('_', 'b')
  let last = 0
  return () => {
    last++
    return `req_${process}${last.toString(36)}`
  }
}
