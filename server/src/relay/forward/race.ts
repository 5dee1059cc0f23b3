import type { Refused } from '../../errors.ts'
import type { RunningCall } from '../running.ts'
import type { Client } from '../values.ts'
import type { Deadlines, Watched } from './deadlines.ts'

/** An attempt, as the race that it runs in sees it. Each of these ends it at once; harmless when it is over. */
export interface Runner {
  leave(): void
  cut(refusal: Refused): void
  lose(): void
}

export interface RaceParts {
  readonly client: Client
  readonly running: RunningCall
  readonly deadlines: Deadlines
}

/** One call's attempt that is watched for being late, and the second one that then runs beside it. The first good byte wins. */
export class Race implements Watched {
  before: Watched | undefined
  after: Watched | undefined
  readonly #parts: RaceParts
  readonly #runners: Runner[] = []
  #winner: Runner | undefined
  #isAlone = false
  #lateAt = 0
  #tell: ((isLate: boolean) => void) | undefined

  constructor(parts: RaceParts) {
    this.#parts = parts
  }

  /** From here on the attempt is in it. Caller and key have one listener each, which now ends both. */
  join(runner: Runner): void {
    const runners = this.#runners
    runners.push(runner)
    if (runners.length === 1) return
    this.#parts.client.onLeave(() => {
      for (const one of runners) one.leave()
    })
    this.#parts.running.onCut((refusal) => {
      for (const one of runners) one.cut(refusal)
    })
  }

  /** A good answer of it begins: whether it is the first. The others are over then. */
  wins(runner: Runner): boolean {
    this.#winner ??= runner
    if (this.#winner !== runner) return false
    this.#say(false)
    for (const one of this.#runners) if (one !== runner) one.lose()
    return true
  }

  /** Nobody has won, and somebody else may. */
  get isOpen(): boolean {
    return this.#winner === undefined && !this.#isAlone
  }

  /** Nobody else runs, or will: whoever does need not wait for a good byte. */
  alone(): void {
    this.#isAlone = true
    this.#say(false)
  }

  /** One of them has an answer that is the caller's to mend: no other is needed. */
  stop(): void {
    for (const one of this.#runners) one.lose()
  }

  /** Resolves once: true when so many milliseconds have passed, false when the attempt has begun to answer, or ended. */
  isLate(afterMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      if (!this.isOpen) return resolve(false)
      this.#tell = resolve
      // Not the clock of the deadlines: it may stand up to a tick behind.
      this.#lateAt = performance.now() + afterMs
      this.#parts.deadlines.watch(this)
    })
  }

  tick(now: number): void {
    if (now > this.#lateAt) this.#say(true)
  }

  #say(isLate: boolean): void {
    this.#parts.deadlines.unwatch(this)
    this.#tell?.(isLate)
    this.#tell = undefined
  }
}

const LONGEST_KEEP_ALIVE = 1_024

/** Blanks and comments, which servers send while they work: no answer begins with them. */
export function isKeepAlive(bytes: Buffer): boolean {
  if (bytes.length > LONGEST_KEEP_ALIVE) return false
  const lines = bytes.toString('latin1').split('\n')
  return lines.every((line) => line.startsWith(':') || line.trim() === '')
}
