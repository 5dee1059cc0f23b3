import { append } from '../append.ts'
import { isObject, listAt, needed, objectAt, oneOfAt, textAt, wrong } from '../json.ts'
import type {
  AssistantPart,
  JsonObject,
  Message,
  TextPart,
  ToolCallPart,
} from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import { readExtra } from './gemini-marks.ts'
import { readContent, readTexts } from './read-parts.ts'
import { readReasoning } from './reasoning.ts'

/** A conversation, split into what stands before it and itself. */
export interface ReadMessages {
  readonly system: TextPart[]
  readonly messages: Message[]
}

interface Reading extends ReadMessages {
  readonly uses: Uses
  /** The calls so far, by id. */
  readonly calls: Map<string, ToolCallPart>
  /** The last call of each function, from before there were ids. */
  readonly legacyCalls: Map<string, ToolCallPart>
}

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function'] as const

export function readMessages(value: unknown, uses: Uses): ReadMessages {
  const given = needed(listAt(value, 'messages'), 'messages')
  if (given.length === 0) return wrong('messages', 'a list of at least one message')
  const reading: Reading = {
    system: [],
    messages: [],
    uses,
    calls: new Map(),
    legacyCalls: new Map(),
  }
  for (let at = 0; at < given.length; at++) {
    const message = given[at]
    const place = `messages[${at}]`
    if (!isObject(message)) return wrong(place, 'an object')
    readMessage(message, place, reading)
  }
  if (reading.system.length > 0) note(uses, 'system', 'messages[0]')
  if (reading.messages.at(-1)?.role === 'assistant')
    note(uses, 'prefill', `messages[${given.length - 1}]`)
  return reading
}

function readMessage(message: JsonObject, place: string, reading: Reading): void {
  const { system, messages, uses } = reading
  const role = needed(oneOfAt(message.role, ROLES, `${place}.role`), `${place}.role`)
  switch (role) {
    case 'system':
    case 'developer': {
      const parts = readTexts(message.content, `${place}.content`, uses)
      if (messages.length === 0) append(system, parts)
      else {
        note(uses, 'mid_system', place)
        messages.push({ role: 'system', parts })
      }
      break
    }
    case 'user':
      messages.push({ role, parts: readContent(message.content, `${place}.content`, uses) })
      break
    case 'assistant':
      messages.push({ role, parts: readAssistant(message, place, reading) })
      break
    case 'tool':
    case 'function':
      readResult(message, place, reading)
  }
}

function readAssistant(message: JsonObject, place: string, reading: Reading): AssistantPart[] {
  const { uses } = reading
  const parts: AssistantPart[] = readReasoning(message)
  if (parts.some((part) => part.kind === 'reasoning' && part.mark !== undefined))
    note(uses, 'reasoning_kept', `${place}.reasoning_details`)
  append(parts, readSaid(message, place, uses))
  const refusal = textAt(message.refusal, `${place}.refusal`)
  if (refusal !== undefined && refusal !== '') parts.push({ kind: 'refusal', text: refusal })
  if (objectAt(message.audio, `${place}.audio`) !== undefined)
    note(uses, 'stored_file', `${place}.audio`)
  const calls = listAt(message.tool_calls, `${place}.tool_calls`)
  for (let at = 0; at < calls.length; at++)
    parts.push(readCall(calls[at], `${place}.tool_calls[${at}]`, reading))
  const legacy = objectAt(message.function_call, `${place}.function_call`)
  if (legacy !== undefined) parts.push(readLegacyCall(legacy, place, reading))
  return parts
}

/** What the assistant said. An empty text beside calls says nothing. */
function readSaid(message: JsonObject, place: string, uses: Uses): AssistantPart[] {
  const content = Array.isArray(message.content) ? (message.content as readonly unknown[]) : []
  const parts: AssistantPart[] = readContent(message.content, `${place}.content`, uses)
  for (let at = 0; at < content.length; at++) {
    const given = content[at]
    const part = parts[at]
    if (isObject(given) && given.type === 'refusal' && part?.kind === 'text')
      parts[at] = { kind: 'refusal', text: part.text }
  }
  const [first] = parts
  if (first?.kind !== 'text' || parts.length > 1) return parts
  if (first.text === '') return []
  const mark = readExtra(message)
  return mark === undefined ? parts : [{ ...first, mark }]
}

function readCall(value: unknown, place: string, { calls }: Reading): ToolCallPart {
  if (!isObject(value)) return wrong(place, 'an object')
  const id = needed(textAt(value.id, `${place}.id`), `${place}.id`)
  if (id === '') return wrong(`${place}.id`, 'a string that is not empty')
  const custom = value.type === 'custom'
  const member = custom ? 'custom' : 'function'
  const where = `${place}.${member}`
  const called = needed(objectAt(value[member], where), where)
  const name = needed(textAt(called.name, `${where}.name`), `${where}.name`)
  const input = custom
    ? textAt(called.input, `${where}.input`)
    : textAt(called.arguments, `${where}.arguments`)
  const call: ToolCallPart = { kind: 'tool_call', id, name, input: input ?? '', custom }
  calls.set(id, call)
  const mark = readExtra(value)
  return mark === undefined ? call : { ...call, mark }
}

/** Before tools there were functions, one call at a time and without ids. */
function readLegacyCall(value: JsonObject, place: string, reading: Reading): ToolCallPart {
  const where = `${place}.function_call`
  const name = needed(textAt(value.name, `${where}.name`), `${where}.name`)
  const input = textAt(value.arguments, `${where}.arguments`) ?? ''
  const { calls, legacyCalls } = reading
  const call: ToolCallPart = { kind: 'tool_call', id: `call_${calls.size}`, name, input }
  calls.set(call.id, call)
  legacyCalls.set(name, call)
  return call
}

function readResult(message: JsonObject, place: string, reading: Reading): void {
  const { uses, calls, messages } = reading
  const call = message.role === 'tool' ? undefined : legacyCallOf(message, place, reading)
  const id = call?.id ?? textAt(message.tool_call_id, `${place}.tool_call_id`)
  const parts = readContent(message.content, `${place}.content`, uses)
  if (parts.some((part) => part.kind !== 'text')) note(uses, 'tool_result_media', place)
  const known = id === undefined ? undefined : calls.get(id)
  messages.push({
    role: 'user',
    parts: [
      {
        kind: 'tool_result',
        id: needed(id, `${place}.tool_call_id`),
        name: known?.name,
        parts,
        failed: false,
        custom: known?.custom ?? false,
      },
    ],
  })
}

function legacyCallOf(message: JsonObject, place: string, { legacyCalls }: Reading): ToolCallPart {
  const name = needed(textAt(message.name, `${place}.name`), `${place}.name`)
  return (
    legacyCalls.get(name) ?? wrong(`${place}.name`, 'the name of a function that was called before')
  )
}
