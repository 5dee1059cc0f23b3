/** What the input of a chat consists of, for counting. */
export interface ChatInput {
  /** Everything that is sent as text: messages, names, tools, schemas. */
  readonly texts: readonly string[]
  /** Tokens that the template adds around messages. */
  readonly frame: number
  readonly images: number
  /** Characters of audio and files in the body: an upper bound of their tokens. */
  readonly attachedCharacters: number
}

/** What a call's input tokens are before it runs: `tokens` as fairly as can be, `most` with room for other vocabularies. */
export interface CountedChat {
  readonly tokens: number
  readonly most: number
}

/** The most that one image takes at today's vendors (1 445 to 4 784), and at the one model that multiplies them. */
const IMAGE_TOKENS = 4_784
const IMAGE_TOKENS_4O_MINI = 48_169
/** A middling picture. */
export const FAIR_IMAGE_TOKENS = 765
/** Around each message, and once for the beginning of the answer. */
export const FRAME_TOKENS = 4
const TEXT_FIELDS = ['tools', 'functions', 'response_format', 'prediction', 'tool_choice'] as const

type Loose = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/**
 * An upper bound of a chat's input tokens without counting: no token is shorter than a byte of the decoded body. But
 * an image is more tokens than the bytes of its address, and fewer than its own bytes. Costs nothing for plain texts.
 */
export function quickBound(body: Loose, bodyBytes: number, model: string): number {
  let images = 0
  let imageBytes = 0
  for (const message of listOf(body.messages)) {
    if (!isObject(message) || !Array.isArray(message.content)) continue
    for (const part of message.content) {
      const url = imageOf(part)
      if (url === undefined) continue
      images += 1
      imageBytes += url.length
    }
  }
  return Math.max(0, bodyBytes - imageBytes) + images * imageTokens(model)
}

/** Counts a chat's input, text by text, with a tokenizer's `count`. */
export async function countChat(
  body: Loose,
  model: string,
  count: (texts: readonly string[]) => Promise<number>,
): Promise<CountedChat> {
  const input = chatInput(body)
  const text = await count(input.texts)
  const ofAnyVocabulary = countsAsOpenAi(model) ? text : Math.ceil(text * 1.5)
  return {
    tokens: text + input.frame + input.images * FAIR_IMAGE_TOKENS,
    most:
      ofAnyVocabulary + input.frame + input.images * imageTokens(model) + input.attachedCharacters,
  }
}

/** OpenAI's own models count as o200k does; others cut the same text into up to half as many again. */
export const countsAsOpenAi = (model: string): boolean =>
  /^(?:openai\/)?(?:gpt-|o\d|chatgpt|turnpike-)/.test(model)

export const imageTokens = (model: string): number =>
  model.includes('4o-mini') ? IMAGE_TOKENS_4O_MINI : IMAGE_TOKENS

function imageOf(part: unknown): string | undefined {
  if (!isObject(part)) return undefined
  const image = part.image_url
  const url = isObject(image) ? image.url : image
  return typeof url === 'string' ? url : undefined
}

/** Whether the call may send or receive audio, whose tokens have prices of their own. */
export function mayHoldAudio(body: Loose): boolean {
  if (listOf(body.modalities).includes('audio') || isObject(body.audio)) return true
  return listOf(body.messages).some(
    (message) =>
      isObject(message) &&
      listOf(message.content).some((part) => isObject(part) && part.input_audio !== undefined),
  )
}

/** Takes a chat completions body apart. Whatever is not as documented is counted as the text of its JSON. */
function chatInput(body: Loose): ChatInput {
  const messages = listOf(body.messages)
  const found = { texts: [] as string[], images: 0, attachedCharacters: 0 }
  for (const message of messages) {
    if (!isObject(message)) continue
    const { content, ...fields } = message
    for (const value of Object.values(fields)) takeText(value, found.texts)
    if (!Array.isArray(content)) takeText(content, found.texts)
    else for (const part of content) takePart(part, found)
  }
  for (const field of TEXT_FIELDS) takeText(body[field], found.texts)
  return { ...found, frame: (messages.length + 1) * FRAME_TOKENS }
}

function takeText(value: unknown, texts: string[]) {
  if (value === undefined || value === null) return
  texts.push(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Every member counts: providers differ in which of them they read, and a text may hide beside a picture. */
function takePart(
  part: unknown,
  found: { texts: string[]; images: number; attachedCharacters: number },
) {
  if (!isObject(part)) return takeText(part, found.texts)
  for (const [name, value] of Object.entries(part)) {
    if (name === 'type') continue
    if (name === 'image_url' && imageOf(part) !== undefined) found.images += 1
    else if (ATTACHMENTS.has(name) && isObject(value)) found.attachedCharacters += length(value)
    else takeText(value, found.texts)
  }
}

const ATTACHMENTS = new Set(['input_audio', 'file'])

const length = (attached: Loose): number =>
  Object.values(attached).reduce<number>((sum, value) => {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
    return sum + text.length
  }, 0)
