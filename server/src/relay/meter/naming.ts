import type { Loose } from '../../dialects/dialect.ts'
import type { Beside, Usage } from '../../usage/usage.ts'
import type { Meter, ProducedTexts } from './meter.ts'

/** Tells the id of an answer as soon as a stream has said it: what it names goes on when the stream is cut off. */
export class NamingMeter implements Meter {
  readonly #meter: Meter
  #told: ((id: string) => unknown) | undefined

  constructor(meter: Meter, told: (id: string) => unknown) {
    this.#meter = meter
    this.#told = told
  }

  chunk(bytes: Buffer): boolean {
    const flows = this.#meter.chunk(bytes)
    const id = this.#told && this.#meter.issuing?.()?.id
    if (typeof id === 'string' && id !== '') {
      this.#told?.(id)
      this.#told = undefined
    }
    return flows
  }

  get complete(): boolean {
    return this.#meter.complete
  }

  get finished(): boolean {
    return this.#meter.finished
  }

  end(): boolean {
    return this.#meter.end()
  }

  reported(): Usage | undefined {
    return this.#meter.reported()
  }

  beside(): Beside | undefined {
    return this.#meter.beside?.()
  }

  issuing(): Loose | undefined {
    return this.#meter.issuing?.()
  }

  produced(): ProducedTexts {
    return this.#meter.produced()
  }

  held(): readonly Buffer[] {
    return this.#meter.held()
  }
}
