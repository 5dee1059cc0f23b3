import type { Logger } from 'pino'
import { onlyTranscribes, sessionOf } from '../../dialects/realtime.ts'
import type { RefusalCode } from '../../errors.ts'
import type { Ledger, Settled } from '../../ledger/ledger.ts'
import { units } from '../../ledger/units.ts'
import type { ChargedPrices } from '../../prices/charged-prices.ts'
import type { Usage } from '../../usage/usage.ts'
import type { Deadlines } from '../forward/deadlines.ts'
import type { Steps } from '../relay.ts'
import { type Ending, inTime, priceOf, type Recordable, recordOf } from '../settle.ts'
import type { Offer, Reserved } from '../values.ts'
import type { Connected } from './connect.ts'

export interface TabParts {
  readonly ledger: Pick<Ledger, 'reserve'>
  /** Without fallbacks: the session keeps its model. */
  readonly reserve: Steps['reserve']
  readonly deadlines: Deadlines
  readonly now: () => number
  readonly chargedPrices: Pick<ChargedPrices, 'note'>
  readonly log: Pick<Logger, 'error'>
  readonly used: (usage: Usage, settled: Settled) => void
  readonly patienceMs?: number
}

/** What is charged. Times in milliseconds since 1970. */
export interface Item {
  readonly usage: Usage
  readonly startedAt: number
  /** 0: nothing of it came. */
  readonly firstByteAt: number
  /** Absent: it came whole. */
  readonly broken?: { readonly status: number; readonly code: RefusalCode | '' }
}

const NOTHING = units(0)

/** What a record of something that came whole says: that of answers over HTTP. */
const WHOLE: Ending = { status: 200, code: '' }

/**
 * What a session owes: units that are set aside for responses to come, and the charge of each as it ends. Every charge is a
 * call of its own to the ledger, with an id made of the session's and a number.
 */
export class Tab {
  readonly #parts: TabParts
  readonly #session: Connected
  #held: Reserved[]
  #charges = 0
  isClosed = false
  /** Tokens of the conversation, as the last response found and left it; of these, sound. */
  conversation = { tokens: 0, audio: 0 }

  constructor(parts: TabParts, session: Connected) {
    this.#parts = parts
    this.#session = session
    this.#held = [session.reserved]
  }

  /** Responses that units are held for. */
  get size(): number {
    return this.#held.length
  }

  /**
   * Sets units aside for one more response: for the conversation so far and a usual answer.
   * @throws Refused as for any call (contract 3.1, checks 12 and 13).
   */
  hold(): void | Promise<void> {
    const { reserved, offer, channel } = this.#session
    const { call } = reserved
    const { parsed } = call
    const holding = this.#parts.reserve({
      ...reserved,
      // It may have other budgets by now.
      key: reserved.running.key,
      offers: [{ ...offer, channels: [channel] }],
      call: {
        ...call,
        parsed: onlyTranscribes(parsed)
          ? parsed
          : sessionOf(parsed.model, this.conversation.tokens),
      },
    })
    if (holding instanceof Promise) return holding.then((held) => this.#keep(held))
    this.#keep(holding)
  }

  /** The session may have ended while units were waited for. */
  #keep(held: Reserved) {
    if (this.isClosed) held.reservation.release()
    else this.#held.push(held)
  }

  /** Charges a response. Resolves when that is durable; false: it was not in time, and was renounced. */
  charge(item: Item): Promise<Settled | undefined> {
    const { usage } = item
    if (!usage.estimated) {
      this.conversation = {
        tokens: usage.prompt + usage.completion,
        audio: usage.audioIn + usage.audioOut,
      }
    }
    return this.chargeHeld(item)
  }

  /** Charges with what is held, be it too little. */
  chargeHeld(item: Item): Promise<Settled | undefined> {
    const { offer } = this.#session
    const held = this.#held.pop()
    return held === undefined ? this.chargeBeside(item, offer) : this.#settle(held, offer, item)
  }

  /** Gives back what is held for more than that. */
  keep(most: number): void {
    for (const { reservation } of this.#held.splice(most)) reservation.release()
  }

  /** Charges what nothing is held for: it takes from what is free, and what is lacking is a shortfall. */
  async chargeBeside(item: Item, offer: Offer): Promise<Settled | undefined> {
    const { reserved } = this.#session
    const { call } = reserved
    const reservation = await this.#parts.ledger.reserve(reserved.reservation.payers, NOTHING)
    // Nobody is ever short of nothing.
    if (!('settle' in reservation)) throw new Error('nothing could not be reserved')
    const parsed = { ...call.parsed, model: offer.model }
    return this.#settle({ ...reserved, reservation, call: { ...call, parsed } }, offer, item)
  }

  /** Gives back what is held; from now on nothing is. */
  release() {
    this.isClosed = true
    for (const { reservation } of this.#held.splice(0)) reservation.release()
  }

  #settle(held: Reserved, offer: Offer, item: Item): Promise<Settled | undefined> {
    const { usage, startedAt, firstByteAt, broken } = item
    const { admission } = held
    const tokens = usage.prompt + usage.completion
    if (this.#charges++ === 0) admission.used(tokens)
    else admission.usedMore(tokens)
    const call = { ...held.call, id: `${held.call.id}-${this.#charges}`, startedAt }
    const { channel, attempts, list, outputLimit } = this.#session
    const outcome = { channel, offer, attempts, list, outputLimit, firstByteAt }
    const recordable: Recordable = { reserved: { call, key: held.key }, outcome, usage }
    const record = recordOf(this.#parts, recordable, broken ?? WHOLE)
    this.#parts.chargedPrices.note(record, offer.price)
    const settled = held.reservation.settle(priceOf(recordable), record)
    const used = (done: Settled) => this.#parts.used(usage, done)
    return inTime(this.#parts, { call, reservation: held.reservation }, { settled, used })
  }
}
