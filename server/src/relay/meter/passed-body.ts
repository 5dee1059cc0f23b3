import type { Meter, Outlet } from './meter.ts'
import { Unmetered } from './unmetered.ts'

/** Passes an answer on that nothing is charged for, whatever is in it. */
export class PassedBody extends Unmetered implements Meter {
  readonly complete = false
  readonly #outlet: Outlet

  constructor(outlet: Outlet) {
    super()
    this.#outlet = outlet
  }

  chunk(bytes: Buffer): boolean {
    return this.#outlet.write(bytes)
  }

  end(): boolean {
    return true
  }
}
