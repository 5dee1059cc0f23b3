import { Refused } from '../../errors.ts'
import { append } from '../append.ts'
import { flagAt, isObject, listAt, needed, objectAt, oneOfAt, textAt, wrong } from '../json.ts'
import { jsonAt } from '../json-text.ts'
import type {
  AssistantPart,
  JsonObject,
  MediaPart,
  Message,
  TextPart,
  ToolResultPart,
  UserPart,
} from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import {
  readCacheMark,
  readDocument,
  readImage,
  readMark,
  readSearchResult,
  readTextBlock,
} from './read-blocks.ts'

/** What is known while a conversation is read: what it asks for, and the names of the tools that were called. */
interface Reading {
  readonly uses: Uses
  readonly toolNames: Map<string, string>
}

export function readMessages(value: unknown, uses: Uses): Message[] {
  const given = listAt(value, 'messages')
  if (given.length === 0) return wrong('messages', 'a list of at least one message')
  const reading: Reading = { uses, toolNames: new Map() }
  const messages: Message[] = []
  for (let at = 0; at < given.length; at++) {
    const place = `messages[${at}]`
    const message: unknown = given[at]
    if (!isObject(message)) return wrong(place, 'an object')
    const role = oneOfAt(message.role, ['user', 'assistant', 'system'], `${place}.role`)
    readMessage(needed(role, `${place}.role`), message.content, `${place}.content`, {
      reading,
      messages,
    })
  }
  if (messages.at(-1)?.role === 'assistant') note(uses, 'prefill', `messages[${given.length - 1}]`)
  return messages
}

function readMessage(
  role: 'user' | 'assistant' | 'system',
  content: unknown,
  place: string,
  into: { readonly reading: Reading; readonly messages: Message[] },
): void {
  const { reading, messages } = into
  if (role === 'system') {
    note(reading.uses, 'mid_system', place)
    messages.push({ role, parts: readTexts(content, place, reading.uses) })
  } else if (typeof content === 'string') {
    messages.push({ role, parts: [{ kind: 'text', text: content }] })
  } else if (role === 'assistant') {
    messages.push({ role, parts: readAssistantBlocks(blocksAt(content, place), place, reading) })
  } else readUserBlocks(blocksAt(content, place), place, into)
}

/** A text, or a list of text blocks: `system`, and messages of that role. */
export function readTexts(value: unknown, place: string, uses: Uses): TextPart[] {
  if (typeof value === 'string') return value === '' ? [] : [{ kind: 'text', text: value }]
  const parts: TextPart[] = []
  const blocks = listAt(value, place)
  for (let at = 0; at < blocks.length; at++) {
    const block = blocks[at]
    const where = `${place}[${at}]`
    if (!isObject(block)) return wrong(where, 'an object')
    if (block.type !== 'text') return wrong(`${where}.type`, 'text')
    parts.push(readTextBlock(block, where, uses))
  }
  return parts
}

function blocksAt(content: unknown, place: string): readonly unknown[] {
  if (content === undefined || content === null)
    throw new Refused('invalid_request', `${place} is missing`)
  return Array.isArray(content) ? content : wrong(place, 'a string or a list')
}

/** Instructions in the midst of a message become a message of their own, at their place. */
function readUserBlocks(
  blocks: readonly unknown[],
  place: string,
  { reading, messages }: { readonly reading: Reading; readonly messages: Message[] },
): void {
  let parts: UserPart[] = []
  for (let at = 0; at < blocks.length; at++) {
    const block = blocks[at]
    const where = `${place}[${at}]`
    if (!isObject(block)) wrong(where, 'an object')
    else if (block.type === 'mid_conv_system') {
      note(reading.uses, 'mid_system', where)
      if (parts.length > 0) messages.push({ role: 'user', parts })
      parts = []
      const texts = readTexts(block.content, `${where}.content`, reading.uses)
      messages.push({ role: 'system', parts: texts })
    } else if (block.type === 'tool_result') parts.push(readToolResult(block, where, reading))
    else append(parts, readContentBlock(block, where, reading.uses))
  }
  if (parts.length > 0) messages.push({ role: 'user', parts })
}

const HOSTED_BLOCKS = /^(?:server_tool_use|mcp_tool_use|container_upload|[a-z_]+_tool_result)$/

/** What was found is in the words that follow. Where more was done, its result says so. */
const SPARE_BLOCKS =
  /^(?:server_tool_use|(?:web_search|web_fetch|tool_search|advisor)_tool_result)$/

