import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { listenBefore } from '../tools/before-server.ts'

/** PostgreSQL's message that a session is ready for a question, and in no transaction. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49])

/** As a pooler before a server: whoever is connected stays so when another server takes over. */
export interface Handover {
  readonly url: string
  /** Resolves when all connections lead there; each went over between two questions. */
  handOver(other: string): Promise<void>
}

/** Starts one, gone after the test. It begins sessions with what their clients said first, which must do for every server. */
export async function startHandover(url: string): Promise<Handover> {
  let to = new URL(url)
  const sessions = new Set<Session>()
  const own = await listenBefore(url, (client) => {
    const session = new Session(client, () => to)
    sessions.add(session)
    client.on('close', () => sessions.delete(session))
  })
  return {
    url: own,
    async handOver(other) {
      to = new URL(other)
      await Promise.all([...sessions].map((session) => session.goOver()))
    },
  }
}

/** One client's session with whichever server it leads to. */
class Session {
  readonly #client: Socket
  readonly #to: () => URL
  readonly #greeting: Buffer[] = []
  #server: Socket
  #isReady = false
  #isGreeted = false

  constructor(client: Socket, to: () => URL) {
    this.#client = client
    this.#to = to
    this.#server = this.#serve()
    client.on('data', (bytes: Buffer) => {
      if (!this.#isGreeted) this.#greeting.push(bytes)
      this.#isReady = false
      this.#server.write(bytes)
    })
    client.on('error', () => client.destroy())
    client.on('close', () => this.#server.destroy())
  }

  async goOver(): Promise<void> {
    // Who is within a transaction may end it first, and has to be heard for that.
    while (!this.#isReady && !this.#client.destroyed) await pause(5)
    this.#client.pause()
    const former = this.#server
    this.#isReady = false
    this.#server = this.#serve()
    former.destroy()
    for (const bytes of this.#greeting) this.#server.write(bytes)
    while (!this.#isReady && !this.#server.destroyed) await pause(5)
    this.#client.resume()
  }

  #serve(): Socket {
    const { hostname, port } = this.#to()
    const server = connect(Number(port), hostname)
    // What a server says to a greeting that its client never sent is not passed on.
    let isMuted = this.#isGreeted
    let before: Buffer = Buffer.alloc(0)
    server.on('data', (bytes: Buffer) => {
      if (!isMuted) this.#client.write(bytes)
      before = Buffer.concat([before, bytes])
      if (before.includes(READY)) {
        isMuted = false
        this.#isGreeted = true
        this.#isReady = true
        before = Buffer.alloc(0)
      }
      before = before.subarray(-READY.length)
    })
    server.on('error', () => server.destroy())
    server.on('close', () => {
      if (server === this.#server) this.#client.destroy()
    })
    return server
  }
}
