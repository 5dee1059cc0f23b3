import { packedInput } from '../custom-tools.ts'
import { isObject, parsedJson } from '../json.ts'
import { typeOrUsual } from '../media-types.ts'
import type {
  AssistantPart,
  JsonObject,
  MediaPart,
  NeutralRequest,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  UserPart,
} from '../neutral/request.ts'
import { UNSIGNED } from './model-turn.ts'
import { isSigning } from './models.ts'
import { type OwnMark, ownMark } from './own-mark.ts'

interface Content {
  readonly role: 'user' | 'model'
  readonly parts: JsonObject[]
}

/** Contents follow each other by turns: what one side says is one content, results of functions first. */
export function writeContents({ system, messages }: NeutralRequest, model: string): JsonObject[] {
  const contents: Content[] = []
  const names = new Map<string, string>()
  for (const { role, parts } of messages) {
    const side = role === 'assistant' ? 'model' : 'user'
    let content = contents.at(-1)
    if (content?.role !== side) {
      content = { role: side, parts: [] }
      contents.push(content)
    }
    if (role === 'assistant') addModelParts(content.parts, parts, { model, names })
    else addUserParts(content.parts, parts, { model, names })
  }
  const said = contents.filter(({ parts }) => parts.length > 0)
  // Gemini answers to no empty conversation.
  if (said.length === 0) return [{ role: 'user', parts: system.map(({ text }) => ({ text })) }]
  return said.map(({ role, parts }) => ({ role, parts }))
}

interface Known {
  readonly model: string
  /** Of functions, by the ids of their calls. */
  readonly names: Map<string, string>
}

function addUserParts(into: JsonObject[], parts: readonly UserPart[], known: Known): void {
  const others: JsonObject[] = []
  const results: JsonObject[] = []
  const beside: JsonObject[] = []
  for (const part of parts) {
    if (part.kind === 'tool_result') addResult({ results, beside }, part, known)
    else others.push(...simplePart(part))
  }
  // Behind the results that an earlier message brought.
  const at = into.findLastIndex((part) => part.functionResponse !== undefined) + 1
  into.splice(at, 0, ...results)
  into.push(...beside, ...others)
}

function addResult(
  { results, beside }: { results: JsonObject[]; beside: JsonObject[] },
  { id, name, parts, failed }: ToolResultPart,
  { model, names }: Known,
): void {
  const text = parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])).join('\n')
  const media = parts.flatMap((part) => (part.kind === 'text' ? [] : writeMedia(part)))
  const inside = media.length > 0 && isSigning(model)
  results.push({
    functionResponse: {
      id,
      name: name ?? names.get(id) ?? id,
      response: failed ? { error: text } : { output: text },
      ...(inside && { parts: media }),
    },
  })
  if (!inside) beside.push(...media)
}

function simplePart(part: TextPart | MediaPart): readonly JsonObject[] {
  if (part.kind !== 'text') return writeMedia(part)
  return part.text === '' ? [] : [{ text: part.text }]
}

export function writeMedia({ kind, source, name }: MediaPart): readonly JsonObject[] {
  switch (source.kind) {
    case 'bytes': {
      const { mediaType, base64 } = source
      return [{ inlineData: { mimeType: mediaType, data: base64 } }]
    }
    case 'text':
      return [{ text: name === undefined ? source.text : `${name}:\n${source.text}` }]
    case 'url': {
      const mimeType = source.mediaType ?? typeOrUsual(name ?? source.url, kind)
      return [{ fileData: { mimeType, fileUri: source.url } }]
    }
    case 'id':
      return [{ fileData: { fileUri: source.id } }]
  }
}

function addModelParts(
  into: JsonObject[],
  parts: readonly AssistantPart[],
  { model, names }: Known,
): void {
  // A signature that came without a text belongs to the call behind it, if there is one: other dialects tell it apart.
  let loose: string | undefined
  let called = into.some((part) => part.functionCall !== undefined)
  for (const part of parts) {
    if (part.kind === 'tool_call') {
      names.set(part.id, part.name)
      const unsigned = !called && isSigning(model) ? UNSIGNED : undefined
      const signature = ownMark(part.mark) ?? loose ?? unsigned
      into.push({ functionCall: writeCall(part), ...signed(signature) })
      loose = undefined
      called = true
      continue
    }
    if (loose !== undefined) into.push({ text: '', thoughtSignature: loose })
    loose = undefined
    if (part.kind === 'reasoning' && part.text === '') loose = ownMark(part.mark)
    else into.push(...saidPart(part))
  }
  if (loose !== undefined) into.push({ text: '', thoughtSignature: loose })
}

function saidPart(part: Exclude<AssistantPart, ToolCallPart>): readonly JsonObject[] {
  switch (part.kind) {
    case 'text':
      return part.text === '' ? [] : [{ text: part.text, ...signed(ownMark(part.mark)) }]
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }]
    case 'reasoning': {
      const own = ownMark(part.mark)
      if (part.mark !== undefined && own === undefined) return []
      return [{ text: part.text, thought: true, ...signed(own) }]
    }
    default:
      return writeMedia(part).map((media) => ({ ...media, ...signed(ownMark(part.mark)) }))
  }
}

const signed = (signature: OwnMark) =>
  signature === undefined ? undefined : { thoughtSignature: signature }

function writeCall({ id, name, input, custom }: ToolCallPart): JsonObject {
  const args = parsedJson(custom === true ? packedInput(input) : input)
  return { id, name, args: isObject(args) ? args : {} }
}
