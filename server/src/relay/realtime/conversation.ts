import type { Edit } from '../../dialects/edits.ts'
import { onlyTranscribes, type ToldOf } from '../../dialects/realtime.ts'
import { Refused } from '../../errors.ts'
import type { PriceBook } from '../../prices/price-book.ts'
import type { Tokenizer } from '../../prices/tokenizer.ts'
import type { Usage } from '../../usage/usage.ts'
import type { Proven } from '../authenticate.ts'
import type { Steps } from '../relay.ts'
import type { Connected } from './connect.ts'
import { Hearing, type Turn } from './hearing.ts'
import { SessionModels } from './models.ts'
import { Produced } from './produced.ts'
import type { Said } from './said-event.ts'
import { type Item, Tab, type TabParts } from './tab.ts'
import { transcriptUsage } from './transcript.ts'

export interface ConversationParts extends TabParts {
  readonly prices: Pick<PriceBook, 'priceOf'>
  readonly tokenizer: Pick<Tokenizer, 'count'>
  readonly authoriseAgain: Steps['authoriseAgain']
}

/** Nobody listens to more at a time, and each holds units. */
const MOST_OPEN = 64
/** Of so many responses it is remembered that they were charged. */
const MOST_REMEMBERED = 100
const USUAL_RATE = 48_000

/**
 * The responses of a session, and what they cost. The rule: units are held for every response that was asked for or has
 * begun, and for one when there is none, because a provider that listens may begin one by itself at any time.
 */
export class Conversation {
  readonly #models: SessionModels
  readonly hearing: Hearing
  readonly #parts: ConversationParts
  readonly #session: Connected
  readonly #proven: Proven
  readonly #tab: Tab
  /** Nobody answers in it. */
  readonly #transcribes: boolean
  /** Passed on to the provider, which has not begun them. */
  #asked = 0
  readonly #running = new Map<string, Produced>()
  readonly #charged = new Set<string>()
  /** Bytes a second of what is spoken, as the provider said last. */
  #rate = USUAL_RATE

