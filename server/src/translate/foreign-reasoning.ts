import type { DialectName } from '../dialects/dialect.ts'
import { isObject } from './json.ts'
import { isWrapped } from './neutral/foreign-mark.ts'
import type { JsonObject } from './neutral/request.ts'

/**
 * Conversations go on with another model. What the gateway wrote into them in the place of a dialect's own signatures
 * means nothing to a provider of that dialect, which would refuse the call for it. Nothing else of a body is touched.
 */

/** Whether there is any of it in a caller's body, for a provider of the same dialect. */
export function holdsForeign(dialect: DialectName, body: JsonObject): boolean {
  switch (dialect) {
    // Its own providers have no signatures, and read over those of others.
    case 'openai':
      return false
    case 'anthropic':
      return someOf(body.messages, ({ content }) => someOf(content, isForeignBlock))
    case 'responses':
      return someOf(body.input, isForeignItem)
    case 'gemini':
      return someOf(body.contents, ({ parts }) => someOf(parts, isForeignPart))
  }
}

/** The body without it. */
export function withoutForeign(dialect: DialectName, payload: Buffer): Buffer {
  const body = JSON.parse(payload.toString('utf8')) as JsonObject
  return Buffer.from(JSON.stringify({ ...body, ...cleaned(dialect, body) }))
}

function cleaned(dialect: DialectName, body: JsonObject): JsonObject {
  switch (dialect) {
    case 'openai':
      return {}
    case 'anthropic':
      return ofAnthropic(body)
    case 'responses':
      return { input: (body.input as readonly unknown[]).filter((item) => !isForeign(item)) }
    case 'gemini':
      return {
        contents: eachOf(body.contents, (content) => ({
          ...content,
          parts: eachOf(content.parts, withoutSignature),
        })),
      }
  }
}

function ofAnthropic({ messages, thinking, context_management: tidying }: JsonObject): JsonObject {
  const kept = eachOf(messages, withoutBlocks)
  const isBudgeted = isObject(thinking) && thinking.type === 'enabled'
  if (!isBudgeted || mayGoOnThinking(kept)) return { messages: kept }
  const edits = isObject(tidying) && Array.isArray(tidying.edits) ? tidying.edits : []
  return {
    messages: kept,
    thinking: { type: 'disabled' },
    ...(edits.length > 0 && {
      context_management: { ...(tidying as JsonObject), edits: edits.filter(needsNoThinking) },
    }),
  }
}

const needsNoThinking = (edit: unknown): boolean =>
  !(isObject(edit) && String(edit.type).startsWith('clear_thinking'))

/** With a budget, a turn that goes on with results of tools must have begun with thinking. */
function mayGoOnThinking(messages: unknown): boolean {
  if (!Array.isArray(messages)) return true
  const [said, results] = messages.slice(-2) as readonly unknown[]
  if (!isObject(said) || !isObject(results) || said.role !== 'assistant') return true
  if (!someOf(results.content, ({ type }) => type === 'tool_result')) return true
  const first: unknown = Array.isArray(said.content) ? said.content[0] : undefined
  return isObject(first) && (first.type === 'thinking' || first.type === 'redacted_thinking')
}

function withoutBlocks(message: JsonObject): JsonObject {
  const { content } = message
  if (!Array.isArray(content)) return message
  const kept = content.filter((block: unknown) => !isObject(block) || !isForeignBlock(block))
  // Empty messages are refused, too.
  return { ...message, content: kept.length > 0 ? kept : [{ type: 'text', text: '(Thought.)' }] }
}

function withoutSignature(part: JsonObject): JsonObject {
  if (!isForeignPart(part)) return part
  const { thoughtSignature: _camel, thought_signature: _snake, ...rest } = part
  return rest
}

/** Thinking without a signature is no more of Anthropic's than that with one of ours. */
const isForeignBlock = ({ type, signature, data }: JsonObject): boolean =>
  (type === 'thinking' && (signature === '' || isWrapped(signature))) ||
  (type === 'redacted_thinking' && isWrapped(data))

const isForeignItem = ({ type, encrypted_content }: JsonObject): boolean =>
  type === 'reasoning' && isWrapped(encrypted_content)

const isForeign = (item: unknown): boolean => isObject(item) && isForeignItem(item)

const isForeignPart = ({ thoughtSignature, thought_signature }: JsonObject): boolean =>
  isWrapped(thoughtSignature) || isWrapped(thought_signature)

function someOf(list: unknown, is: (one: JsonObject) => boolean): boolean {
  if (!Array.isArray(list)) return false
  for (const one of list) if (isObject(one) && is(one)) return true
  return false
}

const eachOf = (list: unknown, of: (one: JsonObject) => JsonObject): unknown =>
  Array.isArray(list) ? list.map((one: unknown) => (isObject(one) ? of(one) : one)) : list
