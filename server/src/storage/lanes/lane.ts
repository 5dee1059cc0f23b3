import { StorageUnavailable } from '../failures.ts'
import { type Clock, type Moment, momentOn, pauseOn } from './clock.ts'
import { NotApplied } from './ledger-calls.ts'

export interface LaneParts {
  readonly clock: Clock
  /** The node's present epoch. */
  readonly epoch: () => number
  /**
   * Told of every call that was applied: since when it may have been, by both clocks. Others see a lane move once, however
   * often its call is sent again and answered.
   */
  readonly acknowledged: (sent: Moment) => void
  /** The epoch has ended; resolves when the node has a new one. */
  readonly lost: (epoch: number) => Promise<void>
}

const RETRY_MS = 250

/**
 * A call's number is how many there were, and behind it a stamp: the last digits of the nanosecond in which the call was made.
 * A process that is copied while it runs - a machine's snapshot that goes on twice - counts on under the same epoch: without
 * the stamp its calls would pass for those of the other one that were sent again, and be answered without being applied.
 * Few enough that numbers stay exact for four years of a thousand calls a second.
 */
export const STAMPS = 2 ** 16
const NANOSECONDS = 1e6

const numberAfter = (last: number, monotonic: number): number =>
  (Math.floor(last / STAMPS) + 1) * STAMPS + (Math.floor(monotonic * NANOSECONDS) % STAMPS)

/**
 * One of a node's two ways to the shared ledger: one call at a time, each with the number after the last. A call whose
 * fate is unknown is sent again as it was, until its fate is known: nothing else may take its number.
 */
export class Lane {
  readonly #parts: LaneParts
  #epoch = 0
  #seq = 0
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(parts: LaneParts) {
    this.#parts = parts
  }

  /** The number of the last call that is known to have been applied. */
  get seq(): number {
    return this.#epoch === this.#parts.epoch() ? this.#seq : 0
  }

  /**
   * Sends after all that was sent before. 'lost': its epoch ended before it was applied, and a new one has begun.
   * @throws NotApplied; StorageUnavailable when the lane was closed with its fate unknown
   */
  send<Answer>(
    call: (epoch: number, seq: number) => Promise<Answer | 'lost'>,
  ): Promise<Answer | 'lost'> {
    const sent = this.#last.then(() => this.#send(call))
    this.#last = sent.catch(() => undefined)
    return sent
  }

  /** Sends nothing again that fails from now on. */
  close(): void {
    this.#closed = true
  }

  async #send<Answer>(
    call: (epoch: number, seq: number) => Promise<Answer | 'lost'>,
  ): Promise<Answer | 'lost'> {
    const { clock, epoch: present, lost } = this.#parts
    const epoch = present()
    if (epoch !== this.#epoch) {
      this.#epoch = epoch
      this.#seq = 0
    }
    let sent = momentOn(clock)
    const number = numberAfter(this.#seq, sent.monotonic)
    let mayArrive = false
    for (;;) {
      if (!mayArrive) sent = momentOn(clock)
      try {
        const answer = await call(epoch, number)
        if (answer === 'lost') await lost(epoch)
        else this.#applied(epoch, number, sent)
        return answer
      } catch (failure) {
        // What was refused for its own values would be refused each time. Otherwise a call that was sent before may still
        // arrive and take the number: were another sent under it, that one would be answered without having been applied.
        const certain = failure instanceof NotApplied
        if (certain && (failure.ofItsOwn || !mayArrive)) throw failure
        mayArrive ||= !certain
        if (this.#closed) throw new StorageUnavailable(String(failure), false)
      }
      await pauseOn(clock, RETRY_MS)
    }
  }

  #applied(epoch: number, number: number, sent: Moment): void {
    this.#seq = number
    // What an ended epoch is answered says nothing about how long the present one has been silent.
    if (epoch === this.#parts.epoch()) this.#parts.acknowledged(sent)
  }
}
