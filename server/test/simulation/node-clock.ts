import type { Clock } from '../../src/storage/lanes/clock.ts'
import type { Owner, World } from './world.ts'

/** Ten seconds before a day and a month end: it happens in the midst of trouble, at another moment on each node. */
export const BEGAN_MS = Date.UTC(2024, 0, 31, 23, 59, 50)
export const MIDNIGHT_MS = 10_000
/** How soon a timer looks again at a clock that stood still. */
const LOOK_AGAIN_MS = 100

/** A node's own clocks, which go at speeds of their own; one may stand still, and the other be set. */
export class NodeClock implements Clock {
  readonly #world: World
  readonly #owner: Owner
  readonly #speed: number
  readonly #wallSpeed: number
  #wallOffset = BEGAN_MS
  #stoppedAt: number | undefined
  #stoodStill = 0

  constructor(world: World, owner: Owner) {
    this.#world = world
    this.#owner = owner
    this.#speed = 0.98 + world.random.next() * 0.04
    this.#wallSpeed = 0.98 + world.random.next() * 0.04
  }

  wall(): number {
    return this.#wallOffset + this.#world.now * this.#wallSpeed
  }

  monotonic(): number {
    return ((this.#stoppedAt ?? this.#world.now) - this.#stoodStill) * this.#speed
  }

  after(ms: number, call: () => void): () => void {
    const due = this.monotonic() + ms
    let cancel = () => {}
    const look = () => {
      const left = due - this.monotonic()
      if (left < 1e-6) call()
      else wait(this.#stoppedAt === undefined ? left / this.#speed : LOOK_AGAIN_MS)
    }
    const wait = (real: number) => {
      cancel = this.#world.after(real, look, this.#owner)
    }
    wait(ms / this.#speed)
    return () => cancel()
  }

  idly(ms: number, call: () => void): void {
    this.after(ms, call)
  }

  stepWall(ms: number): void {
    this.#wallOffset += ms
  }

  stopMonotonic(): void {
    this.#stoppedAt ??= this.#world.now
  }

  startMonotonic(): void {
    if (this.#stoppedAt === undefined) return
    this.#stoodStill += this.#world.now - this.#stoppedAt
    this.#stoppedAt = undefined
  }
}
