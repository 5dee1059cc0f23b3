import { Refused } from '../../errors.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Patience } from '../forward/attempt.ts'
import type { Deadlines } from '../forward/deadlines.ts'

export interface SessionClockParts {
  readonly deadlines: Pick<Deadlines, 'now'>
  readonly settings: Pick<Settings, 'get'>
  readonly patience: Patience
}

/** What is held up at present. */
export interface HeldUp {
  /** The client takes less than there is. */
  readonly isBehind: boolean
  /** Nothing is read from the provider. */
  readonly isHeld: boolean
}

/** How long a session may last, be silent, and be kept waiting. */
export class SessionClock {
  readonly #parts: SessionClockParts
  readonly #beganAt: number
  #movedAt: number
  #providerMovedAt: number
  /** When the client last was not behind. */
  #readAt: number

  constructor(parts: SessionClockParts) {
    const { now } = parts.deadlines
    this.#parts = parts
    this.#beganAt = this.#movedAt = this.#providerMovedAt = this.#readAt = now
  }

  /** Somebody said something. */
  moved(): void {
    this.#movedAt = this.#parts.deadlines.now
  }

  /** The provider said something, or was asked for something. */
  providerMoved(): void {
    this.#movedAt = this.#providerMovedAt = this.#parts.deadlines.now
  }

  looked({ isBehind, isHeld }: HeldUp): void {
    const { now } = this.#parts.deadlines
    if (!isBehind) this.#readAt = now
    // What is not read can't be late.
    if (isHeld) this.#providerMovedAt = now
  }

  get isClientStuck(): boolean {
    const { deadlines, patience } = this.#parts
    return deadlines.now - this.#readAt > patience.idleMs
  }

  /** Why the session is over, with so many responses that are not done, and so many of these that have begun. */
  whyOver(open: number, running: number): Refused | undefined {
    const { settings, patience } = this.#parts
    const { now } = this.#parts.deadlines
    if (now - this.#beganAt > settings.get('realtime.total_ms')) {
      return new Refused('session_expired')
    }
    if (now - this.#movedAt > settings.get('realtime.idle_ms')) {
      return new Refused(
        'session_expired',
        'nothing was said in this realtime session for too long',
      )
    }
    const { firstByteMs, idleMs } = patience
    const most = running > 0 ? idleMs : Math.max(firstByteMs, idleMs)
    const isLate = open > 0 && now - this.#providerMovedAt > most
    return isLate ? new Refused('upstream_timeout') : undefined
  }
}
