const LINE_FEED = 0x0a
const RETURN = 0x0d

/** Where each whole event begins and ends, one past its empty line. The bytes end with an event's end. */
export function* eachEvent(bytes: Buffer): Generator<readonly [start: number, end: number]> {
  let start = 0
  while (start < bytes.length) {
    const end = eventEnd(bytes, start)
    yield [start, end]
    start = end
  }
}

function eventEnd(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(LINE_FEED, from)
  while (at >= 0) {
    const next = bytes[at + 1]
    if (next === LINE_FEED) return at + 2
    if (next === RETURN && bytes[at + 2] === LINE_FEED) return at + 3
    at = bytes.indexOf(LINE_FEED, at + 1)
  }
  return bytes.length
}

/** What the event's data lines say, put together; `''`: it has none. */
export function dataOf(event: string): string {
  // The usual case: one data line, alone or after the event's name.
  let found = ''
  let lines = 0
  for (let at = 0; at < event.length; ) {
    const feed = event.indexOf('\n', at)
    const end = feed < 0 ? event.length : feed
    if (event.startsWith('data:', at)) {
      const start = event.charCodeAt(at + 5) === 0x20 ? at + 6 : at + 5
      const line = event.slice(start, event.charCodeAt(end - 1) === RETURN ? end - 1 : end)
      found = lines++ === 0 ? line : `${found}\n${line}`
    }
    at = end + 1
  }
  return found
}

/** The event's name; `''`: it has none. */
export function nameOf(event: string): string {
  const at = event.startsWith('event:') ? 0 : event.indexOf('\nevent:') + 1
  if (at === 0 && !event.startsWith('event:')) return ''
  const feed = event.indexOf('\n', at)
  return event.slice(at + 6, feed < 0 ? event.length : feed).trim()
}
