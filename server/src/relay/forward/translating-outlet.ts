import type { StreamReader, StreamWriter } from '../../translate/codec.ts'
import { isObject, parsedJson } from '../../translate/json.ts'
import type { NeutralEvent } from '../../translate/neutral/answer.ts'
import type { JsonObject } from '../../translate/neutral/request.ts'
import { dataOf, eachEvent, nameOf } from '../meter/sse.ts'
import type { AnswerOutlet } from './outlet.ts'
import { PassingOutlet } from './passing-outlet.ts'

/** A whole answer is translated at once. Longer ones are not read to their end. */
const LONGEST_ANSWER = 64 * 1024 * 1024

/** Passes a provider's event stream on in the caller's dialect, event by event. */
export class StreamTranslation extends PassingOutlet {
  readonly streams = true
  readonly #reader: StreamReader
  readonly #writer: StreamWriter

  constructor(to: AnswerOutlet, reader: StreamReader, writer: StreamWriter) {
    super(to)
    this.#reader = reader
    this.#writer = writer
  }

  write(bytes: Buffer): boolean {
    const text = this.#translated(bytes)
    return text === '' || this.to.write(Buffer.from(text))
  }

  end(held: readonly Buffer[], more?: readonly string[]): void {
    let text = ''
    for (const bytes of held) text += this.#translated(bytes)
    for (const event of this.#reader.end()) text += this.#writer.write(event)
    text += this.#writer.end()
    this.to.end([Buffer.from(text)], more)
  }

  /** Meters let whole events through only. */
  #translated(bytes: Buffer): string {
    let text = ''
    for (const [start, end] of eachEvent(bytes)) {
      const event = bytes.toString('utf8', start, end)
      const said = dataOf(event)
      if (said === '') continue
      const happened: readonly NeutralEvent[] = this.#reader.read(nameOf(event), said)
      for (const one of happened) text += this.#writer.write(one)
    }
    return text
  }
}

/** An answer as the caller reads it, as JSON text; `undefined`: what came is none. */
type Retell = (whole: JsonObject) => string | undefined

/** Passes a provider's whole answer on in the caller's dialect, once it is all there. */
export class PlainTranslation extends PassingOutlet {
  readonly streams = false
  readonly #retell: Retell
  #passed: Buffer[] = []
  #bytes = 0
  #translated: Buffer | undefined

  constructor(to: AnswerOutlet, retell: Retell) {
    super(to)
    this.#retell = retell
  }

  write(bytes: Buffer): boolean {
    this.#bytes += bytes.length
    if (this.#bytes <= LONGEST_ANSWER) this.#passed.push(bytes)
    return true
  }

  takes(held: readonly Buffer[]): boolean {
    if (this.#bytes > LONGEST_ANSWER) return false
    const whole = parsedJson(Buffer.concat([...this.#passed, ...held]).toString('utf8'))
    this.#passed = []
    const text = isObject(whole) ? this.#retell(whole) : undefined
    if (text === undefined) return false
    this.#translated = Buffer.from(text)
    return true
  }

  end(_held: readonly Buffer[], more?: readonly string[]): void {
    // What can't be translated was no answer: see `takes`.
    this.to.end([this.#translated as Buffer], more)
  }
}
