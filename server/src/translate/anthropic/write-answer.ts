import { NO_USAGE } from '../../usage/usage.ts'
import type { AnswerContext } from '../codec.ts'
import { idWith } from '../ids.ts'
import type { NeutralAnswer } from '../neutral/answer.ts'
import type {
  AssistantPart,
  JsonObject,
  NeutralRequest,
  ReasoningPart,
  TextPart,
} from '../neutral/request.ts'
import { writeCitation } from './citations.ts'
import { writeFinish } from './finishes.ts'
import { writeUsage } from './usage.ts'
import { type Block, inputOf, markBlock, thinkingBlock } from './write-blocks.ts'

/** A whole message. The dialect has one choice. */
export function writeAnswer(
  answer: NeutralAnswer,
  { request, requestId }: AnswerContext,
): JsonObject {
  const choice = answer.choices[0]
  const content: Block[] = []
  for (const part of choice?.parts ?? []) writePart(part, request, content)
  return {
    id: idWith('msg_', answer.id, requestId),
    type: 'message',
    role: 'assistant',
    model: answer.model === '' ? request.model : answer.model,
    content,
    stop_reason: writeFinish(choice?.finish ?? 'stop'),
    stop_sequence: choice?.stopSequence ?? null,
    stop_details: null,
    container: null,
    usage: writeUsage(answer.usage ?? NO_USAGE, answer.serviceTier),
  }
}

/** Whoever did not ask for thinking reads the first block as the answer. */
export const isThinkingShown = ({ reasoning }: NeutralRequest): boolean =>
  reasoning !== undefined &&
  reasoning.shows !== 'nothing' &&
  reasoning.budget !== 0 &&
  reasoning.effort !== 'none'

function writePart(part: AssistantPart, request: NeutralRequest, content: Block[]): void {
  switch (part.kind) {
    case 'text':
      if (part.mark !== undefined) content.push(markBlock(part.mark))
      content.push(textBlock(part))
      break
    case 'refusal':
      content.push(textBlock({ kind: 'text', text: part.text }))
      break
    case 'reasoning': {
      const block = reasoningBlock(part, request)
      if (block !== undefined) content.push(block)
      break
    }
    case 'tool_call':
      if (part.mark !== undefined) content.push(markBlock(part.mark))
      content.push({ type: 'tool_use', id: part.id, name: part.name, input: inputOf(part) })
      break
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      break
  }
}

/**
 * A reasoning's block for a caller; `undefined`: there is nothing in it for this one. Where its text is not to be shown the
 * mark alone goes out, as the provider itself does it.
 */
function reasoningBlock({ text, mark }: ReasoningPart, request: NeutralRequest): Block | undefined {
  if (request.reasoning === undefined) return undefined
  const shown = isThinkingShown(request) ? text : ''
  if (mark !== undefined) return thinkingBlock(shown, mark)
  return shown === '' ? undefined : { type: 'thinking', thinking: shown, signature: '' }
}

function textBlock({ text, citations }: TextPart): Block {
  const written = citations?.map(writeCitation).filter((citation) => citation !== undefined)
  return {
    type: 'text',
    text,
    citations: written === undefined || written.length === 0 ? null : written,
  }
}
