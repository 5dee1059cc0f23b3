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

/** One candidate of a stream. */
export interface CandidateWriter {
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
    switch (opens.kind) {
      case 'tool_call':
        return ''
      case 'text':
      case 'refusal':
        cited.begin()
        return opens.text === '' ? '' : more(part, opens.text, tail)
      case 'reasoning': {
        const text = opens.text === '' ? '' : more(part, opens.text, tail)
        return opens.mark === undefined ? text : `${text}${head}${signed(opens, opens.mark)}${tail}`
      }
      default: {
        const [media] = writeMedia(opens)
        if (media === undefined) return ''
        return `${head}${JSON.stringify({ ...media, ...marked(opens.mark) })}${PARTS_END}${tail}`
      }
    }
  }

  function more(part: number, text: string, tail: string): string {
    const filled = open.get(part)
    if (filled === undefined) return ''
    const { kind } = filled.opens
    if (kind === 'tool_call') {
      filled.input += text
      return ''
    }
    const thought = kind === 'reasoning' ? ',"thought":true' : ''
    if (kind !== 'reasoning') cited.add(text)
    return `${head}{"text":${JSON.stringify(text)}${thought}}${PARTS_END}${tail}`
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
        return `${head}${signed(opens, mark)}${tail}`
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

  return { write, finished }
}

const PARTS_END = ']}}]'

/** A signature comes in an empty piece behind what it signs, as Gemini sends it. */
const signed = ({ kind }: AssistantPart, mark: ForeignMark): string =>
  JSON.stringify({ text: '', ...(kind === 'reasoning' && { thought: true }), ...marked(mark) }) +
  PARTS_END

function logprobsEvent(index: number, logprobs: JsonObject, tail: string): string {
  const result = writeLogprobs(logprobs)
  if (result === undefined) return ''
  return `data: ${JSON.stringify({ candidates: [{ index, logprobsResult: result }] }).slice(0, -1)}${tail}`
}
