import {
  Breaker,
  type BreakerParts,
  type Opening,
  type OpenReason,
  type Standing,
} from './breaker.ts'
import { RecentCounts } from './recent-counts.ts'
import { RecentLatencies } from './recent-latencies.ts'

/**
 * Failures without an answer between them that open a channel; one more for each hundred answers of the last seconds,
 * because among many calls that fail now and then chance makes a row sooner.
 */
const MOST_IN_A_ROW = 5
const ANSWERS_A_FURTHER = 100
const MOST_FURTHER = 20
/** The share of failures among at least so many calls that opens it, too. */
const WINDOW_MS = 30_000
const LEAST_CALLS = 20
const MOST_FAILING = 0.5
/** Each answer moves the average by a tenth; one of a minute ago says little. */
const LATENCY_SHARE = 0.1
const LATENCY_HALVES_MS = 15_000
/** Lists of models that are asked for change for ever. */
const MOST_MODELS = 1_000

/** A breaker opened or closed. `keyAt`: the key's place in the channel; absent = the channel itself. */
export interface BreakerChange {
  readonly keyAt: number | undefined
  readonly opened: { readonly reason: OpenReason; readonly forMs: number } | undefined
}

export interface ChannelHealthParts extends BreakerParts {
  /** How many upstream keys it has. */
  readonly keys: number
  readonly told: (change: BreakerChange) => void
}

/** A channel's breaker and its keys' as they are shown. */
export interface ChannelStanding extends Standing {
  readonly keys: readonly Standing[]
}

/**
 * What is known of a channel lately, at this node. Trouble of the provider's servers counts against the channel; a
 * refused or exhausted credential against the key that was sent. Without any key that may be used the channel is down.
 */
export class ChannelHealth {
  inFlight = 0
  readonly #parts: ChannelHealthParts
  readonly #breaker: Breaker
  /** At least one: a provider that takes no key can refuse us all the same. */
  readonly #keys: readonly Breaker[]
  readonly #recent = new RecentCounts(WINDOW_MS)
  /** All of them are closed: hundreds of channels are asked for each call, and nearly all of them are. */
  #isWell = true
  #inARow = 0
  #turn = 0
  #latencyMs = 0
  #latencyAt = 0
  /** By model; empty where nobody hedges. A plain answer begins when it is finished, and says nothing of streams. */
  readonly #plain = new Map<string, RecentLatencies>()
  readonly #streamed = new Map<string, RecentLatencies>()

  constructor(parts: ChannelHealthParts) {
    this.#parts = parts
    this.#breaker = new Breaker(parts)
    this.#keys = Array.from({ length: Math.max(1, parts.keys) }, () => new Breaker(parts))
  }

