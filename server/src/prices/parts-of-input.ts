/**
 * The pieces that the input of a call consists of, in every dialect but chat completions (chat-tokens.ts): Anthropic's
 * messages of blocks, OpenAI's items, Gemini's contents of parts. Only what is not text has to be known; the rest is
 * counted as it stands.
 */

type Loose = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

interface OfOperation {
  readonly operation: string
  readonly body: Loose
}

/** What a model reads of a body, as a list of contents where Gemini's embeddings have it one level further down. */
export function contentsIn({ operation, body }: OfOperation): Loose {
  if (operation === 'embedContent') return { contents: [body.content] }
  if (operation !== 'batchEmbedContents') return body
  const { requests } = body
  return { contents: Array.isArray(requests) ? requests.map((one) => one?.content) : [] }
}

/** A piece that is no text: what kind it is of, and how many characters of the body it takes. */
export interface Attached {
  readonly kind: 'image' | 'audio' | 'other'
  readonly characters: number
}

const TURNS = ['messages', 'input', 'contents'] as const
const HOLDERS = ['content', 'parts', 'output'] as const

/** Every image, file and recording of the input; results of tools are looked into as well. */
export function attachedIn(body: Loose): readonly Attached[] {
  const found: Attached[] = []
  for (const name of TURNS) {
    const turns = body[name]
    if (!Array.isArray(turns)) continue
    for (const turn of turns) lookInto(turn, found, 0)
  }
  return found
}

/** Deeper than a result of a tool, with its own pieces, nothing is nested. */
const DEEPEST = 3

function lookInto(turn: unknown, found: Attached[], depth: number) {
  if (!isObject(turn)) return
  const attached = attachedOf(turn)
  if (attached !== undefined) {
    found.push(attached)
    return
  }
  if (depth === DEEPEST) return
  for (const name of HOLDERS) {
    const held = turn[name]
    if (Array.isArray(held)) for (const one of held) lookInto(one, found, depth + 1)
  }
  const { functionResponse } = turn
  if (functionResponse !== undefined) lookInto(functionResponse, found, depth + 1)
}

function attachedOf(part: Loose): Attached | undefined {
  const inline = part.inlineData ?? part.inline_data ?? part.fileData ?? part.file_data
  if (isObject(inline)) {
    const kind = kindOf(inline)
    return { kind, characters: kind === 'image' ? pictureIn(inline) : lengthOf(inline) }
  }
  switch (part.type) {
    case 'image':
    case 'input_image':
    case 'computer_screenshot':
      return { kind: 'image', characters: pictureIn(part) }
    case 'input_audio':
    case 'audio':
      return { kind: 'audio', characters: lengthOf(part) }
    case 'document':
    case 'input_file':
    case 'file':
      return { kind: 'other', characters: lengthOf(part) }
    default:
      return undefined
  }
}

function kindOf({ mimeType, mime_type }: Loose): Attached['kind'] {
  const type = String(mimeType ?? mime_type ?? '')
  if (type.startsWith('image/')) return 'image'
  // A film has a sound, and prices of its own like that.
  return type.startsWith('audio/') || type.startsWith('video/') ? 'audio' : 'other'
}

const PICTURES = new Set(['data', 'url', 'image_url', 'fileUri', 'file_uri'])

/** Only the picture itself: a text may hide beside it, and providers differ in what they read. */
function pictureIn(part: Loose): number {
  const { source } = part
  let length = isObject(source) ? pictureIn({ ...source, source: undefined }) : 0
  for (const [name, value] of Object.entries(part)) {
    if (typeof value === 'string' && PICTURES.has(name)) length += value.length
  }
  return length
}

function lengthOf(part: Loose): number {
  let length = 0
  for (const value of Object.values(part)) {
    if (typeof value === 'string') length += value.length
    else if (isObject(value)) length += lengthOf(value)
  }
  return length
}
