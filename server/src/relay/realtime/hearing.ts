import { STRETCH_SECONDS, type ToldOf } from '../../dialects/realtime.ts'

/** A turn of whoever speaks, from its first sound to its transcript. Times in milliseconds since 1970. */
export interface Turn {
  readonly startedAt: number
  /** 0: nothing of its transcript came. */
  firstByteAt: number
  /** Length of its sound. */
  seconds: number
  /** What came of its transcript. */
  readonly words: string[]
  /** Who writes it down, as the provider names it; `undefined`: it does not say. */
  transcriber: string | undefined
  /** All of its sound was heard. */
  isWhole: boolean
  /** Where it begins in the sound of the session, as the provider heard it. */
  beganAt?: number
}

/** More transcripts at a time are waited for by nobody. */
const MOST_TURNS = 64
const USUAL_RATE = 48_000

/**
 * The sound that a session hears, as far as it is written down: turns that have no transcript yet, and the sound that belongs
 * to none of them so far.
 */
export class Hearing {
  readonly #now: () => number
  readonly #isAlways: boolean
  readonly #turns = new Map<string, Turn>()
  /** Seconds of sound since the last turn that is whole. */
  #since = 0
  #rate = USUAL_RATE
  /** As the provider said last: who writes down what is heard; `undefined`: nobody, or it does not say. */
  #transcriber: string | undefined
  /** The provider finds out by itself where turns begin and end. */
  #detects = false
  #speaks = false

  /** `isAlways`: all sound is written down, whether or not the provider says by whom. */
  constructor(now: () => number, isAlways: boolean) {
    this.#now = now
    this.#isAlways = isAlways
  }

  /** Whether the provider owes a transcript of sound that was heard whole. */
  get isOwed(): boolean {
    return [...this.#turns.values()].some(({ isWhole }) => isWhole)
  }

  /** Stretches of sound that are not paid for, the one that goes on among them: units are held for each. */
  get stretches(): number {
    let seconds = this.#since
    for (const turn of this.#turns.values()) if (turn.isWhole) seconds += turn.seconds
    return 1 + Math.floor(seconds / STRETCH_SECONDS)
  }

  setUp({ transcriber, soundRate, detects }: ToldOf<'session'>): void {
    this.#transcriber = transcriber
    this.#rate = soundRate
    this.#detects = detects
  }

  /** So many bytes of sound are on their way. Silence between turns costs nothing, however long it is. */
  hear(bytes: number): void {
    const since = this.#since + bytes / this.#rate
    const isSilence = this.#detects && !this.#speaks
    this.#since = isSilence ? Math.min(since, STRETCH_SECONDS / 2) : since
  }

  /** What the provider does with the sound. */
  note({ item, what, at }: ToldOf<'sound'>): void {
    if (!this.#isAlways && this.#transcriber === undefined) return
    switch (what) {
      case 'speech_started':
        this.#started(item, at)
        break
      case 'speech_stopped':
        this.#stopped(item, at)
        break
      case 'committed':
        this.#committed(this.#turn(item))
        break
      case 'cleared':
        this.#cleared()
        break
      case 'failed':
        this.#turns.delete(item)
    }
  }

  /** A piece of a transcript. */
  write({ item, text }: ToldOf<'noted'>): void {
    const turn = this.#turn(item)
    turn.firstByteAt ||= this.#now()
    turn.words.push(text)
  }

  /** The turn whose transcript is there: it is waited for no more. */
  take(item: string): Turn {
    const turn = this.#turn(item)
    if (!turn.isWhole) this.#committed(turn)
    this.#turns.delete(item)
    return turn
  }

  /** The turns of whose transcripts some came, and never the end. */
  takeLeft(): readonly Turn[] {
    this.#cleared()
    const left = [...this.#turns.values()].filter(({ firstByteAt }) => firstByteAt > 0)
    this.#turns.clear()
    return left
  }

  #started(item: string, at: number | undefined): void {
    this.#speaks = true
    this.#since = 0
    if (at !== undefined) this.#turn(item).beganAt = at
  }

  #stopped(item: string, at: number | undefined): void {
    this.#speaks = false
    const turn = this.#turn(item)
    if (at === undefined || turn.beganAt === undefined) return
    turn.seconds = Math.max(0, at - turn.beganAt) / 1000
  }

  #committed(turn: Turn): void {
    turn.seconds ||= this.#since
    turn.transcriber = this.#transcriber
    turn.isWhole = true
    this.#since = 0
  }

  /** Sound is forgotten; but of what was written down already it is not. */
  #cleared(): void {
    for (const turn of this.#turns.values()) {
      if (!turn.isWhole && turn.firstByteAt > 0) this.#committed(turn)
    }
    this.#since = 0
  }

  #turn(item: string): Turn {
    const known = this.#turns.get(item)
    if (known !== undefined) return known
    const begun = { firstByteAt: 0, seconds: 0, words: [], isWhole: false }
    const turn: Turn = { ...begun, startedAt: this.#now(), transcriber: this.#transcriber }
    this.#turns.set(item, turn)
    const [oldest] = this.#turns.keys()
    if (this.#turns.size > MOST_TURNS && oldest !== undefined) this.#turns.delete(oldest)
    return turn
  }
}
