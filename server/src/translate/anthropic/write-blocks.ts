import { Refused } from '../../errors.ts'
import { packedInput } from '../custom-tools.ts'
import { isObject, parsedJson } from '../json.ts'
import { jsonOf } from '../json-text.ts'
import { type ForeignMark, wrapMark } from '../neutral/foreign-mark.ts'
import type {
  CacheMark,
  JsonObject,
  MediaPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from '../neutral/request.ts'

/** A block of a request or an answer, while it is filled. */
export type Block = Record<string, unknown>

/** `undefined`: the provider refuses texts without a letter. */
export function textBlock({ text, cache }: TextPart): Block | undefined {
  return text.trim() === '' ? undefined : marked({ type: 'text', text }, cache)
}

export function marked(block: Block, cache: CacheMark | undefined): Block {
  if (cache !== undefined) block.cache_control = cacheControl(cache)
  return block
}

const cacheControl = (cache: CacheMark): JsonObject =>
  cache === '5m' ? { type: 'ephemeral' } : { type: 'ephemeral', ttl: cache }

/** @throws Refused `invalid_request` for a file that is neither a PDF nor plain text. */
export function mediaBlock(part: MediaPart): Block {
  if (part.kind === 'image') return marked({ type: 'image', source: imageSource(part) }, part.cache)
  if (part.kind !== 'file')
    throw new Refused('unsupported_parameter', `the provider of this model takes no ${part.kind}`)
  const block: Block = { type: 'document', source: fileSource(part) }
  if (part.name !== undefined && part.name !== '') block.title = part.name
  return marked(block, part.cache)
}

function imageSource({ source }: MediaPart): JsonObject {
  switch (source.kind) {
    case 'url':
      return { type: 'url', url: source.url }
    case 'bytes':
      return { type: 'base64', media_type: imageType(source.mediaType), data: source.base64 }
    case 'text':
    case 'id':
      throw new Refused('invalid_request', 'an image must be sent inline or by its URL here')
  }
}

const imageType = (mediaType: string): string =>
  mediaType === 'image/jpg' ? 'image/jpeg' : mediaType

function fileSource({ source, name }: MediaPart): JsonObject {
  switch (source.kind) {
    case 'url':
      return { type: 'url', url: source.url }
    case 'text':
      return { type: 'text', media_type: 'text/plain', data: source.text }
    case 'bytes':
      break
    case 'id':
      throw new Refused('invalid_request', 'a file must be sent inline or by its URL here')
  }
  const { mediaType, base64 } = source
  if (mediaType === 'application/pdf')
    return { type: 'base64', media_type: mediaType, data: base64 }
  if (mediaType.startsWith('text/') || mediaType === 'application/json') {
    const data = Buffer.from(base64, 'base64').toString('utf8')
    return { type: 'text', media_type: 'text/plain', data }
  }
  throw new Refused(
    'invalid_request',
    `the file ${name ?? ''} (${mediaType.slice(0, 64)}) can't be read by this model's provider: send a PDF or plain text`,
  )
}

/** `undefined`: another provider's mark, with nothing that may be read. */
export function thinkingBlock(text: string, mark: ForeignMark): Block {
  const own = mark.issuer === 'anthropic'
  const value = own ? mark.value : wrapMark(mark)
  return own && mark.redacted !== true
    ? { type: 'thinking', thinking: text, signature: value }
    : text === ''
      ? { type: 'redacted_thinking', data: value }
      : { type: 'thinking', thinking: text, signature: value }
}

/** What belongs to a call or a text and has no place there travels in a block before it. */
export const markBlock = (mark: ForeignMark): Block => ({
  type: 'redacted_thinking',
  data: wrapMark(mark),
})

export function toolUseBlock(part: ToolCallPart): Block {
  return marked(
    { type: 'tool_use', id: toolId(part.id), name: part.name, input: inputOf(part) },
    part.cache,
  )
}

/** A text that is shorter can't hold what is nested too deeply to be written again. */
const SHALLOW = 4_096

/** The input must be an object. What is none - half a JSON, of an answer that was cut off - stays readable in one. */
export function inputOf({ input, custom }: ToolCallPart): unknown {
  if (custom !== true) {
    if (input.trim() === '') return {}
    const parsed = parsedJson(input)
    if (isObject(parsed) && (input.length < SHALLOW || jsonOf(parsed) !== undefined)) return parsed
  }
  return parsedJson(packedInput(input))
}

/** The provider's ids have letters, digits, `_` and `-` only; others' may have more. */
function toolId(id: string): string {
  return /^[\w-]+$/.test(id) ? id : id.replace(/[^\w-]/g, '_')
}

export function toolResultBlock(part: ToolResultPart): Block {
  const block: Block = { type: 'tool_result', tool_use_id: toolId(part.id) }
  const content = resultContent(part)
  if (content !== undefined) block.content = content
  if (part.failed) block.is_error = true
  return marked(block, part.cache)
}

function resultContent({ parts }: ToolResultPart): string | Block[] | undefined {
  const [first] = parts
  if (first === undefined) return undefined
  if (parts.length === 1 && first.kind === 'text' && first.cache === undefined) return first.text
  const blocks: Block[] = []
  for (const part of parts) {
    const block = part.kind === 'text' ? textBlock(part) : mediaBlock(part)
    if (block !== undefined) blocks.push(block)
  }
  return blocks
}
