import { type Clock, machineClock } from '../storage/lanes/clock.ts'
import type { RateExchange, ToldRates } from '../storage/rate-exchange.ts'
import type { Claim } from './admission.ts'
import type { Limited } from './limits.ts'
import { Peers } from './peers.ts'
import type { Counts, Judged, Rates } from './rates.ts'
import { WINDOW_MS } from './sliding-window.ts'
import { EXCHANGE_EVERY_MS } from './tally.ts'

export interface SharedRatesParts {
  readonly counts: Counts
  readonly exchange: RateExchange
  readonly clock?: Pick<Clock, 'monotonic' | 'after'>
  readonly log?: { error(detail: object, message: string): void }
}

/** Whoever waits for an exchange has the next one begin so soon after the last one began. */
const SOONEST_MS = 10
/** An exchange that takes longer is waited for by nobody. */
const PATIENCE_MS = 1_000
/** What runs here is told anew so often: who begins to listen later knows it then, and who missed something again. */
const WHOLE_EVERY_MS = 20_000

interface Call {
  readonly limits: readonly Limited[]
  readonly tokens: number
  resolve(judged: Judged): void
}

/** A call whose place was told to others, who may have been earlier. */
interface Claimed extends Call {
  readonly claim: Claim
}

/**
 * Rate limits that many nodes of one database keep together.
 *
 * A node admits by itself, of each key and account, what its limit lets pass in 250 ms - a 240th of it, at least one
 * call - and then tells the others. A call beyond that share is told first and admitted afterwards: it is entered,
 * told, and taken back if what others told before shows that the limit was reached. Nobody is refused early; a burst
 * waits for one exchange, which begins at once and takes as long as the database needs for one small statement.
 *
 * So with k nodes no more than (k - 1) x limit / 240, rounded up, is ever admitted beyond a limit: of each other node
 * what it had not told yet. (Of tokens also one call's, if that expects more.) Exchanging alone, without shares, would let each node spend the whole limit before it hears
 * of the others, and again a minute later, when all of that leaves the window at once: k limits a minute, for ever.
 *
 * When an exchange takes longer than a second, nobody waits any more, and each node goes by what it knows until one
 * succeeds: the database's trouble refuses no call here. Who is alone at its database waits for nothing.
 */
export class SharedRates implements Rates {
  readonly #counts: Counts
  readonly #exchange: RateExchange
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>
  readonly #log: SharedRatesParts['log']
  readonly #peers = new Peers()
  #waiting: Call[] = []
  #claims: Claimed[] = []
  /** What was sent and may not have arrived. */
  #sent: ToldRates | undefined
  #sentAt = 0
  #turn = 0
  /** 0: nobody said yet. */
  #nodes = 0
  #isLate = false
  #hasFailed = false
  #beganAt = Number.NEGATIVE_INFINITY
  #wholeAt = Number.NEGATIVE_INFINITY
  #wholeEpoch = 0
  #underway: Promise<void> | undefined
  #planned: { readonly at: number; cancel(): void } | undefined
  #isClosed = false

  constructor({ counts, exchange, clock = machineClock, log }: SharedRatesParts) {
    this.#counts = counts
    this.#exchange = exchange
    this.#clock = clock
    this.#log = log
  }

  admit(limits: readonly Limited[], tokens: number): Judged | Promise<Judged> {
    const isFree = this.#nodes === 1 || this.#isLate || this.#isClosed
    if (isFree || this.#counts.mayGoUntold(limits, tokens)) {
      const judged = this.#counts.admit(limits, tokens)
      this.#plan(EXCHANGE_EVERY_MS)
      return judged
    }
    const denial = this.#counts.judge(limits, tokens)
    if (denial !== undefined) return denial
    return new Promise((resolve) => {
      this.#waiting.push({ limits, tokens, resolve })
      this.#plan(SOONEST_MS)
    })
  }

  judge(limits: readonly Limited[], tokens: number) {
    return this.#counts.judge(limits, tokens)
  }

  standings(limits: readonly Limited[]) {
    return this.#counts.standings(limits)
  }

