import type { Outlet } from '../meter/meter.ts'
import type { Client } from '../values.ts'

const SHORT = 8 * 1024

/** An answer's way to the client, and its end. */
export interface AnswerOutlet extends Outlet {
  /** Errors can be told inside the body, as an event. */
  readonly streams: boolean
  /** Of the answer. */
  readonly status: number
  /** A header that becomes known late; before anything has begun. */
  tell(name: string, value: string): void
  /**
   * The held end and nothing after it. `more`: headers that are only known now; too late for them once begun. `text`: all
   * of `held` as latin1 text, where somebody has it.
   */
  end(held: readonly Buffer[], more?: readonly string[], text?: string): void
  /** Ends in order with words of our own. */
  endWith(last: string): void
  /** Ends an answer that will never be whole so that nobody takes it for one: without its last chunk. */
  breakOff(last: string): void
}

/** An answer on its way to the client: the head goes out with the first bytes of the body. */
export class ClientOutlet implements AnswerOutlet {
  begun = false
  streams = false
  readonly #client: Client
  readonly status: number
  readonly #headers: string[]
  readonly #length: string | undefined

  /** `length`: what the upstream said of a body that is passed on untouched; without it a long one goes in chunks. */
  constructor(client: Client, status: number, headers: string[], length?: string) {
    this.#client = client
    this.status = status
    this.#headers = headers
    this.#length = length
  }

  tell(name: string, value: string) {
    this.#headers.push(name, value)
  }

  write(bytes: Buffer): boolean {
    if (!this.begun && this.#length !== undefined) {
      this.#headers.push('Content-Length', this.#length)
    }
    this.#begin()
    return this.#client.response.write(bytes)
  }

  end(held: readonly Buffer[], more: readonly string[] = [], text?: string) {
    const { response } = this.#client
    if (!this.begun) {
      const length = held.reduce((sum, { length }) => sum + length, 0)
      this.#headers.push(...more, 'Content-Length', String(length))
    }
    this.#begin()
    const last = held.at(-1)
    // All of it in one piece: each would be a system call of its own.
    if (held.length > 1) response.cork()
    for (let at = 0; at < held.length - 1; at++) response.write(held[at])
    // A short text goes out in one piece with its head; bytes would be a piece of their own.
    if (held.length === 1 && last !== undefined && last.length < SHORT) {
      response.end(text ?? last.toString('latin1'), 'latin1')
    } else response.end(last)
  }

  endWith(last: string) {
    this.end([Buffer.from(last)])
  }

  breakOff(last: string) {
    const { response } = this.#client
    this.#begin()
    response.write(last, () => response.destroy())
  }

  #begin() {
    if (this.begun) return
    this.begun = true
    this.#headers.push(...this.#client.headers)
    this.#client.response.writeHead(this.status, this.#headers)
  }
}
