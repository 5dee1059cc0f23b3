import { dataOf, eachEvent } from '../meter/sse.ts'
import { PassingOutlet } from './passing-outlet.ts'

/**
 * Gemini's stream for callers that did not ask for events: one JSON list, an element an event. Providers are always asked
 * for events, since a list is whole only at its end.
 */
export class EventsAsList extends PassingOutlet {
  readonly streams = true
  #lead = '['

  write(bytes: Buffer): boolean {
    const text = this.#listed(bytes)
    return text === '' || this.to.write(Buffer.from(text))
  }

  end(held: readonly Buffer[], more?: readonly string[]): void {
    const text = held.map((bytes) => this.#listed(bytes)).join('')
    this.to.end([Buffer.from(text + this.#close())], more)
  }

  override endWith(last: string): void {
    this.to.endWith(this.#listed(Buffer.from(last)) + this.#close())
  }

  override breakOff(last: string): void {
    this.to.breakOff(this.#listed(Buffer.from(last)) + this.#close())
  }

  #close(): string {
    return this.#lead === '[' ? '[]' : ']'
  }

  #listed(bytes: Buffer): string {
    let text = ''
    for (const [start, end] of eachEvent(bytes)) {
      const said = dataOf(bytes.toString('utf8', start, end))
      if (said === '') continue
      text += this.#lead + said
      this.#lead = ',\r\n'
    }
    return text
  }
}