  /** Tells what is left to tell, if the database answers soon. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#planned?.cancel()
    await this.#underway
    this.#letGo()
    if (this.#isLate) return
    const { promise: patience, resolve } = Promise.withResolvers<void>()
    const cancel = this.#clock.after(PATIENCE_MS, resolve)
    await Promise.race([this.#run(), patience])
    cancel()
  }

  /** Exchanges when this time has passed since the last exchange began, unless one is planned for earlier. */
  #plan(gapMs: number): void {
    if (this.#underway !== undefined || this.#isClosed) return
    const now = this.#clock.monotonic()
    const at = Math.max(now, this.#beganAt + gapMs)
    if (this.#planned !== undefined && this.#planned.at <= at) return
    this.#planned?.cancel()
    const cancel = this.#clock.after(at - now, () => {
      this.#planned = undefined
      this.#underway = this.#run().finally(() => {
        this.#underway = undefined
        this.#planNext()
      })
    })
    this.#planned = { at, cancel }
  }

  /** Goes on while anything is remembered: whoever has limits may call other nodes now. */
  #planNext(): void {
    this.#counts.sweep()
    if (this.#waiting.length > 0) this.#plan(SOONEST_MS)
    else if (this.#counts.size > 0) this.#plan(EXCHANGE_EVERY_MS)
    // Who hears nothing does not know whether it is alone.
    else this.#nodes = 0
  }

  async #run(): Promise<void> {
    this.#beganAt = this.#clock.monotonic()
    if (this.#beganAt - this.#sentAt > WINDOW_MS) this.#forgetSent()
    if (this.#sent === undefined) {
      this.#claims = this.#enter()
      this.#sent = this.#tell()
      this.#sentAt = this.#beganAt
    }
    // An answer that came while this process was busy counts: whatever has arrived is read first.
    let cancel = this.#clock.after(PATIENCE_MS, () => {
      cancel = this.#clock.after(0, () => this.#late())
    })
    try {
      this.#hear(await this.#exchange.exchange(this.#sent))
      if (this.#hasFailed) this.#log?.error({}, 'rate limits are shared with other nodes again')
      this.#hasFailed = false
    } catch (failure) {
      this.#late()
      if (!this.#hasFailed) {
        this.#log?.error({ err: failure }, 'rate limits are not shared with other nodes: retrying')
      }
      this.#hasFailed = true
    } finally {
      cancel()
    }
  }

  /** What was sent so long ago has left the window of those who heard it, and would be counted anew by who hears it now. */
  #forgetSent(): void {
    if (this.#sent === undefined) return
    this.#sent = undefined
    this.#counts.news.told()
    this.#wholeAt = Number.NEGATIVE_INFINITY
  }

  /** Gives everybody who waits a place, as far as this node knows; others are told of them now. */
  #enter(): Claimed[] {
    return this.#waiting.splice(0).flatMap((call) => {
      const judged = this.#counts.admit(call.limits, call.tokens)
      if ('leave' in judged) return [{ ...call, claim: judged }]
      call.resolve(judged)
      return []
    })
  }

  #tell(): ToldRates | undefined {
    const { epoch } = this.#exchange
    const now = this.#clock.monotonic()
    const whole = epoch !== this.#wholeEpoch || now - this.#wholeAt >= WHOLE_EVERY_MS
    const entities = this.#counts.news.tell(whole)
    if (entities.length === 0) return undefined
    if (whole) {
      this.#wholeAt = now
      this.#wholeEpoch = epoch
    }
    this.#turn += 1
    return { turn: this.#turn, epoch, whole, entities }
  }

  #hear({ living, heard }: Awaited<ReturnType<RateExchange['exchange']>>): void {
    this.#sent = undefined
    this.#isLate = false
    this.#nodes = living.length
    const { news } = this.#counts
    news.told()
    for (const { entities, ageMs } of heard) news.hear(entities, ageMs)
    if (this.#peers.hear(heard, living)) news.setElsewhere(this.#peers.running())
    this.#confirm()
  }

  /** Keeps the claims for which there was room, the earliest first; the others hear no, or are told once more. */
  #confirm(): void {
    const lost: Claimed[] = []
    for (const one of this.#claims.reverse()) {
      if (!this.#counts.isOver(one.limits)) one.resolve(one.claim)
      else {
        one.claim.takeBack()
        lost.push(one)
      }
    }
    this.#claims = []
    for (const { limits, tokens, resolve } of lost.reverse()) {
      const denial = this.#counts.judge(limits, tokens)
      // Where there is room again, another node may be about to take it: it is claimed once more.
      if (denial === undefined) this.#waiting.push({ limits, tokens, resolve })
      else resolve(denial)
    }
  }

  #late(): void {
    this.#isLate = true
    this.#letGo()
  }

  /** Nobody waits any longer. */
  #letGo(): void {
    for (const { claim, resolve } of this.#claims.splice(0)) resolve(claim)
    for (const { limits, tokens, resolve } of this.#waiting.splice(0)) {
      resolve(this.#counts.admit(limits, tokens))
    }
  }
}
