import type { Outlet } from './meter.ts'

/** After completion little comes. Whoever sends more has stopped making sense. */
const MOST_HELD = 256 * 1024

/** Passes a stream on until its content is all there, and holds back what comes from then on. */
export class HeldEnd {
  /** Whether what is sent is held back by now. */
  holding = false
  readonly pieces: Buffer[] = []
  readonly #outlet: Outlet
  #bytes = 0

  constructor(outlet: Outlet) {
    this.#outlet = outlet
  }

  get tooLong(): boolean {
    return this.#bytes > MOST_HELD
  }

  /** False: the client is slow. */
  send(bytes: Buffer): boolean {
    if (bytes.length === 0) return true
    if (!this.holding) return this.#outlet.write(bytes)
    this.pieces.push(bytes)
    this.#bytes += bytes.length
    return true
  }
}
