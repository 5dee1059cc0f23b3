import { needed, objectAt, textAt, wrong } from '../json.ts'
import { jsonAt } from '../json-text.ts'
import { type ForeignMark, unwrapMark } from '../neutral/foreign-mark.ts'
import type { AssistantPart, JsonObject, ReasoningPart, TextPart } from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import type { CallIds } from './call-ids.ts'
import { member } from './members.ts'
import { isHosted, isThought, readMedia } from './read-parts.ts'

/** What the model said, which clients may have kept in any number of pieces. */
export interface ModelTurn {
  /** Grows with every `read`. */
  readonly parts: readonly AssistantPart[]
  /** @throws Refused `invalid_request`. */
  read(part: unknown, place: string): void
}

export function createModelTurn(ids: CallIds, uses: Uses): ModelTurn {
  const parts: AssistantPart[] = []

  function read(value: unknown, place: string): void {
    const part = needed(objectAt(value, place), place)
    const mark = markOf(part, place)
    const text = textAt(part.text, `${place}.text`)
    if (mark !== undefined) note(uses, 'reasoning_kept', `${place}.thoughtSignature`)
    if (text !== undefined) {
      if (isThought(part, place)) note(uses, 'reasoning_kept', `${place}.thought`)
      appendSaid(parts, text, { thought: isThought(part, place), mark })
      return
    }
    const call = objectAt(member(part, 'functionCall'), `${place}.functionCall`)
    if (call !== undefined) {
      parts.push({ ...readCall(call, `${place}.functionCall`, ids), mark })
      return
    }
    const media = readMedia(part, place, uses)
    if (media !== undefined) parts.push({ ...media, mark })
    else if (mark !== undefined) appendSaid(parts, '', { thought: isThought(part, place), mark })
    else if (isHosted(part)) note(uses, 'hosted_tools', place)
    else wrong(place, 'one of text, inlineData, fileData, functionCall')
  }

  return { parts, read }
}

function markOf(part: JsonObject, place: string): ForeignMark | undefined {
  const signature = textAt(member(part, 'thoughtSignature'), `${place}.thoughtSignature`)
  // Sent by clients whose history comes from other models, as Google's documentation tells them.
  if (signature === undefined || signature === '' || signature === UNSIGNED) return undefined
  return unwrapMark(signature, 'gemini')
}

/** In the place of a signature: there is none, since another model made this call. */
export const UNSIGNED = 'skip_thought_signature_validator'

function readCall(call: JsonObject, place: string, ids: CallIds) {
  const name = needed(textAt(call.name, `${place}.name`), `${place}.name`)
  const args = objectAt(call.args, `${place}.args`)
  return {
    kind: 'tool_call',
    id: ids.ofCall(textAt(call.id, `${place}.id`) || undefined, name),
    name,
    input: args === undefined ? '{}' : jsonAt(args, `${place}.args`),
  } as const
}

interface Said {
  readonly thought: boolean
  readonly mark: ForeignMark | undefined
}

/**
 * Pieces of one text become one part again: a signature signs all of its text, and Gemini sends it in an empty piece
 * behind the others.
 */
export function appendSaid(parts: AssistantPart[], text: string, { thought, mark }: Said): void {
  const last = parts.at(-1)
  if (last !== undefined && mark?.redacted !== true && belongsTo(last, text, thought)) {
    parts[parts.length - 1] = { ...last, text: last.text + text, mark }
  } else if (thought || text === '') {
    if (text !== '' || mark !== undefined) parts.push({ kind: 'reasoning', text, mark })
  } else {
    parts.push({ kind: 'text', text, mark })
  }
}

function belongsTo(
  last: AssistantPart,
  text: string,
  thought: boolean,
): last is TextPart | ReasoningPart {
  if (last.kind !== 'text' && last.kind !== 'reasoning') return false
  if (last.mark !== undefined) return false
  if (last.kind === 'text' && last.citations !== undefined) return false
  return thought ? last.kind === 'reasoning' : last.kind === 'text' || text === ''
}
