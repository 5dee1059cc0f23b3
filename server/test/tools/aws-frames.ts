import { crc32 } from 'node:zlib'
import { messageEvents, type Speech, spokenOf } from './dialect-scripts.ts'
import type { Script } from './upstream.ts'

/* Amazon's event streams, written anew from their documents. */

type Headers = Readonly<Record<string, string>>

/** One frame: two lengths, their checksum, headers that are texts, the payload, a checksum over all. */
function frame(headers: Headers, payload: string): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const length = Buffer.alloc(3)
      length.writeUInt8(7)
      length.writeUInt16BE(Buffer.byteLength(value), 1)
      return Buffer.concat([
        Buffer.from([name.length]),
        Buffer.from(name),
        length,
        Buffer.from(value),
      ])
    }),
  )
  const body = Buffer.from(payload)
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + head.length + body.length)
  prelude.writeUInt32BE(head.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const whole = Buffer.concat([prelude, head, body, Buffer.alloc(4)])
  whole.writeUInt32BE(crc32(whole.subarray(0, -4)), whole.length - 4)
  return whole
}

const chunkFrame = (event: object): Buffer =>
  frame(
    { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' },
    JSON.stringify({
      bytes: Buffer.from(JSON.stringify(event)).toString('base64'),
      p: 'abcdefghij',
    }),
  )

export const exceptionFrame = (type: string, message: string): Buffer =>
  frame(
    { ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' },
    JSON.stringify({ message }),
  )

/** A message of Anthropic's as the runtime streams it. */
export function framesOf(speech: Speech, model: unknown): readonly Buffer[] {
  return messageEvents(spokenOf(speech), model).map(([, event]) => chunkFrame(event))
}

/** Sends frames in pieces of so many bytes. */
export function sendsFrames(frames: readonly Buffer[], pieceBytes = 1000): Script {
  return async (_call, response) => {
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' })
    const whole = Buffer.concat(frames)
    for (let at = 0; at < whole.length; at += pieceBytes) {
      response.write(whole.subarray(at, at + pieceBytes))
      await new Promise(setImmediate)
    }
    response.end()
  }
}
