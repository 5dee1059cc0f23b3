import type { Citation, JsonObject } from '../neutral/request.ts'
import { writeAnnotation } from './annotations.ts'
import type { EventWriter } from './event-writer.ts'
import { messageItem, outputText, type Status } from './output-items.ts'

/** A message of the answer, with one content after the other. */
export class MessageWriter {
  readonly id: string
  readonly #events: EventWriter
  readonly #index: number
  readonly #content: JsonObject[] = []
  #kind: 'text' | 'refusal' = 'text'
  #delta = ''
  #text = ''
  #annotations: JsonObject[] = []

  /** `index`: its place in the output. */
  constructor(events: EventWriter, id: string, index: number) {
    this.#events = events
    this.id = id
    this.#index = index
  }

  item(status: Status): JsonObject {
    return messageItem(this.id, this.#content, status)
  }

  open(kind: 'text' | 'refusal'): string {
    this.#kind = kind
    this.#text = ''
    this.#annotations = []
    const where = this.#where()
    this.#delta =
      kind === 'text'
        ? this.#events.prepared('response.output_text.delta', `${where},"logprobs":[]`)
        : this.#events.prepared('response.refusal.delta', where)
    const part = JSON.stringify(this.#part([]))
    return this.#events.event('response.content_part.added', `${where},"part":${part}`)
  }

  more(text: string): string {
    if (text === '') return ''
    this.#text += text
    return this.#events.delta(this.#delta, text)
  }

  cite(citations: readonly Citation[]): string {
    let out = ''
    for (const citation of citations) {
      const annotation = writeAnnotation(citation, this.#text)
      if (annotation === undefined) continue
      const at = this.#annotations.push(annotation) - 1
      const told = `"annotation_index":${at},"annotation":${JSON.stringify(annotation)}`
      const members = `${this.#where()},${told}`
      out += this.#events.event('response.output_text.annotation.added', members)
    }
    return out
  }

  close(logprobs: readonly unknown[]): string {
    const where = this.#where()
    const part = this.#part(logprobs)
    this.#content.push(part)
    const text = JSON.stringify(this.#text)
    const done =
      this.#kind === 'text'
        ? this.#events.event(
            'response.output_text.done',
            `${where},"text":${text},"logprobs":${JSON.stringify(logprobs)}`,
          )
        : this.#events.event('response.refusal.done', `${where},"refusal":${text}`)
    const members = `${where},"part":${JSON.stringify(part)}`
    return done + this.#events.event('response.content_part.done', members)
  }

  #part(logprobs: readonly unknown[]): JsonObject {
    if (this.#kind === 'refusal') return { type: 'refusal', refusal: this.#text }
    return outputText(this.#text, this.#annotations, logprobs)
  }

  #where(): string {
    return `"item_id":"${this.id}","output_index":${this.#index},"content_index":${this.#content.length}`
  }
}
