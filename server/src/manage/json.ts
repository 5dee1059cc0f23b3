import { Refused } from '../errors.ts'

/** Contract 5. */
const MOST_DEPTH = 128

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a body as JSON, strictly: what two parsers could read differently (a member that comes twice) is refused, and so is
 * what is nested deeper than anybody needs. An empty body is an empty object: several calls need none.
 * @throws Refused `invalid_json`, which never quotes the body: it may hold a secret.
 */
export function readJson(bytes: Uint8Array): unknown {
  const text = decoded(bytes)
  if (text.trim() === '') return {}
  // First of all, because the looks below are linear in valid JSON only.
  const value = parsed(text)
  if (deepest(text) > MOST_DEPTH) {
    throw new Refused('invalid_json', `the body is nested deeper than ${MOST_DEPTH} levels`)
  }
  const twice = repeatedMember(text)
  if (twice !== undefined) {
    throw new Refused('invalid_json', `the body holds the member ${twice} twice`)
  }
  return value
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Refused('invalid_json', 'the body is not valid JSON: it is not UTF-8')
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused('invalid_json')
  }
}

/** Every bracket and string of a text, in order. Strings are matched whole, so that brackets inside them do not count. */
const PARTS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/gs

function deepest(text: string): number {
  let depth = 0
  let most = 0
  for (const [part] of text.matchAll(PARTS)) {
    if (part === '{' || part === '[') most = Math.max(most, ++depth)
    else if (part === '}' || part === ']') depth -= 1
  }
  return most
}

/** The first member name that an object of this (valid) JSON text holds twice, shortened for the message. */
function repeatedMember(text: string): string | undefined {
  const open: Set<string>[] = []
  let latest = ''
  for (const [part] of text.matchAll(PARTS)) {
    if (part === '{' || part === '[') open.push(new Set())
    else if (part === '}' || part === ']') open.pop()
    else if (part !== ':') latest = part
    else {
      const names = open.at(-1)
      // Parsed, because "a" and "\u0061" are the same name.
      const name: string = JSON.parse(latest)
      if (names?.has(name)) return name.slice(0, 40)
      names?.add(name)
    }
  }
  return undefined
}
