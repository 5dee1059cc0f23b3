import type { Tokenizer } from '../../prices/tokenizer.ts'
import { NO_USAGE, type Usage } from '../../usage/usage.ts'
import type { Tab } from './tab.ts'

/** OpenAI reckons with a token for each 50 ms of speech. */
const TOKENS_A_SECOND = 20
/** Of base64, four characters are three bytes. */
const BYTES_A_CHARACTER = 3 / 4
/** Longer than any response; what comes beyond is not kept. */
const MOST_CHARACTERS = 1_000_000

/** A response that has begun: what came of it, for the case that nobody reports what it used. */
export class Produced {
  readonly startedAt: number
  firstByteAt = 0
  readonly #texts: string[] = []
  #characters = 0
  #spoken = 0

  constructor(startedAt: number) {
    this.startedAt = startedAt
  }

  write(text: string, now: number): void {
    this.firstByteAt ||= now
    this.#characters += text.length
    if (this.#characters <= MOST_CHARACTERS) this.#texts.push(text)
  }

  /** So many characters of base64. */
  speak(length: number, now: number): void {
    this.firstByteAt ||= now
    this.#spoken += length
  }

  /** Nothing, where nothing came. Else as far as can be told: all of the conversation was cached. `rate`: bytes a second of its sound. */
  async usage(
    count: Tokenizer['count'],
    { tokens, audio }: Tab['conversation'],
    rate: number,
  ): Promise<Usage> {
    if (this.firstByteAt === 0) return NO_USAGE
    const audioOut = Math.ceil(((this.#spoken * BYTES_A_CHARACTER) / rate) * TOKENS_A_SECOND)
    const written = this.#texts.length === 0 ? 0 : await count(this.#texts)
    return {
      ...NO_USAGE,
      ...{ prompt: tokens, cached: tokens, audioIn: audio, parts: { cachedAudio: audio } },
      ...{ completion: written + audioOut, audioOut, estimated: true },
    }
  }
}
