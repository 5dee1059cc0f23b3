import { needed, objectAt, textAt, wrong } from '../json.ts'
import type { Message, TextPart, UserPart } from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import { type CallIds, createCallIds } from './call-ids.ts'
import { member, oneOrMoreAt } from './members.ts'
import { createModelTurn, type ModelTurn } from './model-turn.ts'
import { isHosted, readFunctionResult, readMedia } from './read-parts.ts'

/**
 * `contents` as messages. Clients keep each piece of a stream as a content of its own: those of the model that follow each
 * other are one message.
 * @throws Refused `invalid_request`.
 */
export function readContents(value: unknown, uses: Uses): readonly Message[] {
  const contents = oneOrMoreAt(needed(value ?? undefined, 'contents'), 'contents')
  const ids = createCallIds()
  const messages: Message[] = []
  let turn: ModelTurn | undefined
  contents.forEach((content, at) => {
    const place = `contents[${at}]`
    const object = needed(objectAt(content, place), place)
    const parts = oneOrMoreAt(member(object, 'parts'), `${place}.parts`)
    if (isOfModel(object.role, place)) {
      if (turn === undefined) {
        turn = createModelTurn(ids, uses)
        messages.push({ role: 'assistant', parts: turn.parts })
      }
      for (const [of, part] of parts.entries()) turn.read(part, `${place}.parts[${of}]`)
    } else {
      turn = undefined
      messages.push({ role: 'user', parts: userParts(parts, place, { ids, uses }) })
    }
  })
  if (messages.length === 0) wrong('contents', 'a list of at least one content')
  if (turn !== undefined) note(uses, 'prefill', `contents[${contents.length - 1}]`)
  return messages
}

function isOfModel(value: unknown, place: string): boolean {
  const role = textAt(value, `${place}.role`)?.toLowerCase() ?? 'user'
  if (role === 'model') return true
  // Older clients send results of functions with roles of their own.
  if (role === 'user' || role === 'function' || role === 'tool') return false
  return wrong(`${place}.role`, 'one of user, model')
}

function userParts(
  parts: readonly unknown[],
  place: string,
  { ids, uses }: { ids: CallIds; uses: Uses },
): UserPart[] {
  const out: UserPart[] = []
  for (const [at, part] of parts.entries()) {
    const here = `${place}.parts[${at}]`
    const object = needed(objectAt(part, here), here)
    const text = textAt(object.text, `${here}.text`)
    if (text !== undefined) {
      out.push({ kind: 'text', text })
      continue
    }
    const read = readMedia(object, here, uses) ?? readFunctionResult(object, here, { ids, uses })
    if (read !== undefined) out.push(read)
    else if (isHosted(object)) note(uses, 'hosted_tools', here)
    else wrong(here, 'one of text, inlineData, fileData, functionResponse')
  }
  return out
}

/** `systemInstruction`: only its texts count. */
export function readSystem(value: unknown, uses: Uses): readonly TextPart[] {
  if (value === undefined || value === null) return []
  if (typeof value === 'string') return [{ kind: 'text', text: value }]
  const content = needed(objectAt(value, 'systemInstruction'), 'systemInstruction')
  const parts = oneOrMoreAt(member(content, 'parts'), 'systemInstruction.parts')
  const out: TextPart[] = []
  for (const [at, part] of parts.entries()) {
    const place = `systemInstruction.parts[${at}]`
    const object = needed(objectAt(part, place), place)
    out.push({ kind: 'text', text: needed(textAt(object.text, `${place}.text`), `${place}.text`) })
  }
  if (out.length > 0) note(uses, 'system', 'systemInstruction')
  return out
}
