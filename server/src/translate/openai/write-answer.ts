import type { AnswerContext } from '../codec.ts'
import { isCustomTool, unpackedInput } from '../custom-tools.ts'
import { idWith } from '../ids.ts'
import type { Choice, NeutralAnswer } from '../neutral/answer.ts'
import type {
  AssistantPart,
  JsonObject,
  MediaPart,
  NeutralRequest,
  ReasoningPart,
  TextPart,
  ToolCallPart,
} from '../neutral/request.ts'
import { lengthOf, writeAnnotation } from './annotations.ts'
import { writeFinish } from './finishes.ts'
import { extraContent } from './gemini-marks.ts'
import { writeDetail } from './reasoning.ts'
import { writeUsage } from './usage.ts'
import { imagePart, type Written } from './write-parts.ts'

/** A whole completion. */
export function writeAnswer(
  answer: NeutralAnswer,
  { request, requestId, now }: AnswerContext,
): JsonObject {
  const body: Written = {
    id: idWith('chatcmpl-', answer.id, requestId),
    object: 'chat.completion',
    created: answer.createdAt === 0 ? now : answer.createdAt,
    model: answer.model === '' ? request.model : answer.model,
    choices: answer.choices.map((choice) => writeChoice(choice, request)),
  }
  if (answer.usage !== undefined) body.usage = writeUsage(answer.usage)
  if (answer.serviceTier !== undefined) body.service_tier = answer.serviceTier
  return body
}

function writeChoice(choice: Choice, request: NeutralRequest): Written {
  const { index, parts, finish, logprobs } = choice
  const message = writeMessage(parts, request)
  return {
    index,
    message,
    logprobs: logprobs ?? null,
    finish_reason: writeFinish(finish, message.refusal !== null),
  }
}

function writeMessage(parts: readonly AssistantPart[], request: NeutralRequest): Written {
  const message: Written = { role: 'assistant', content: null, refusal: null }
  const texts: TextPart[] = []
  const reasoning: ReasoningPart[] = []
  const calls: Written[] = []
  const images: Written[] = []
  for (const part of parts) {
    if (part.kind === 'text') texts.push(part)
    else if (part.kind === 'reasoning') reasoning.push(part)
    else if (part.kind === 'tool_call') calls.push(writeCall(part, request))
    else if (part.kind === 'refusal')
      message.refusal = (message.refusal === null ? '' : String(message.refusal)) + part.text
    else if (isImage(part)) images.push(imagePart(part))
  }
  writeTexts(texts, message)
  if (calls.length > 0) message.tool_calls = calls
  else if (texts.length === 0 && message.refusal === null) message.content = ''
  if (images.length > 0) message.images = images
  writeReasoning(reasoning, message, request)
  return message
}

/** Images that a model made come inline, or by their address. */
export const isImage = (part: AssistantPart): part is MediaPart =>
  part.kind === 'image' && (part.source.kind === 'bytes' || part.source.kind === 'url')

function writeTexts(parts: readonly TextPart[], message: Written): void {
  if (parts.length === 0) return
  message.content = parts.map(({ text }) => text).join('')
  const mark = parts.findLast((part) => part.mark !== undefined)?.mark
  if (mark !== undefined) message.extra_content = extraContent(mark)
  if (parts.every(({ citations }) => citations === undefined)) return
  const annotations: JsonObject[] = []
  let from = 0
  for (const { text, citations } of parts) {
    const to = from + lengthOf(text)
    for (const citation of citations ?? []) {
      const annotation = writeAnnotation(citation, from, to)
      if (annotation !== undefined) annotations.push(annotation)
    }
    from = to
  }
  if (annotations.length > 0) message.annotations = annotations
}

function writeReasoning(
  parts: readonly ReasoningPart[],
  message: Written,
  { reasoning }: NeutralRequest,
): void {
  if (parts.length === 0 || reasoning?.shows === 'nothing') return
  const text = parts.map((part) => part.text).join('')
  if (text !== '') message.reasoning_content = text
  if (parts.some(({ mark }) => mark !== undefined))
    message.reasoning_details = parts.map(writeDetail)
}

/** A call as the caller declared its tool, whatever the provider made of it. */
function writeCall(part: ToolCallPart, request: NeutralRequest): Written {
  const { id, name, input } = part
  if (part.custom === true || isCustomTool(request, name)) {
    const text = part.custom === true ? input : unpackedInput(input)
    return { id, type: 'custom', custom: { name, input: text } }
  }
  const call: Written = { id, type: 'function', function: { name, arguments: input } }
  if (part.mark !== undefined) call.extra_content = extraContent(part.mark)
  return call
}
