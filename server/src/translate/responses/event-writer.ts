/** Numbers the events of a stream. */
export class EventWriter {
  #number = 0

  /** `members`: JSON without its braces. */
  event(type: string, members: string): string {
    const number = this.#number++
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${number},${members}}\n\n`
  }

  /** The beginning of events that differ in their text alone. */
  prepared(type: string, members: string): string {
    return `event: ${type}\ndata: {"type":"${type}",${members},"delta":`
  }

  delta(prepared: string, text: string): string {
    return `${prepared}${JSON.stringify(text)},"sequence_number":${this.#number++}}\n\n`
  }
}
