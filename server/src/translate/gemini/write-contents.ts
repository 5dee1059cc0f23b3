import { isKeptByGoogle } from '../../dialects/kept-by-google.ts'
import { Refused } from '../../errors.ts'
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
  /** Of functions: Gemini wants them first. */
  readonly results: JsonObject[]
  readonly parts: JsonObject[]
  /** Whether a function is called in it. */
  called: boolean
}

/** Contents follow each other by turns: what one side says is one content. */
export function writeContents({ system, messages }: NeutralRequest, model: string): JsonObject[] {
  const contents: Content[] = []
  const names = new Map<string, string>()
  for (const { role, parts } of messages) {
    const side = role === 'assistant' ? 'model' : 'user'
    let content = contents.at(-1)
    if (content?.role !== side) {
      content = { role: side, results: [], parts: [], called: false }
      contents.push(content)
    }
    if (role === 'assistant') addModelParts(content, parts, { model, names })
    else addUserParts(content, parts, { model, names })
  }
  const said = contents
    .map(({ role, results, parts }) => ({ role, parts: results.concat(parts) }))
    .filter(({ parts }) => parts.length > 0)
  // Gemini answers to no empty conversation.
  return said.length > 0 ? said : [{ role: 'user', parts: system.map(({ text }) => ({ text })) }]
}

interface Known {
  readonly model: string
  /** Of functions, by the ids of their calls. */
  readonly names: Map<string, string>
}

function addUserParts(into: Content, parts: readonly UserPart[], known: Known): void {
  for (const part of parts) if (part.kind === 'tool_result') addResult(into, part, known)
  for (const part of parts) {
    if (part.kind !== 'tool_result') add(into.parts, simplePart(part))
  }
}

/** One by one: a long list overflows the stack when it is spread. */
function add(into: JsonObject[], parts: readonly JsonObject[]): void {
  for (const part of parts) into.push(part)
}

function addResult(
  into: Content,
  { id, name, parts, failed }: ToolResultPart,
  { model, names }: Known,
): void {
  const text = parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])).join('\n')
  const media = parts.flatMap((part) => (part.kind === 'text' ? [] : writeMedia(part)))
  const inside = media.length > 0 && isSigning(model)
  into.results.push({
    functionResponse: {
      id,
      name: name ?? names.get(id) ?? id,
      response: failed ? { error: text } : { output: text },
      ...(inside && { parts: media }),
    },
  })
  if (!inside) add(into.parts, media)
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
      if (isKeptByGoogle(source.url)) throw new Refused('object_not_found', NOT_OPEN)
      const mimeType = source.mediaType ?? typeOrUsual(name ?? source.url, kind)
      return [{ fileData: { mimeType, fileUri: source.url } }]
    }
    case 'id':
      return [{ fileData: { fileUri: source.id } }]
  }
}

const NOT_OPEN =
  'an address in the body is one of files that Google keeps: only open ones can be sent'

function addModelParts(
  content: Content,
  parts: readonly AssistantPart[],
  { model, names }: Known,
): void {
  // A signature that came without a text belongs to the call behind it, if there is one: other dialects tell it apart.
  let loose: string | undefined
  const into = content.parts
  for (const part of parts) {
    if (part.kind === 'tool_call') {
      names.set(part.id, part.name)
      const unsigned = !content.called && isSigning(model) ? UNSIGNED : undefined
      const signature = ownMark(part.mark) ?? loose ?? unsigned
      into.push({ functionCall: writeCall(part), ...signed(signature) })
      loose = undefined
      content.called = true
      continue
    }
    if (loose !== undefined) into.push({ text: '', thoughtSignature: loose })
    loose = undefined
    if (part.kind === 'reasoning' && part.text === '') loose = ownMark(part.mark)
    else add(into, saidPart(part))
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
