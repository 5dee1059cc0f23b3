import type { Meter, Outlet, ProducedTexts } from './meter.ts'

const NOTHING: readonly Buffer[] = []
const NO_TEXTS: ProducedTexts = { texts: [], share: 1 }

/** Passes an answer on that nothing is charged for, whatever is in it. */
export class PassedBody implements Meter {
  readonly complete = false
  readonly finished = false
  readonly #outlet: Outlet

  constructor(outlet: Outlet) {
    this.#outlet = outlet
  }

  chunk(bytes: Buffer): boolean {
    return this.#outlet.write(bytes)
  }

  end(): boolean {
    return true
  }

  reported(): undefined {
    return undefined
  }

  produced(): ProducedTexts {
    return NO_TEXTS
  }

  held(): readonly Buffer[] {
    return NOTHING
  }
}