/** Empty where the provider ran something itself: whoever can't is refused for it later on. */
function readContentBlock(
  block: JsonObject,
  place: string,
  uses: Uses,
): readonly (TextPart | MediaPart)[] {
  const { type } = block
  if (type === 'text') return [readTextBlock(block, place, uses)]
  if (type === 'image') return [readImage(block, place, uses)]
  if (type === 'document') return readDocument(block, place, uses)
  if (type === 'search_result') return [readSearchResult(block, place, uses)]
  if (typeof type === 'string' && HOSTED_BLOCKS.test(type)) {
    note(uses, SPARE_BLOCKS.test(type) ? 'spare_tools' : 'hosted_tools', place)
    return []
  }
  return wrong(`${place}.type`, 'the type of a content block')
}

function readToolResult(block: JsonObject, place: string, reading: Reading): ToolResultPart {
  const { uses, toolNames } = reading
  const id = needed(textAt(block.tool_use_id, `${place}.tool_use_id`), `${place}.tool_use_id`)
  const failed = flagAt(block.is_error, `${place}.is_error`) ?? false
  if (failed) note(uses, 'tool_failure', `${place}.is_error`)
  return {
    kind: 'tool_result',
    id,
    name: toolNames.get(id),
    parts: readResult(block.content, `${place}.content`, uses),
    failed,
    cache: readCacheMark(block.cache_control, `${place}.cache_control`, uses),
  }
}

function readResult(content: unknown, place: string, uses: Uses): (TextPart | MediaPart)[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }]
  const parts: (TextPart | MediaPart)[] = []
  const blocks = listAt(content, place)
  for (let at = 0; at < blocks.length; at++) {
    const block = blocks[at]
    const where = `${place}[${at}]`
    if (!isObject(block)) return wrong(where, 'an object')
    if (block.type === 'tool_reference') parts.push(readReference(block, where))
    else append(parts, readContentBlock(block, where, uses))
  }
  if (parts.some((part) => part.kind !== 'text')) note(uses, 'tool_result_media', place)
  return parts
}

/** A tool that was found, and that other providers were told of from the beginning. */
function readReference({ tool_name }: JsonObject, place: string): TextPart {
  const name = needed(textAt(tool_name, `${place}.tool_name`), `${place}.tool_name`)
  return { kind: 'text', text: `The tool ${name} can be called.` }
}

function readAssistantBlocks(
  blocks: readonly unknown[],
  place: string,
  reading: Reading,
): AssistantPart[] {
  const parts: AssistantPart[] = []
  for (let at = 0; at < blocks.length; at++) {
    const block = blocks[at]
    const where = `${place}[${at}]`
    if (!isObject(block)) return wrong(where, 'an object')
    if (block.type === 'tool_use') parts.push(readToolUse(block, where, reading))
    else if (block.type === 'thinking' || block.type === 'redacted_thinking')
      parts.push(readThinkingBlock(block, where, reading.uses))
    else append(parts, readContentBlock(block, where, reading.uses))
  }
  return withMarks(parts)
}

function readToolUse(
  block: JsonObject,
  place: string,
  { uses, toolNames }: Reading,
): AssistantPart {
  const id = needed(textAt(block.id, `${place}.id`), `${place}.id`)
  const name = needed(textAt(block.name, `${place}.name`), `${place}.name`)
  if (id === '') return wrong(`${place}.id`, 'a string that is not empty')
  const input = objectAt(block.input, `${place}.input`) ?? {}
  toolNames.set(id, name)
  const cache = readCacheMark(block.cache_control, `${place}.cache_control`, uses)
  return { kind: 'tool_call', id, name, input: jsonAt(input, `${place}.input`), cache }
}

function readThinkingBlock(block: JsonObject, place: string, uses: Uses): AssistantPart {
  if (block.type === 'thinking') {
    const text = textAt(block.thinking, `${place}.thinking`) ?? ''
    const mark = readMark(block.signature, `${place}.signature`)
    if (mark !== undefined) note(uses, 'reasoning_kept', place)
    return { kind: 'reasoning', text, mark }
  }
  const mark = readMark(
    needed(textAt(block.data, `${place}.data`), `${place}.data`),
    `${place}.data`,
  )
  note(uses, 'reasoning_kept', place)
  if (mark?.issuer !== 'anthropic') return { kind: 'reasoning', text: '', mark }
  return { kind: 'reasoning', text: '', mark: { ...mark, redacted: true } }
}

/** Gemini's marks belong to what it says and calls. They travelled in a block before it: see `write-blocks.ts`. */
function withMarks(parts: AssistantPart[]): AssistantPart[] {
  const out: AssistantPart[] = []
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at]
    const next = parts[at + 1]
    if (part === undefined) break
    const travels = part.kind === 'reasoning' && part.text === '' && part.mark?.issuer === 'gemini'
    if (travels && (next?.kind === 'tool_call' || next?.kind === 'text')) {
      out.push({ ...next, mark: part.mark })
      at++
    } else out.push(part)
  }
  return out
}
