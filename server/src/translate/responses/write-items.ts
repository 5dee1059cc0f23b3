import { dataUrl } from '../data-url.ts'
import type {
  AssistantPart,
  JsonObject,
  MediaPart,
  NeutralRequest,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  UserPart,
} from '../neutral/request.ts'

/** The conversation as `input`: each call, each result and each piece of reasoning is an item of its own. */
export function writeItems({ messages }: NeutralRequest): JsonObject[] {
  const items: JsonObject[] = []
  for (const { role, parts } of messages) {
    if (role === 'assistant') addAssistant(items, parts)
    else if (role === 'user') addUser(items, parts)
    else if (parts.length > 0) items.push(message('developer', parts.map(inputText)))
  }
  return items
}

const message = (role: string, content: readonly JsonObject[]): JsonObject => ({
  type: 'message',
  role,
  content,
})

const inputText = ({ text }: TextPart): JsonObject => ({ type: 'input_text', text })

function addUser(items: JsonObject[], parts: readonly UserPart[]): void {
  let content: JsonObject[] | undefined
  for (const part of parts) {
    if (part.kind === 'tool_result') {
      content = undefined
      items.push(writeResult(part))
      continue
    }
    if (content === undefined) {
      content = []
      items.push(message('user', content))
    }
    content.push(writeInput(part))
  }
}

function writeInput(part: TextPart | MediaPart): JsonObject {
  switch (part.kind) {
    case 'text':
      return inputText(part)
    case 'image':
      return { type: 'input_image', detail: part.detail ?? 'auto', ...imageOf(part) }
    case 'audio':
    case 'video':
    case 'file':
      return writeFile(part)
  }
}

function imageOf({ source }: MediaPart): JsonObject {
  switch (source.kind) {
    case 'bytes':
      return { image_url: dataUrl(source.mediaType, source.base64) }
    case 'url':
      return { image_url: source.url }
    case 'id':
      return { file_id: source.id }
    case 'text':
      return { image_url: dataUrl('text/plain', Buffer.from(source.text).toString('base64')) }
  }
}

function writeFile({ source, name }: MediaPart): JsonObject {
  switch (source.kind) {
    case 'url':
      return { type: 'input_file', file_url: source.url }
    case 'id':
      return { type: 'input_file', file_id: source.id }
    case 'text':
      return {
        type: 'input_text',
        text: name === undefined ? source.text : `${name}:\n${source.text}`,
      }
    case 'bytes': {
      const { mediaType, base64 } = source
      const filename = name ?? (mediaType === 'application/pdf' ? 'file.pdf' : 'file')
      return { type: 'input_file', filename, file_data: dataUrl(mediaType, base64) }
    }
  }
}

function writeResult({ id, parts, custom }: ToolResultPart): JsonObject {
  const [first] = parts
  const plain = parts.length === 0 || (parts.length === 1 && first?.kind === 'text')
  return {
    type: custom === true ? 'custom_tool_call_output' : 'function_call_output',
    call_id: id,
    output: plain ? (first?.kind === 'text' ? first.text : '') : parts.map(writeInput),
  }
}

function addAssistant(items: JsonObject[], parts: readonly AssistantPart[]): void {
  let content: JsonObject[] | undefined
  let phase: TextPart['phase']
  for (const part of parts) {
    if (part.kind === 'text' || part.kind === 'refusal') {
      const said = part.kind === 'text' ? part.phase : undefined
      if (content === undefined || said !== phase) {
        content = []
        phase = said
        const begun = message('assistant', content)
        items.push(phase === undefined ? begun : { ...begun, phase })
      }
      content.push(
        part.kind === 'text'
          ? { type: 'output_text', text: part.text }
          : { type: 'refusal', refusal: part.text },
      )
      continue
    }
    const item = itemOf(part)
    if (item === undefined) continue
    content = undefined
    items.push(item)
  }
}

/** Images that a model made have no place in an input. */
function itemOf(part: ReasoningPart | ToolCallPart | MediaPart): JsonObject | undefined {
  if (part.kind === 'tool_call') return writeCall(part)
  return part.kind === 'reasoning' ? writeReasoning(part) : undefined
}

function writeCall({ id, name, input, custom }: ToolCallPart): JsonObject {
  return custom === true
    ? { type: 'custom_tool_call', call_id: id, name, input }
    : { type: 'function_call', call_id: id, name, arguments: input === '' ? '{}' : input }
}

/** OpenAI takes no reasoning but its own. */
function writeReasoning({ text, mark }: ReasoningPart): JsonObject | undefined {
  if (mark?.issuer !== 'responses') return undefined
  return {
    type: 'reasoning',
    ...(mark.id !== undefined && { id: mark.id }),
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
    encrypted_content: mark.value,
  }
}
