/** PostgreSQL's protocol as bytes: a message is its kind, its length in four bytes, which count themselves, and its body. */

const LENGTH = 4

/** Takes a stream's bytes as they come, and gives its messages one by one. */
export function messagesTo(take: (message: Buffer) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length > LENGTH) {
      const end = 1 + rest.readInt32BE(1)
      if (end > rest.length) return
      const message = rest.subarray(0, end)
      rest = rest.subarray(end)
      take(message)
    }
  }
}

export const kindOf = (message: Buffer): string => String.fromCharCode(message[0] ?? 0)
export const bodyOf = (message: Buffer): Buffer => message.subarray(1 + LENGTH)

/** `kind` is empty for the first message of a connection, which has none. */
export function messageOf(kind: string, body: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH)
  length.writeInt32BE(LENGTH + body.length)
  return Buffer.concat([Buffer.from(kind), length, body])
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** What ends a connection. */
export const fatal = (state: string, says: string): Buffer =>
  messageOf('E', Buffer.from(`SFATAL\0VFATAL\0C${state}\0M${says}\0\0`))
