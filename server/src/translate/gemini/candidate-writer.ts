import { createInOrder } from '../in-order.ts'
import type { Finish, NeutralEvent } from '../neutral/answer.ts'
import type { ForeignMark } from '../neutral/foreign-mark.ts'
import type { AssistantPart, JsonObject } from '../neutral/request.ts'
import { createCitedText } from './cited-text.ts'
import { writeFinish } from './finish.ts'
import { writeLogprobs } from './logprobs.ts'
import { marked, writeCall } from './write-answer.ts'
import { writeMedia } from './write-contents.ts'

export type PartEvent = Exclude<
  NeutralEvent,
  { kind: 'start' } | { kind: 'usage' } | { kind: 'failed' } | { kind: 'finish' }
>

/** One candidate of a stream. Parts must come in order, since nothing but their kind tells pieces apart. */
export interface CandidateWriter {
  readonly inOrder: ReturnType<typeof createInOrder>
  /** `tail`: the end of every event. */
  write(event: PartEvent, tail: string): string
  /** The candidate of the last event. */
  finished(finish: Finish): JsonObject
}

/** A part on its way. Calls go out whole, since their arguments are an object. */
interface Open {
  readonly opens: AssistantPart
  input: string
}

export function createCandidateWriter(choice: number): CandidateWriter {
  const open = new Map<number, Open>()
  const cited = createCitedText()
  const head = `data: {"candidates":[{"index":${choice},"content":{"role":"model","parts":[`
  let malformed = false

  function begin(part: number, opens: AssistantPart, tail: string): string {
    open.set(part, { opens, input: '' })
    if (opens.kind === 'text' || opens.kind === 'refusal') cited.begin(opens.text)
    let out = ''
    for (const piece of piecesOf(opens)) out += `${head}${piece}${PARTS_END}${tail}`
    return out
  }

  function more(part: number, text: string, tail: string): string {
    const filled = open.get(part)
    if (filled === undefined) return ''
    const { kind } = filled.opens
    if (kind === 'tool_call') {
      filled.input += text
      return ''
    }
    if (kind !== 'reasoning') cited.add(text)
    return `${head}${saidPiece(kind, text)}${PARTS_END}${tail}`
  }

  function close(part: number, tail: string): string {
    const filled = open.get(part)
    open.delete(part)
    if (filled?.opens.kind !== 'tool_call') return ''
    const call = writeCall({ ...filled.opens, input: filled.opens.input + filled.input })
    malformed ||= call === undefined
    return call === undefined ? '' : `${head}${JSON.stringify(call)}${PARTS_END}${tail}`
  }

  function write(event: PartEvent, tail: string): string {
    switch (event.kind) {
      case 'open':
        return begin(event.part, event.opens, tail)
      case 'more':
        return more(event.part, event.text, tail)
      case 'close':
        return close(event.part, tail)
      case 'logprobs':
        return logprobsEvent(choice, event.logprobs, tail)
      case 'detail': {
        const { mark, citations } = event.detail
        if (citations !== undefined) cited.cite(citations)
        const opens = open.get(event.part)?.opens
        if (mark === undefined || opens === undefined) return ''
        return `${head}${signed(opens, mark)}${PARTS_END}${tail}`
      }
    }
  }

  function finished(finish: Finish): JsonObject {
    const grounding = cited.grounding()
    return {
      content: { parts: [{ text: '' }], role: 'model' },
      finishReason: writeFinish(finish, malformed),
      index: choice,
      ...(grounding !== undefined && { groundingMetadata: grounding }),
    }
  }

  return { inOrder: createInOrder(), write, finished }
}

const PARTS_END = ']}}]'

/** What is known of a part when it is opened: all of an image, nothing of a call, which goes out when it is closed. */
function piecesOf(opens: AssistantPart): readonly string[] {
  switch (opens.kind) {
    case 'tool_call':
      return []
    case 'text':
    case 'refusal':
    case 'reasoning': {
      const pieces = opens.text === '' ? [] : [saidPiece(opens.kind, opens.text)]
      if (opens.kind === 'reasoning' && opens.mark !== undefined) {
        pieces.push(signed(opens, opens.mark))
      }
      return pieces
    }
    default:
      return writeMedia(opens).map((media) => JSON.stringify({ ...media, ...marked(opens.mark) }))
  }
}

const saidPiece = (kind: AssistantPart['kind'], text: string): string =>
  kind === 'reasoning'
    ? `{"text":${JSON.stringify(text)},"thought":true}`
    : `{"text":${JSON.stringify(text)}}`

/** A signature comes in an empty piece behind what it signs, as Gemini sends it. */
const signed = ({ kind }: AssistantPart, mark: ForeignMark): string =>
  JSON.stringify({ text: '', ...(kind === 'reasoning' && { thought: true }), ...marked(mark) })

function logprobsEvent(index: number, logprobs: JsonObject, tail: string): string {
  const result = writeLogprobs(logprobs)
  if (result === undefined) return ''
  return `data: ${JSON.stringify({ candidates: [{ index, logprobsResult: result }] }).slice(0, -1)}${tail}`
}
