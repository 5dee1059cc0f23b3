import { customToolsOf, unpackedInput } from '../custom-tools.ts'
import { type ForeignMark, wrapMark } from '../neutral/foreign-mark.ts'
import type {
  AssistantPart,
  JsonObject,
  MediaPart,
  NeutralRequest,
  RefusalPart,
  TextPart,
  ToolCallPart,
} from '../neutral/request.ts'
import { writeAnnotation } from './annotations.ts'
import { namesOf } from './namespaces.ts'

/** Ids of items: unlike any other in the conversation, and the same in a stream and its last event. */
export const itemId = (kind: 'msg' | 'rs' | 'fc' | 'ctc' | 'ig', bare: string, index: number) =>
  `${kind}_${bare}_${index}`

export type Status = 'in_progress' | 'completed' | 'incomplete'

/** The output of an answer. Texts that follow each other are one message: clients take the last one for the answer. */
export function writeOutput(
  parts: readonly AssistantPart[],
  bare: string,
  request: NeutralRequest,
): JsonObject[] {
  const items: JsonObject[] = []
  const tools = toolsOf(request)
  let content: JsonObject[] | undefined
  for (const part of parts) {
    if (part.kind === 'text' || part.kind === 'refusal') {
      if (content === undefined) {
        content = []
        items.push(messageItem(itemId('msg', bare, items.length), content, 'completed'))
      }
      content.push(contentOf(part))
      if (part.kind === 'refusal' || part.mark === undefined) continue
      content = undefined
      items.push(markItem(part.mark, itemId('rs', bare, items.length)))
      continue
    }
    content = undefined
    addItem(items, part, { bare, tools })
  }
  return items
}

function addItem(
  items: JsonObject[],
  part: Exclude<AssistantPart, TextPart | RefusalPart>,
  { bare, tools }: { bare: string; tools: ToolsOf },
): void {
  if (part.kind === 'reasoning') {
    const id = itemId('rs', bare, items.length)
    items.push(reasoningItem({ id, text: part.text, mark: part.mark }))
    return
  }
  // There is no other place for what Gemini puts beside its calls.
  if (part.mark !== undefined) items.push(markItem(part.mark, itemId('rs', bare, items.length)))
  if (part.kind === 'tool_call') {
    items.push(callItem(part, tools, { bare, index: items.length }))
    return
  }
  const image = imageItem(part, itemId('ig', bare, items.length))
  if (image !== undefined) items.push(image)
}

export const messageItem = (id: string, content: readonly JsonObject[], status: Status) => ({
  id,
  type: 'message',
  status,
  content,
  role: 'assistant',
})

function contentOf(part: TextPart | RefusalPart): JsonObject {
  if (part.kind === 'refusal') return { type: 'refusal', refusal: part.text }
  const annotations: JsonObject[] = []
  for (const citation of part.citations ?? []) {
    const annotation = writeAnnotation(citation, part.text)
    if (annotation !== undefined) annotations.push(annotation)
  }
  return outputText(part.text, annotations, [])
}

export const outputText = (
  text: string,
  annotations: readonly JsonObject[],
  logprobs: readonly unknown[],
): JsonObject => ({ type: 'output_text', annotations, logprobs, text })

export const reasoningItem = ({
  id,
  text,
  mark,
}: {
  id: string
  text: string
  mark: ForeignMark | undefined
}): JsonObject => ({
  id,
  type: 'reasoning',
  summary: text === '' ? [] : [{ type: 'summary_text', text }],
  ...(mark !== undefined && { encrypted_content: carried(mark) }),
})

const carried = (mark: ForeignMark): string =>
  mark.issuer === 'responses' ? mark.value : wrapMark(mark)

export const markItem = (mark: ForeignMark, id: string): JsonObject =>
  reasoningItem({ id, text: '', mark })

/** The tools of a call, gathered once for all that are called in its answer. */
export interface ToolsOf {
  readonly request: NeutralRequest
  /** Names of those that take free text. */
  readonly custom: ReadonlySet<string>
}

export const toolsOf = (request: NeutralRequest): ToolsOf => ({
  request,
  custom: customToolsOf(request),
})

/** Whether the caller defined the tool as one that takes free text. */
export const isCustom = ({ custom, name }: ToolCallPart, tools: ToolsOf): boolean =>
  custom === true || tools.custom.has(name)

/** The free text of a custom tool, whether the model wrote it as it is or packed. */
const freeText = ({ custom, input }: ToolCallPart): string =>
  custom === true ? input : unpackedInput(input)

export function callItem(
  call: ToolCallPart,
  tools: ToolsOf,
  { bare, index, status = 'completed' }: { bare: string; index: number; status?: Status },
): JsonObject {
  const { id, name, input } = call
  const names = namesOf(name, tools.request)
  if (isCustom(call, tools)) {
    const shared = { id: itemId('ctc', bare, index), type: 'custom_tool_call', status }
    return { ...shared, call_id: id, input: freeText(call), ...names }
  }
  const shared = { id: itemId('fc', bare, index), type: 'function_call', status }
  return { ...shared, arguments: input, call_id: id, ...names }
}

export function imageItem({ kind, source }: MediaPart, id: string): JsonObject | undefined {
  if (kind !== 'image' || source.kind !== 'bytes') return undefined
  return { id, type: 'image_generation_call', status: 'completed', result: source.base64 }
}
