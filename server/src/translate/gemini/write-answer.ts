import type { AnswerContext } from '../codec.ts'
import { packedInput } from '../custom-tools.ts'
import { idWith } from '../ids.ts'
import { isObject, parsedJson } from '../json.ts'
import type { Choice, NeutralAnswer } from '../neutral/answer.ts'
import { type ForeignMark, wrapMark } from '../neutral/foreign-mark.ts'
import type { AssistantPart, JsonObject, ToolCallPart } from '../neutral/request.ts'
import { writeFinish } from './finish.ts'
import { writeGrounding } from './grounding.ts'
import { writeLogprobs } from './logprobs.ts'
import { writeUsage } from './usage.ts'
import { writeMedia } from './write-contents.ts'

/** The answer as `GenerateContentResponse`. */
export function writeAnswer(answer: NeutralAnswer, context: AnswerContext): JsonObject {
  const { id, model, choices, usage, createdAt } = answer
  return {
    candidates: choices.map(writeCandidate),
    ...(usage !== undefined && { usageMetadata: writeUsage(usage) }),
    modelVersion: model === '' ? context.request.model : model,
    ...(createdAt > 0 &&
      createdAt <= LATEST && { createTime: new Date(createdAt * 1000).toISOString() }),
    responseId: idWith('', id, context.requestId),
  }
}

/** No date is later; what a provider claims beyond is none. */
const LATEST = 8_640_000_000_000

function writeCandidate({ index, parts, finish, logprobs }: Choice): JsonObject {
  const written: AssistantPart[] = []
  const content: JsonObject[] = []
  let malformed = false
  for (const part of parts) {
    const one = writePart(part)
    if (one === undefined) malformed ||= part.kind === 'tool_call'
    else {
      written.push(part)
      content.push(one)
    }
  }
  const grounding = writeGrounding(written)
  const probabilities = writeLogprobs(logprobs)
  return {
    content: { parts: content, role: 'model' },
    finishReason: writeFinish(finish, malformed),
    index,
    ...(grounding !== undefined && { groundingMetadata: grounding }),
    ...(probabilities !== undefined && { logprobsResult: probabilities }),
  }
}

function writePart(part: AssistantPart): JsonObject | undefined {
  switch (part.kind) {
    case 'text':
      return { text: part.text, ...marked(part.mark) }
    case 'refusal':
      return { text: part.text }
    case 'reasoning':
      return { text: part.text, thought: true, ...marked(part.mark) }
    case 'tool_call':
      return writeCall(part)
    default: {
      const [media] = writeMedia(part)
      return media && { ...media, ...marked(part.mark) }
    }
  }
}

export const marked = (mark: ForeignMark | undefined) => {
  if (mark === undefined) return undefined
  return { thoughtSignature: mark.issuer === 'gemini' ? mark.value : wrapMark(mark) }
}

/** Arguments are an object here: what is none, since the answer was cut off, can't be told. */
export function writeCall(call: ToolCallPart): JsonObject | undefined {
  const { id, name, input, mark, custom } = call
  const args = input === '' ? {} : parsedJson(custom === true ? packedInput(input) : input)
  return isObject(args) ? { functionCall: { id, name, args }, ...marked(mark) } : undefined
}