  constructor(parts: ConversationParts, session: Connected, proven: Proven) {
    this.#parts = parts
    this.#session = session
    this.#proven = proven
    this.#tab = new Tab(parts, session)
    this.#models = new SessionModels(session, parts.prices)
    this.#transcribes = onlyTranscribes(session.reserved.call.parsed)
    this.hearing = new Hearing(parts.now, this.#transcribes)
  }

  /** Responses that were asked for or have begun, and are not done. */
  get open(): number {
    return this.#asked + this.#running.size
  }

  /** Whether the provider owes nothing: no response that has begun, no transcript of what was heard. */
  get isQuiet(): boolean {
    return this.#running.size === 0 && !this.hearing.isOwed
  }

  /** The ids of responses that have begun. */
  get running(): readonly string[] {
    return [...this.#running.keys()]
  }

  /** Whether the key may still have a session. @throws Refused why not. */
  async lookAgain(): Promise<void> {
    this.#parts.authoriseAgain(await this.#proven.again(), this.#session.reserved)
  }

  /** The client asks for a response. @throws Refused why it may not; the session is then over. */
  async ask(): Promise<void> {
    await this.lookAgain()
    await this.#holdFor(this.#due + 1)
    this.#asked++
  }

  /** Why a response can't be asked for at present; the session goes on. */
  whyNotNow(): Refused | undefined {
    if (this.open >= MOST_OPEN) {
      const says = `${MOST_OPEN} responses of this session are not done yet: wait for one of them`
      return new Refused('rate_limited', says, { retryAfter: 1 })
    }
    const { tokens } = this.#session.reserved.admission.standings()
    if (tokens === undefined || tokens.left > 0) return undefined
    const retryAfter = Math.max(1, Math.ceil(tokens.resetMs / 1000))
    const says = `${tokens.most} tokens were used in the last 60 seconds, and no more may be: all are free again in ${retryAfter} s`
    return new Refused('rate_limited', says, { retryAfter })
  }

  /** What was asked for came to nothing, as far as anybody can tell. */
  refusedByProvider(): void {
    if (this.#asked > 0) this.#asked--
  }

  /** A response begins, asked for or not. @throws Refused why the session is over. */
  async begun({ id }: ToldOf<'begun'>): Promise<void> {
    const isAsked = this.#asked > 0
    if (isAsked) this.#asked--
    this.#running.set(id, new Produced(this.#parts.now()))
    if (!isAsked) await this.lookAgain()
    await this.#holdFor(this.#due)
  }

  /**
   * What of an event has to be said in other words to the provider.
   * @throws Refused why it can't be passed on; the session goes on.
   */
  judge({ of, type, models }: Said): readonly Edit[] {
    if (of === 'response' && this.#transcribes) {
      const says = 'this session only transcribes: nobody answers in it'
      throw new Refused('unsupported_parameter', says)
    }
    if (type !== undefined && (type === 'transcription') !== this.#transcribes) {
      const other = this.#transcribes ? 'model=...' : 'intent=transcription'
      const says = `a session keeps its type: open /v1/realtime?${other} for the other one`
      throw new Refused('unsupported_parameter', says)
    }
    return this.#models.edits(models)
  }

  /** The client sends so many bytes of sound. @throws Refused why the session is over. */
  hear(bytes: number): Promise<void> | undefined {
    this.hearing.hear(bytes)
    return this.#catchUp()
  }

  /** The provider tells what it does with the sound. @throws Refused as `hear`. */
  noteSound(told: ToldOf<'sound'>): Promise<void> | undefined {
    this.hearing.note(told)
    return this.#catchUp()
  }

  /** Holds units for what is being written down; mostly that is done. */
  #catchUp(): Promise<void> | undefined {
    return this.#transcribes && this.#tab.size < this.#due ? this.#holdFor(this.#due) : undefined
  }

  written({ id, text }: ToldOf<'written'>): void {
    this.#running.get(id)?.write(text, this.#parts.now())
  }

  spoken({ id, length }: ToldOf<'spoken'>): void {
    this.#running.get(id)?.speak(length, this.#parts.now())
  }

  /** The provider says how the session is set up. */
  setUp(told: ToldOf<'session'>): void {
    this.hearing.setUp(told)
    this.#rate = told.rate
  }

  /**
   * Charges a response that is done; resolves when that is durable. `broken`: the client does not hear of it.
   * @throws Refused `ledger_unavailable`: it was not in time, and costs nothing.
   */
  async done({ id, usage }: ToldOf<'done'>, broken?: Item['broken']): Promise<void> {
    const produced = this.#running.get(id)
    this.#running.delete(id)
    // It was said twice.
    if (produced === undefined && this.#charged.has(id)) return
    this.#remember(id)
    const began = produced ?? new Produced(this.#parts.now())
    const item = this.#itemOf(began, usage ?? (await this.#estimated(began)), broken)
    if ((await this.#tab.charge(item)) === undefined) throw new Refused('ledger_unavailable')
  }

  /** Charges a transcript; false: it could not be paid in full. @throws Refused as `done`. */
  async transcribed(
    { item, text, usage }: ToldOf<'transcribed'>,
    broken?: Item['broken'],
  ): Promise<boolean> {
    const turn = this.hearing.take(item)
    // Nobody asked for it, as far as anybody can tell, and nobody says that it costs anything.
    const isAsked = this.#transcribes || turn.transcriber !== undefined
    if (usage === undefined && !isAsked) return true
    const settled = await this.#chargeTurn({ ...turn, words: [text] }, usage, broken)
    if (settled === undefined) throw new Refused('ledger_unavailable')
    return settled.shortfall === 0
  }

  /** Holds units for the next response. @throws Refused why the session is over. */
  async next(): Promise<void> {
    await this.lookAgain()
    await this.#holdFor(Math.max(1, this.#due))
  }

  /** Charges what came of responses that are not done, and holds nothing any more. */
  async end(broken: NonNullable<Item['broken']>): Promise<void> {
    const left = [...this.#running.values()]
    this.#running.clear()
    const charges = left.map(async (produced) => {
      const usage = await this.#estimated(produced)
      await this.#tab.charge(this.#itemOf(produced, usage, broken))
    })
    const turns = this.hearing.takeLeft()
    charges.push(
      ...turns.map(async (turn) => void (await this.#chargeTurn(turn, undefined, broken))),
    )
    await Promise.all(charges).finally(() => this.#tab.release())
  }

  /** What units are held for. */
  get #due(): number {
    return this.open + (this.#transcribes ? this.hearing.stretches : 0)
  }

  async #holdFor(due: number): Promise<void> {
    while (!this.#tab.isClosed && this.#tab.size < due) await this.#tab.hold()
  }

  #estimated(produced: Produced): Promise<Usage> {
    const { tokenizer } = this.#parts
    return produced.usage(tokenizer.count, this.#tab.conversation, this.#rate)
  }

  async #chargeTurn(turn: Turn, reported: Usage | undefined, broken: Item['broken']) {
    const { seconds, words: texts, startedAt } = turn
    const offer = this.#models.transcribing(turn.transcriber)
    const transcript = { reported, seconds, texts }
    const usage = await transcriptUsage(this.#parts.tokenizer.count, transcript, offer.price)
    const firstByteAt = turn.firstByteAt || this.#parts.now()
    const item = { usage, startedAt, firstByteAt, ...(broken && { broken }) }
    if (!this.#transcribes) return this.#tab.chargeBeside(item, offer)
    // What was held for more of its sound is there to pay for it.
    this.#tab.keep(this.#due + 1)
    return this.#tab.chargeHeld(item)
  }

  #itemOf({ startedAt, firstByteAt }: Produced, usage: Usage, broken: Item['broken']): Item {
    return { usage, startedAt, firstByteAt, ...(broken && { broken }) }
  }

  #remember(id: string): void {
    if (id === '') return
    this.#charged.add(id)
    const [oldest] = this.#charged
    if (this.#charged.size > MOST_REMEMBERED && oldest !== undefined) this.#charged.delete(oldest)
  }
}
