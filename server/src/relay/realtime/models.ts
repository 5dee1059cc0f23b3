import type { Edit } from '../../dialects/edits.ts'
import { Refused } from '../../errors.ts'
import type { ApiKey } from '../../keys/api-key.ts'
import type { PriceBook } from '../../prices/price-book.ts'
import { mayNotUse } from '../authorise.ts'
import { quoted } from '../quoted.ts'
import type { Offer } from '../values.ts'
import type { Connected } from './connect.ts'
import type { NamedModel } from './said-event.ts'

/** The models of a session: the one that it was opened for, and whoever writes down what is heard. */
export class SessionModels {
  readonly #session: Connected
  readonly #prices: Pick<PriceBook, 'priceOf'>
  /** Names that the provider uses, and ours. */
  readonly #ours = new Map<string, string>()

  constructor(session: Connected, prices: Pick<PriceBook, 'priceOf'>) {
    this.#session = session
    this.#prices = prices
  }

  /**
   * Judges the models that an event names, and puts the provider's own names in their place.
   * @throws Refused where the key may not use one, nobody can pay for it, or the session can't change to it.
   */
  edits(named: readonly NamedModel[]): readonly Edit[] {
    const edits: Edit[] = []
    for (const { as, name, span } of named) {
      if (name === null) continue
      if (typeof name !== 'string') throw new Refused('invalid_request', 'model must be a string')
      const theirs = as === 'speaker' ? this.#speaker(name) : this.#transcriber(name)
      if (theirs !== name) edits.push({ ...span, text: JSON.stringify(theirs) })
    }
    return edits
  }

  /** What a transcript costs: at the price of who wrote it or, where that is not known, of the session. */
  transcribing(theirs: string | undefined): Offer {
    const { offer } = this.#session
    const model = theirs === undefined ? undefined : (this.#ours.get(theirs) ?? theirs)
    const price = model === undefined ? undefined : this.#priceOf(model)
    return model === undefined || price === undefined ? offer : { ...offer, model, price }
  }

  #speaker(name: string): string {
    const { offer, reserved, channel } = this.#session
    const own = channel.mapping.get(offer.model) ?? offer.model
    if (name === own || name === offer.model || name === reserved.call.parsed.model) return own
    this.#mayUse(name)
    const says = `a session keeps its model, ${quoted(offer.model)}: open another one for ${quoted(name)}`
    throw new Refused('unsupported_parameter', says)
  }

  #transcriber(name: string): string {
    const { channel } = this.#session
    this.#mayUse(name)
    if (!channel.free && this.#priceOf(name) === undefined) {
      throw new Refused('price_missing', `${quoted(name)} has no price`)
    }
    const theirs = channel.mapping.get(name) ?? name
    if (theirs !== name) this.#ours.set(theirs, name)
    return theirs
  }

  #mayUse(name: string): void {
    if (!this.#key.mayUseModel(name)) throw mayNotUse(name)
  }

  #priceOf(model: string) {
    const { offer } = this.#session
    const walked = this.#key.groups.find(({ name }) => name === offer.group)
    return this.#prices.priceOf(model, walked?.ratio)
  }

  /** As it is now. */
  get #key(): ApiKey {
    return this.#session.reserved.running.key
  }
}
