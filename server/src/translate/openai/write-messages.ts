import { append } from '../append.ts'
import { customToolsOf, packedInput } from '../custom-tools.ts'
import type {
  AssistantPart,
  MediaPart,
  NeutralRequest,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  UserPart,
} from '../neutral/request.ts'
import { extraContent } from './gemini-marks.ts'
import { writeDetail } from './reasoning.ts'
import { type Target, type Written, writeContent } from './write-parts.ts'

export function writeMessages(request: NeutralRequest, target: Target): Written[] {
  const out: Written[] = []
  if (request.system.length > 0)
    out.push({ role: 'system', content: writeTexts(request.system, target) })
  const customTools = customToolsOf(request)
  let turn: (readonly UserPart[])[] = []
  for (const message of request.messages) {
    if (message.role === 'user') {
      turn.push(message.parts)
      continue
    }
    if (turn.length > 0) writeUser(turn, target, out)
    turn = []
    switch (message.role) {
      case 'system':
        out.push({ role: 'system', content: writeTexts(message.parts, target) })
        break
      case 'assistant': {
        const written = writeAssistant(message.parts, customTools, target)
        if (written !== undefined) out.push(written)
      }
    }
  }
  if (turn.length > 0) writeUser(turn, target, out)
  return out
}

/** Instructions are one text where the marks between them mean nothing. */
function writeTexts(parts: readonly TextPart[], target: Target): string | Written[] {
  return target.marksCache && parts.some(({ cache }) => cache !== undefined)
    ? writeContent(parts, target)
    : parts.map(({ text }) => text).join('\n\n')
}

/**
 * All that the user sent before the model's turn. Results of tools are messages of their own and come first: nothing may
 * stand between them and the calls.
 */
function writeUser(turn: readonly (readonly UserPart[])[], target: Target, out: Written[]): void {
  let shown: (TextPart | MediaPart)[] = []
  for (const parts of turn)
    for (const part of parts) if (part.kind === 'tool_result') out.push(writeResult(part, shown))
  for (const parts of turn) {
    const said: readonly (TextPart | MediaPart)[] = parts.filter(
      (part) => part.kind !== 'tool_result',
    )
    const content = shown.length === 0 ? said : [...shown, ...said]
    if (content.length > 0) out.push({ role: 'user', content: writeContent(content, target) })
    shown = []
  }
}

/** A result is text only: what it shows follows in the user's next message. */
function writeResult(part: ToolResultPart, shown: (TextPart | MediaPart)[]): Written {
  const texts: string[] = []
  const media: MediaPart[] = []
  for (const one of part.parts) {
    if (one.kind === 'text') texts.push(one.text)
    else media.push(one)
  }
  if (media.length > 0) {
    texts.push('(What this result shows follows in the next message.)')
    const shows = `What the result of ${part.name ?? 'the tool'} (${part.id}) shows:`
    shown.push({ kind: 'text', text: shows })
    append(shown, media)
  }
  const said = texts.join('\n')
  const content = part.failed ? `The tool failed. ${said}` : said
  return { role: 'tool', tool_call_id: part.id, content }
}

/** Media that a model made are taken back by nobody here. */
function writeAssistant(
  parts: readonly AssistantPart[],
  customTools: ReadonlySet<string>,
  target: Target,
): Written | undefined {
  let text = ''
  let refusal = ''
  const calls: Written[] = []
  const reasoning: ReasoningPart[] = []
  const written: Written = { role: 'assistant' }
  for (const part of parts) {
    if (part.kind === 'text') {
      text += part.text
      if (part.mark?.issuer === 'gemini' && !target.own)
        written.extra_content = extraContent(part.mark)
    } else if (part.kind === 'refusal') refusal += part.text
    else if (part.kind === 'tool_call') calls.push(writeCall(part, customTools, target))
    else if (part.kind === 'reasoning') reasoning.push(part)
  }
  const isEmpty = text === '' && refusal === '' && calls.length === 0
  if (isEmpty && parts.every(({ kind }) => kind !== 'text')) return undefined
  written.content = text === '' && (calls.length > 0 || refusal !== '') ? null : text
  if (refusal !== '') written.refusal = refusal
  if (calls.length > 0) written.tool_calls = calls
  if (!target.own) writeReasoning(reasoning, written)
  return written
}

/** Some models want to see what they thought before they called a tool; what others signed means nothing to them. */
function writeReasoning(parts: readonly ReasoningPart[], written: Written): void {
  let text = ''
  const details: Written[] = []
  for (const part of parts) {
    text += part.text
    if (part.mark?.issuer === 'openai') details.push({ ...writeDetail(part, details.length) })
  }
  if (text !== '') written.reasoning_content = text
  if (details.length > 0) written.reasoning_details = details
}

function writeCall(part: ToolCallPart, customTools: ReadonlySet<string>, target: Target): Written {
  const { id, name, input } = part
  const isCustom = part.custom === true || customTools.has(name)
  if (isCustom && target.newest) {
    return { id, type: 'custom', custom: { name, input } }
  }
  const text = part.custom === true ? packedInput(input) : input === '' ? '{}' : input
  const call: Written = { id, type: 'function', function: { name, arguments: text } }
  if (part.mark?.issuer === 'gemini' && !target.own) call.extra_content = extraContent(part.mark)
  return call
}
