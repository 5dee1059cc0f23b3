import type { WebSocket } from 'ws'

/** Who is silent for so long is asked for a sign of life. */
const ASKED_AFTER_MS = 30_000
const GONE_AFTER_MS = 75_000
/** Answers to pings wait for a slow reader like anything else; whoever sends more than it reads gets none. */
const MOST_WAITING = 64 * 1024

/** Whether somebody is still there at the other end: a connection can be dead without a word. */
export class Pulse {
  readonly #socket: WebSocket
  readonly #now: () => number
  #heardAt: number
  #askedAt = 0

  constructor(socket: WebSocket, now: () => number) {
    this.#socket = socket
    this.#now = now
    this.#heardAt = now()
    const heard = () => {
      this.#heardAt = now()
    }
    socket.on('message', heard)
    socket.on('pong', heard)
    socket.on('ping', (said) => {
      heard()
      if (socket.bufferedAmount < MOST_WAITING) socket.pong(said)
    })
  }

  /** Asks, or hangs up. */
  tick(): void {
    const now = this.#now()
    // What is not read can't be heard.
    if (this.#socket.isPaused) this.#heardAt = now
    const silent = now - this.#heardAt
    if (silent > GONE_AFTER_MS) this.#socket.terminate()
    else if (silent > ASKED_AFTER_MS && this.#askedAt < this.#heardAt) {
      this.#askedAt = now
      if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
    }
  }
}
