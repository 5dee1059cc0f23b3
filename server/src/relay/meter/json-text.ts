/**
 * Finds members in the bytes of an answer, read as latin1 text so that places in the text are places in the bytes.
 * A name in quotes cannot occur inside a JSON string, where its quotes would be escaped.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d

const isBlank = (code: number) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

/** Where the value begins of the member whose quoted name ends at `at`; -1 when it is no member's name. */
export function valueAfter(text: string, at: number): number {
  let place = at
  while (isBlank(text.charCodeAt(place))) place++
  if (text.charCodeAt(place) !== 0x3a) return -1
  place++
  while (isBlank(text.charCodeAt(place))) place++
  return place
}

/** One past the end of the object that opens at `open`; -1 when it does not end. */
export function objectEnd(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = stringEnd(text, at)
    } else if (code === OPEN) depth++
    else if (code === CLOSE && --depth === 0) return at + 1
  }
  return -1
}

function stringEnd(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at
    if (code === BACKSLASH) at++
  }
  return text.length
}

/** Whether what ends at `end` is a member of the text's outermost object: nothing but that one is still open there. */
export function standsOutermost(text: string, end: number): boolean {
  let depth = 0
  for (let at = end; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = stringEnd(text, at)
    else if (code === OPEN || code === OPEN_LIST) depth++
    else if (code === CLOSE || code === CLOSE_LIST) depth--
  }
  return depth === -1
}

/** The text that a member of the outermost object is, by its quoted name, in the beginning of an answer. */
export function textOfOutermost(text: string, name: string): string | undefined {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = stringEnd(text, at)
      const value = depth === 1 && text.slice(at, end + 1) === name ? valueAfter(text, end + 1) : -1
      if (value > 0 && text.charCodeAt(value) === QUOTE) {
        const found = parseLatin1(text.slice(value, stringEnd(text, value) + 1))
        return typeof found === 'string' ? found : undefined
      }
      at = end
    } else if (code === OPEN || code === OPEN_LIST) depth++
    else if (code === CLOSE || code === CLOSE_LIST) depth--
  }
  return undefined
}

/** The text of `[from, to)` without the member that stands at `[start, end)` in it, nor the comma that parted it. */
export function withoutMember(
  text: string,
  [from, to]: readonly [number, number],
  [start, end]: readonly [number, number],
): string {
  let before = start - 1
  while (before > from && isBlank(text.charCodeAt(before))) before--
  if (text.charCodeAt(before) === 0x2c) return text.slice(from, before) + text.slice(end, to)
  let after = end
  while (after < to && isBlank(text.charCodeAt(after))) after++
  if (text.charCodeAt(after) === 0x2c) after++
  return text.slice(from, start) + text.slice(after, to)
}

/** Parses JSON whose bytes were read as latin1; `undefined` when it is none. */
export function parseLatin1(text: string): unknown {
  try {
    return JSON.parse(isShortAscii(text) ? text : Buffer.from(text, 'latin1').toString('utf8'))
  } catch {
    return undefined
  }
}

/** Reports of usage nearly always are: they need not take the way through bytes, which costs more than parsing them. */
function isShortAscii(text: string): boolean {
  if (text.length > SHORT) return false
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > LAST_ASCII) return false
  return true
}
const SHORT = 1024
const LAST_ASCII = 0x7f