  mayTry(now: number): boolean {
    if (this.#isWell) return true
    if (!this.#breaker.mayTry(now)) return false
    for (const key of this.#keys) if (key.mayTry(now)) return true
    return false
  }

  /** The earliest time at which a call may pass; `now` = at once. */
  triableAt(now: number): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const key of this.#keys) earliest = Math.min(earliest, key.triableAt(now))
    return Math.max(earliest, this.#breaker.triableAt(now))
  }

  /**
   * A call goes to it, with the next of its keys that may be used, or with the one at `keyAt` where it has to be that. Only
   * when `mayTry`; ends by one word to the `Try`.
   */
  begin(now: number, keyAt?: number): Try {
    this.inFlight += 1
    return new Try(this, this.#breaker, keyAt ?? this.#nextKey(now))
  }

  key(at: number): Breaker {
    return this.#keys[at] as Breaker
  }

  /** The provider answers. */
  works(breaker: Breaker, epoch: number, now: number): void {
    if (epoch !== breaker.epoch) return
    this.#recent.addGood(now)
    this.#inARow = 0
    if (!breaker.worked(epoch, now)) return
    this.#recent.clear()
    this.#tell({ keyAt: undefined, opened: undefined })
  }

  /** The provider failed. */
  fails(breaker: Breaker, epoch: number, now: number) {
    if (epoch !== breaker.epoch) return
    if (!breaker.isClosed) return this.opens(undefined, epoch, now, { reason: 'probe_failed' })
    this.#recent.addBad(now)
    this.#inARow += 1
    if (this.#inARow >= this.#mostInARow(now)) {
      this.opens(undefined, epoch, now, { reason: 'consecutive_failures' })
    } else if (this.#failsOften(now)) {
      this.opens(undefined, epoch, now, { reason: 'error_rate' })
    }
  }

  opens(keyAt: number | undefined, epoch: number, now: number, opening: Opening): void {
    const breaker = keyAt === undefined ? this.#breaker : this.key(keyAt)
    const forMs = breaker.open(epoch, now, opening)
    if (forMs === 0) return
    if (keyAt === undefined) this.#inARow = 0
    this.#tell({ keyAt, opened: { reason: opening.reason, forMs } })
  }

  keyWorks(keyAt: number, epoch: number, now: number): void {
    if (this.key(keyAt).worked(epoch, now)) this.#tell({ keyAt, opened: undefined })
  }

  /** Milliseconds from a request to its first byte. */
  answeredIn(ms: number, now: number): void {
    const before = this.latencyMs(now)
    const took = Math.max(0, ms)
    this.#latencyMs = before === 0 ? took : before + LATENCY_SHARE * (took - before)
    this.#latencyAt = now
  }

  /** The average of recent answers; it fades, so that a channel which was slow is asked again. 0 = nothing is known. */
  latencyMs(now: number): number {
    return this.#latencyMs * 2 ** ((this.#latencyAt - now) / LATENCY_HALVES_MS)
  }

  /** How soon its answers with this model began lately. */
  firstBytesOf({ model, stream }: { readonly model: string; readonly stream: boolean }) {
    const byModel = stream ? this.#streamed : this.#plain
    const known = byModel.get(model)
    if (known !== undefined) return known
    if (byModel.size >= MOST_MODELS) byModel.clear()
    const begun = new RecentLatencies()
    byModel.set(model, begun)
    return begun
  }

  /** Somebody knows better: what was open is told to be closed, as when a call finds it out. */
  reset(): void {
    const open: (number | undefined)[] = this.#breaker.isClosed ? [] : [undefined]
    for (const [at, key] of this.#keys.entries()) if (!key.isClosed) open.push(at)
    this.#breaker.reset()
    for (const key of this.#keys) key.reset()
    this.#recent.clear()
    this.#inARow = 0
    this.#isWell = true
    for (const keyAt of open) this.#tell({ keyAt, opened: undefined })
  }

  standing(now: number): ChannelStanding {
    const keys = this.#keys.map((key) => key.standing(now))
    const own = this.#breaker.standing(now)
    if (own.state !== 'closed' || keys.some(({ state }) => state === 'closed')) {
      return { ...own, keys }
    }
    // None of its keys is sure to work: it is as well as the best of them.
    return { ...(keys.find(({ state }) => state === 'half_open') ?? soonest(keys)), keys }
  }

  #mostInARow(now: number): number {
    const further = Math.floor(this.#recent.good(now) / ANSWERS_A_FURTHER)
    return MOST_IN_A_ROW + Math.min(further, MOST_FURTHER)
  }

  #tell(change: BreakerChange): void {
    this.#isWell = this.#breaker.isClosed && this.#keys.every((key) => key.isClosed)
    this.#parts.told(change)
  }

  #failsOften(now: number): boolean {
    const bad = this.#recent.bad(now)
    const all = bad + this.#recent.good(now)
    return all >= LEAST_CALLS && bad >= all * MOST_FAILING
  }

  #nextKey(now: number): number {
    const { length } = this.#keys
    if (length === 1) return 0
    for (let step = 0; step < length; step++) {
      const at = (this.#turn + step) % length
      if (!this.key(at).mayTry(now)) continue
      this.#turn = at + 1
      return at
    }
    return 0
  }
}

function soonest(keys: readonly Standing[]): Standing {
  return keys.reduce((best, one) => ((one.openUntil ?? 0) < (best.openUntil ?? 0) ? one : best))
}

/** One call on its way through a channel. It hears one word at its end: the first counts. */
export class Try {
  readonly keyAt: number
  readonly #health: ChannelHealth
  readonly #breaker: Breaker
  readonly #key: Breaker
  readonly #epoch: number
  readonly #keyEpoch: number
  /** It is the one that others wait for. */
  #isProbe: boolean
  #isOver = false

  constructor(health: ChannelHealth, breaker: Breaker, keyAt: number) {
    this.#health = health
    this.#breaker = breaker
    this.keyAt = keyAt
    this.#key = health.key(keyAt)
    this.#epoch = breaker.epoch
    this.#keyEpoch = this.#key.epoch
    const isProbe = breaker.begin()
    this.#isProbe = this.#key.begin() || isProbe
  }

  /** A good answer begins. A probe proves nothing yet, but another one need not wait for the end of a long stream. */
  answering(): void {
    this.#letGo()
  }

  /** The provider did its part, be it by an answer that the caller has to mend. */
  worked(now: number): void {
    if (!this.#end()) return
    this.#health.works(this.#breaker, this.#epoch, now)
    this.#health.keyWorks(this.keyAt, this.#keyEpoch, now)
  }

  /** The provider's servers are at fault. `askedMs`: the pause that they asked for. */
  failed(now: number, askedMs?: number) {
    if (!this.#end()) return
    this.#letGo()
    if (askedMs === undefined) return this.#health.fails(this.#breaker, this.#epoch, now)
    const opening = { reason: 'overloaded', askedMs } as const
    this.#health.opens(undefined, this.#epoch, now, opening)
  }

  /** The provider's servers answer, but not to this key. */
  refused(now: number, opening: Opening): void {
    if (!this.#end()) return
    this.#health.works(this.#breaker, this.#epoch, now)
    this.#health.opens(this.keyAt, this.#keyEpoch, now, opening)
  }

  /** Nobody knows: the client left, or the call was cut. */
  untold(): void {
    if (this.#end()) this.#letGo()
  }

  #letGo(): void {
    if (!this.#isProbe) return
    this.#isProbe = false
    this.#breaker.letGo(this.#epoch)
    this.#key.letGo(this.#keyEpoch)
  }

  #end(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#health.inFlight -= 1
    return true
  }
}
