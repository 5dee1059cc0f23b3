import type { ProducedTexts } from './meter.ts'

const NOTHING: readonly Buffer[] = []
const NO_TEXTS: ProducedTexts = { texts: [], share: 1 }

/** What meters have in common that find nothing to charge for, and hold no end back. */
export abstract class Unmetered {
  readonly finished = false

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
