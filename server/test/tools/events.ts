/** Reads an event stream as a client would, one `data:` after the other. */
export interface StreamReader {
  /** The next event's text after `data: `; undefined at the end. Rejects when the connection breaks. */
  next(): Promise<string | undefined>
  /** Everything up to the end. */
  rest(): Promise<string[]>
  /** Raw text received so far. */
  text(): string
  cancel(): Promise<void>
}

export function readEvents(response: Response): StreamReader {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let received = ''
  let read = 0

  async function next(): Promise<string | undefined> {
    for (;;) {
      const end = received.indexOf('\n\n', read)
      if (end >= 0) {
        const event = received.slice(read, end)
        read = end + 2
        if (event.startsWith('data: ')) return event.slice(6)
        continue
      }
      const { done, value } = await reader.read()
      if (done) return undefined
      received += decoder.decode(value, { stream: true })
    }
  }

  return {
    next,
    async rest() {
      const events: string[] = []
      for (let event = await next(); event !== undefined; event = await next()) events.push(event)
      return events
    },
    text: () => received,
    cancel: () => reader.cancel(),
  }
}
