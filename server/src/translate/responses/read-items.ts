import { Refused } from '../../errors.ts'
import { isObject, listAt, needed, objectAt, textAt, wrong } from '../json.ts'
import { unwrapMark } from '../neutral/foreign-mark.ts'
import type {
  JsonObject,
  MediaPart,
  ReasoningPart,
  TextPart,
  ToolResultPart,
} from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import { type Conversation, createConversation } from './conversation.ts'
import { flatNameOf } from './namespaces.ts'
import { typeOfMade } from './read-answer.ts'
import { readContent, type Said } from './read-content.ts'

/**
 * `instructions` and `input` as a conversation.
 * @throws Refused `invalid_request`, naming the item.
 */
export function readItems(body: JsonObject, uses: Uses): Conversation {
  const conversation = createConversation()
  const instructions = textAt(body.instructions, 'instructions')
  if (instructions !== undefined && instructions !== '') {
    conversation.system.push({ kind: 'text', text: instructions })
    note(uses, 'system', 'instructions')
  }
  const { input } = body
  if (typeof input === 'string') {
    conversation.user([{ kind: 'text', text: input }])
    return conversation
  }
  if (!Array.isArray(input)) {
    return input === undefined || input === null
      ? needed<Conversation>(undefined, 'input')
      : wrong('input', 'a string or a list of items')
  }
  for (const [at, value] of (input as readonly unknown[]).entries()) {
    const place = `input[${at}]`
    readItem(needed(objectAt(value, place), place), place, { conversation, uses })
  }
  if (isOfAssistant(input.at(-1))) note(uses, 'prefill', `input[${input.length - 1}]`)
  return conversation
}

const isOfAssistant = (item: unknown): boolean => isObject(item) && item.role === 'assistant'

interface Reading {
  readonly conversation: Conversation
  readonly uses: Uses
}

function readItem(item: JsonObject, place: string, reading: Reading): void {
  const { conversation, uses } = reading
  const type = textAt(item.type, `${place}.type`) ?? 'message'
  switch (type) {
    case 'message':
      readMessage(item, place, reading)
      return
    case 'reasoning': {
      const part = readReasoning(item, place)
      if (part === undefined) return
      note(uses, 'reasoning_kept', place)
      conversation.assistant(part)
      return
    }
    case 'function_call':
    case 'custom_tool_call':
      readCall(item, place, conversation)
      return
    case 'function_call_output':
    case 'custom_tool_call_output':
      conversation.result(readResult(item, place, reading))
      return
    case 'image_generation_call': {
      const image = readMadeImage(item, place, uses)
      if (image !== undefined) conversation.assistant(image)
      return
    }
    // What was found is in the words that followed it.
    case 'web_search_call':
    case 'tool_search_call':
    case 'tool_search_output':
      note(uses, 'spare_tools', `${place} (${type})`)
      return
    case 'item_reference':
      throw new Refused(
        'object_not_found',
        `${place} refers to an item that nobody keeps here: set store to false, so that items are sent whole`,
      )
    default:
      // Calls of OpenAI's own tools, and whatever it adds to them.
      note(uses, 'hosted_tools', `${place} (${type})`)
  }
}

const ROLES = 'one of user, assistant, system, developer'

function readMessage(item: JsonObject, place: string, { conversation, uses }: Reading): void {
  const role = needed(textAt(item.role, `${place}.role`), `${place}.role`)
  const parts = readContent(item.content, `${place}.content`, uses)
  switch (role) {
    case 'user':
      conversation.user(parts.map(asUser))
      return
    case 'assistant':
      for (const part of parts) conversation.assistant(phased(part, item.phase))
      return
    case 'system':
    case 'developer':
      note(uses, conversation.isEmpty() ? 'system' : 'mid_system', place)
      conversation.instruct(parts.map((part, at) => asText(part, `${place}.content[${at}]`)))
      return
    default:
      wrong(`${place}.role`, ROLES)
  }
}

const PHASES = ['commentary', 'final_answer'] as const

/** OpenAI's newer models tell what they say on the way from their answer, and want it back. */
function phased(part: Said, said: unknown): Said {
  const phase = PHASES.find((known) => known === said)
  return phase === undefined || part.kind !== 'text' ? part : { ...part, phase }
}

const asUser = (part: Said) =>
  part.kind === 'refusal' ? ({ kind: 'text', text: part.text } as const) : part

function asText(part: Said, place: string): TextPart {
  return part.kind === 'text' ? part : wrong(`${place}.type`, 'input_text')
}

function readReasoning(item: JsonObject, place: string): ReasoningPart | undefined {
  const texts: string[] = []
  const summary = listAt(item.summary, `${place}.summary`)
  // Open models tell all of their reasoning, and no summary of it.
  const [list, name] =
    summary.length > 0
      ? [summary, 'summary']
      : [listAt(item.content, `${place}.content`), 'content']
  for (const [at, value] of list.entries()) {
    const here = `${place}.${name}[${at}]`
    const part = needed(objectAt(value, here), here)
    texts.push(needed(textAt(part.text, `${here}.text`), `${here}.text`))
  }
  const text = texts.join('\n\n')
  const encrypted = textAt(item.encrypted_content, `${place}.encrypted_content`) ?? ''
  if (encrypted === '')
    return text === '' ? undefined : { kind: 'reasoning', text, mark: undefined }
  const mark = unwrapMark(encrypted, 'responses')
  const own = mark.issuer === 'responses' && mark.value === encrypted
  const id = textAt(item.id, `${place}.id`)
  return { kind: 'reasoning', text, mark: own && id !== undefined ? { ...mark, id } : mark }
}

/** The gateway itself writes the images of other providers so. */
function readMadeImage(item: JsonObject, place: string, uses: Uses): MediaPart | undefined {
  const base64 = textAt(item.result, `${place}.result`) ?? ''
  if (base64 === '') return undefined
  note(uses, 'image_bytes', place)
  return { kind: 'image', source: { kind: 'bytes', mediaType: typeOfMade(item), base64 } }
}

function readCall(item: JsonObject, place: string, conversation: Conversation): void {
  const custom = item.type === 'custom_tool_call'
  const input = custom ? 'input' : 'arguments'
  const id = needed(textAt(item.call_id, `${place}.call_id`) || undefined, `${place}.call_id`)
  const named = needed(textAt(item.name, `${place}.name`), `${place}.name`)
  const name = flatNameOf(item, named, place)
  const text = textAt(item[input], `${place}.${input}`) ?? ''
  conversation.names.set(id, name)
  const call = { kind: 'tool_call', id, name, input: text } as const
  conversation.assistant(custom ? { ...call, custom } : call)
}

function readResult(item: JsonObject, place: string, reading: Reading): ToolResultPart {
  const { conversation, uses } = reading
  const id = needed(textAt(item.call_id, `${place}.call_id`) || undefined, `${place}.call_id`)
  const output = readContent(
    needed(item.output ?? undefined, `${place}.output`),
    `${place}.output`,
    uses,
  )
  const parts = output.map(asUser)
  if (parts.some(({ kind }) => kind !== 'text')) note(uses, 'tool_result_media', place)
  const name = textAt(item.name, `${place}.name`) ?? conversation.names.get(id)
  const result = { kind: 'tool_result', id, name, parts, failed: false } as const
  return item.type === 'custom_tool_call_output' ? { ...result, custom: true } : result
}
