import type { Edit } from '../../dialects/edits.ts'
import { onlyTranscribes } from '../../dialects/realtime.ts'
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
  /** The session's own model, by the provider's name of it. */
  readonly #own: string

  constructor(session: Connected, prices: Pick<PriceBook, 'priceOf'>) {
    const { offer, channel } = session
    this.#session = session
    this.#prices = prices
    this.#own = channel.mapping.get(offer.model) ?? offer.model
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
      const isFixed = as === 'speaker' || this.#transcribes
      const theirs = isFixed ? this.#same(name) : this.#transcriber(name)
      if (theirs !== name) edits.push({ ...span, text: JSON.stringify(theirs) })
    }
    return edits
  }

  /** What a transcript costs: at the price of who wrote it or, where that is not known, of the session. */
  transcribing(theirs: string | undefined): Offer {
    const { offer } = this.#session
    if (theirs === undefined || this.#transcribes) return offer
    const model = this.#ours.get(theirs) ?? theirs
    const price = this.#priceOf(model)
    return price === undefined ? offer : { ...offer, model, price }
  }

  #same(name: string): string {
    const { offer, reserved } = this.#session
    const names = [this.#own, offer.model, reserved.call.parsed.model]
    if (names.includes(name)) return this.#own
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

  get #transcribes(): boolean {
    return onlyTranscribes(this.#session.reserved.call.parsed)
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
