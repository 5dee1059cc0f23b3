import { connect, type Socket } from 'node:net'

/** A connection for what no well-behaved client sends. */
export interface RawConnection {
  readonly socket: Socket
  send(bytes: string | Uint8Array): void
  /** Everything received so far, once it holds `part`. Rejects when the peer closes before. */
  until(part: string): Promise<string>
  /** Everything received, once the peer has closed. */
  toEnd(): Promise<string>
}

/** Connects to an origin and remembers what comes back. */
export function openRaw(origin: string): RawConnection {
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  let received = ''
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1')
  })
  // A reset is an end like any other here: tests look at what came before it.
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))

  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    until: (part) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!received.includes(part)) return
          socket.off('data', look)
          resolve(received)
        }
        socket.on('data', look)
        void closed.then(() =>
          reject(new Error(`closed before ${JSON.stringify(part)}: ${received}`)),
        )
        look()
      }),
    async toEnd() {
      await closed
      return received
    },
  }
}

/** A request as text, with its length. */
export function requestText(
  line: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array = '',
): Buffer {
  const bytes = Buffer.from(body as string)
  const lines = Object.entries({ host: 'gateway', ...headers, 'content-length': `${bytes.length}` })
  const head = [`${line} HTTP/1.1`, ...lines.map((pair) => pair.join(': ')), '', ''].join('\r\n')
  return Buffer.concat([Buffer.from(head), bytes])
}

/** Sends one request on a connection of its own and reads until the gateway closes it. */
export async function exchange(origin: string, request: Uint8Array): Promise<string> {
  const raw = openRaw(origin)
  raw.send(request)
  return raw.toEnd()
}
