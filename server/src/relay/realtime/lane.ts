import type { WebSocket } from 'ws'

/** A message as it came. */
export interface Frame {
  readonly bytes: Buffer
  readonly isBinary: boolean
}

/** What is passed on of a message: mostly itself; `undefined`: nothing. */
export type Passed = Frame | undefined

export interface LaneParts {
  readonly from: WebSocket
  readonly to: WebSocket
  /** Asked for one message after the other; nothing passes while a promise of it is waited for. */
  readonly read: (frame: Frame) => Passed | Promise<Passed>
  readonly failed: (failure: unknown) => void
  /** Called when a message was passed on, or not. */
  readonly passed: () => void
}

/** So many bytes may wait for a slow reader; then nothing more is read from the other side. */
const MOST_WAITING = 256 * 1024

/** One direction of a session: messages pass in their order, no faster than they are taken. */
export class Lane {
  readonly #parts: LaneParts
  /** What came with others while one was waited for. */
  #queue: Frame[] = []
  #waits = false
  #isFull = false

  constructor(parts: LaneParts) {
    this.#parts = parts
    parts.from.on('message', (bytes, isBinary) => this.#take({ bytes: bytes as Buffer, isBinary }))
  }

  /** The reader takes nothing. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Passes what was said before there was a lane. Whoever said it is read from now on. */
  begin(frames: readonly Frame[]): void {
    this.#queue.unshift(...frames)
    this.#goOn()
  }

  #take(frame: Frame) {
    if (this.#waits || this.#isFull) this.#queue.push(frame)
    else this.#pass(frame)
  }

  #pass(frame: Frame) {
    const { read, from, failed } = this.#parts
    let passed: Passed | Promise<Passed>
    try {
      passed = read(frame)
    } catch (failure) {
      failed(failure)
      return
    }
    if (!(passed instanceof Promise)) return this.#send(passed)
    this.#waits = true
    from.pause()
    passed.then(
      (done) => {
        this.#send(done)
        this.#waits = false
        this.#goOn()
      },
      (failure: unknown) => {
        this.#waits = false
        failed(failure)
        this.#goOn()
      },
    )
  }

  #send(frame: Passed) {
    this.#write(frame)
    this.#parts.passed()
  }

  #write(frame: Passed) {
    const { from, to } = this.#parts
    if (frame === undefined || to.readyState !== to.OPEN) return
    const { bytes, isBinary: binary } = frame
    if (to.bufferedAmount + bytes.length <= MOST_WAITING) return to.send(bytes, { binary })
    this.#isFull = true
    from.pause()
    to.send(bytes, { binary }, () => {
      this.#isFull = false
      this.#goOn()
    })
  }

  #goOn() {
    while (!this.#waits && !this.#isFull) {
      const next = this.#queue.shift()
      if (next === undefined) return this.#parts.from.resume()
      this.#pass(next)
    }
  }
}
