import type { DialectName, Media } from '../dialects/dialect.ts'
import type { Expected } from './bound.ts'
import {
  type CountedChat,
  countChat,
  countsAsOpenAi,
  FAIR_IMAGE_TOKENS,
  FRAME_TOKENS,
  imageTokens,
  mayHoldAudio as mayChatHoldAudio,
  quickBound as quickBoundOfChat,
} from './chat-tokens.ts'
import { attachedIn, contentsIn } from './parts-of-input.ts'

type Loose = Readonly<Record<string, unknown>>

/** A call whose input is to be measured before it runs. */
export interface Input {
  readonly dialect: DialectName
  readonly operation: string
  readonly model: string
  readonly body: Loose
  /** Length of the body as it came. */
  readonly bytes: number
  readonly media?: Media | undefined
}

const isChat = ({ dialect, operation }: Input): boolean =>
  dialect === 'openai' && operation === 'chat'

/** An upper bound of the input without counting, and whether audio is among its tokens or may come back. */
export function quickBound(input: Input): Expected {
  const { model, body, bytes, media } = input
  if (media !== undefined) return quickBoundOfMedia(media)
  if (isChat(input)) {
    return { prompt: quickBoundOfChat(body, bytes, model), audio: mayChatHoldAudio(body) }
  }
  let images = 0
  let characters = 0
  let audio = saysAudio(body)
  for (const one of attachedIn(contentsIn(input))) {
    if (one.kind === 'audio') audio = true
    if (one.kind !== 'image') continue
    images += 1
    characters += one.characters
  }
  return { prompt: Math.max(0, bytes - characters) + images * imageTokens(model), audio }
}

const quickBoundOfMedia = ({ textBytes, attached, makes, seconds, images }: Media): Expected => ({
  prompt: textBytes + attached.most,
  audio: makes !== 'images',
  pieces: { seconds: seconds.most, images },
})

/** Gemini's word for what should come back. */
function saysAudio({ generationConfig, generation_config }: Loose): boolean {
  const config = generationConfig ?? generation_config
  if (typeof config !== 'object' || config === null) return false
  const { responseModalities, response_modalities } = config as Loose
  const asked = responseModalities ?? response_modalities
  return Array.isArray(asked) && asked.includes('AUDIO')
}

/** Counts the input with a tokenizer's `count`. */
export async function countInput(
  input: Input,
  count: (texts: readonly string[]) => Promise<number>,
): Promise<CountedChat> {
  const { model, body } = input
  if (isChat(input)) return countChat(body, model, count)
  if (input.media !== undefined) return countMedia(input, input.media, count)
  const read = contentsIn(input)
  const texts: string[] = []
  const turns = textsOf(read, texts)
  const text = await count(texts)
  let images = 0
  let others = 0
  for (const { kind, characters } of attachedIn(read)) {
    if (kind === 'image') images += 1
    else others += characters
  }
  const frame = (turns + 1) * FRAME_TOKENS
  const ofAnyVocabulary = countsAsOpenAi(model) ? text : Math.ceil(text * 1.5)
  return {
    tokens: text + frame + images * FAIR_IMAGE_TOKENS,
    most: ofAnyVocabulary + frame + images * imageTokens(model) + others,
  }
}

/** Speech models that OpenAI prices by the character: these are their tokens. */
export const countsCharacters = (model: string): boolean => /^(?:openai\/)?tts-/.test(model)

/** Of texts that go with pictures or sound. */
const MEDIA_TEXTS = ['prompt', 'input', 'instructions'] as const

async function countMedia(
  { model, body }: Input,
  { attached }: Media,
  count: (texts: readonly string[]) => Promise<number>,
): Promise<CountedChat> {
  const texts = MEDIA_TEXTS.flatMap((name) => {
    const text = body[name]
    return typeof text === 'string' ? [text] : []
  })
  if (countsCharacters(model)) {
    const characters = texts.reduce((sum, text) => sum + charactersOf(text), 0)
    return { tokens: characters, most: characters }
  }
  const text = await count(texts)
  const ofAnyVocabulary = countsAsOpenAi(model) ? text : Math.ceil(text * 1.5)
  return {
    tokens: text + attached.fair,
    most: ofAnyVocabulary + FRAME_TOKENS + attached.most,
  }
}

function charactersOf(text: string): number {
  let characters = text.length
  for (let at = 1; at < text.length; at++) {
    const isLow = (text.charCodeAt(at) & 0xfc00) === 0xdc00
    if (isLow && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800) characters--
  }
  return characters
}

/** Members that are no part of what the model reads. */
const NOT_READ = new Set([
  ...['model', 'stream', 'metadata', 'user', 'store', 'safetySettings', 'generationConfig'],
  ...['generation_config', 'service_tier', 'prompt_cache_key', 'include', 'context_management'],
])
/** And of its turns: names of kinds, and what is counted by other means. */
const NOT_TEXT = new Set([
  ...['type', 'role', 'id', 'call_id', 'tool_use_id', 'cache_control', 'signature', 'status'],
  ...['thoughtSignature', 'encrypted_content', 'source', 'image_url', 'file_data', 'input_audio'],
  ...['inlineData', 'inline_data', 'fileData', 'data'],
])

/** The texts of a body, and how many turns it has. */
function textsOf(body: Loose, texts: string[]): number {
  let turns = 0
  for (const [name, value] of Object.entries(body)) {
    if (NOT_READ.has(name)) continue
    if (name === 'tools' || name === 'text' || name === 'output_config') {
      texts.push(JSON.stringify(value) ?? '')
      continue
    }
    if (Array.isArray(value)) turns += value.length
    walk(value, texts)
  }
  return turns
}

function walk(value: unknown, texts: string[]) {
  if (typeof value === 'string') texts.push(value)
  else if (Array.isArray(value)) for (const one of value) walk(one, texts)
  else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value)) if (!NOT_TEXT.has(name)) walk(one, texts)
  }
}
