import { append } from '../append.ts'
import type { AssistantPart, Message, TextPart, UserPart } from '../neutral/request.ts'
import type { Abilities } from './models.ts'
import {
  type Block,
  mediaBlock,
  textBlock,
  thinkingBlock,
  toolResultBlock,
  toolUseBlock,
} from './write-blocks.ts'

export interface WrittenMessage {
  readonly role: 'user' | 'assistant'
  content: Block[]
}

/** A conversation must begin with the user. */
const BEGINNING = '(The conversation begins.)'
/** And with newer models it must end with the user. */
const CONTINUATION = '(Go on.)'

/**
 * The conversation, in turns: what follows each other by one role is joined. Instructions on the way are not in it; see
 * `instructionsOf`.
 */
export function writeMessages(
  messages: readonly Message[],
  { goesOn }: Abilities,
): WrittenMessage[] {
  const turns: WrittenMessage[] = []
  for (const message of messages) {
    if (message.role === 'system') continue
    const blocks =
      message.role === 'user' ? userBlocks(message.parts) : assistantBlocks(message.parts)
    if (blocks.length === 0) continue
    const last = turns.at(-1)
    if (last?.role === message.role) append(last.content, blocks)
    else turns.push({ role: message.role, content: blocks })
  }
  for (const turn of turns) if (turn.role === 'user') turn.content = withResultsFirst(turn.content)
  if (turns[0]?.role !== 'user')
    turns.unshift({ role: 'user', content: [{ type: 'text', text: BEGINNING }] })
  if (goesOn) trimEnd(turns.at(-1))
  else if (turns.at(-1)?.role === 'assistant')
    turns.push({ role: 'user', content: [{ type: 'text', text: CONTINUATION }] })
  return turns
}

/** All that the model is told to obey, from before and from within the conversation. */
export function instructionsOf(
  system: readonly TextPart[],
  messages: readonly Message[],
): readonly TextPart[] {
  let all: TextPart[] | undefined
  for (const message of messages) {
    if (message.role !== 'system') continue
    all ??= [...system]
    append(all, message.parts)
  }
  return all ?? system
}

function userBlocks(parts: readonly UserPart[]): Block[] {
  const blocks: Block[] = []
  for (const part of parts) {
    if (part.kind === 'tool_result') blocks.push(toolResultBlock(part))
    else {
      const block = part.kind === 'text' ? textBlock(part) : mediaBlock(part)
      if (block !== undefined) blocks.push(block)
    }
  }
  return blocks
}

function assistantBlocks(parts: readonly AssistantPart[]): Block[] {
  const blocks: Block[] = []
  for (const part of parts) {
    const block = assistantBlock(part)
    if (block !== undefined) blocks.push(block)
  }
  return blocks
}

/** Images that a model made, and reasoning that others signed, the provider takes from nobody. */
function assistantBlock(part: AssistantPart): Block | undefined {
  switch (part.kind) {
    case 'text':
      return textBlock(part)
    case 'refusal':
      return textBlock({ kind: 'text', text: part.text })
    case 'tool_call':
      return toolUseBlock(part)
    case 'reasoning':
      return part.mark?.issuer === 'anthropic' ? thinkingBlock(part.text, part.mark) : undefined
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return undefined
  }
}

function withResultsFirst(content: Block[]): Block[] {
  const isResult = ({ type }: Block) => type === 'tool_result'
  const firstOther = content.findIndex((block) => !isResult(block))
  if (firstOther < 0 || !content.some((block, at) => at > firstOther && isResult(block)))
    return content
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))]
}

/** A beginning that the model goes on with must not end in blanks. */
function trimEnd(last: WrittenMessage | undefined): void {
  const block = last?.role === 'assistant' ? last.content.at(-1) : undefined
  if (block?.type === 'text') block.text = String(block.text).trimEnd()
}
