import { isObject } from '../json.ts'
import type { AssistantPart, Citation, JsonObject } from '../neutral/request.ts'

/** No answer has more; finding the place of each in a long text takes its time. */
export const MOST_CITATIONS = 1_000

/**
 * Where the sentences of an answer come from: Gemini tells it apart from the texts, by bytes.
 * Answers the citations of each part, by its place in `parts`.
 */
export function readGrounding(candidate: JsonObject, textOf: (part: number) => string | undefined) {
  const found = new Map<number, Citation[]>()
  const { groundingMetadata, citationMetadata } = candidate
  if (isObject(groundingMetadata)) addSupports(found, groundingMetadata, textOf)
  const cited: unknown = isObject(citationMetadata) ? citationMetadata.citations : undefined
  for (const one of Array.isArray(cited) ? cited.slice(0, MOST_CITATIONS) : []) {
    if (!isObject(one) || (typeof one.uri !== 'string' && typeof one.title !== 'string')) continue
    add(found, 0, { ...named(one), ...placed(one, textOf(0)) })
  }
  return found
}

function addSupports(
  found: Map<number, Citation[]>,
  { groundingChunks, groundingSupports }: JsonObject,
  textOf: (part: number) => string | undefined,
): void {
  if (!Array.isArray(groundingChunks) || !Array.isArray(groundingSupports)) return
  for (const support of groundingSupports.slice(0, MOST_CITATIONS)) {
    if (!isObject(support) || !isObject(support.segment)) continue
    const { segment, groundingChunkIndices: indices } = support
    const part = typeof segment.partIndex === 'number' ? segment.partIndex : 0
    const where = placed(segment, textOf(part))
    const quoted = typeof segment.text === 'string' ? segment.text : undefined
    for (const index of Array.isArray(indices) ? indices : []) {
      const source = typeof index === 'number' ? sourceOf(groundingChunks[index]) : undefined
      if (source !== undefined) add(found, part, { ...named(source), quoted, ...where })
    }
  }
}

function sourceOf(chunk: unknown): JsonObject | undefined {
  if (!isObject(chunk)) return undefined
  const source = chunk.web ?? chunk.retrievedContext ?? chunk.maps ?? chunk.image
  return isObject(source) ? source : undefined
}

const named = ({ uri, title }: JsonObject): Citation => ({
  url: typeof uri === 'string' ? uri : undefined,
  title: typeof title === 'string' ? title : undefined,
})

function placed({ startIndex, endIndex }: JsonObject, text: string | undefined): Citation {
  if (text === undefined || typeof endIndex !== 'number') return {}
  const start = typeof startIndex === 'number' ? startIndex : 0
  const bytes = Buffer.from(text)
  return { start: pointsIn(bytes, start), end: pointsIn(bytes, endIndex) }
}

/** Code points of the first bytes: every byte counts that is none of those which go on with another. */
function pointsIn(bytes: Buffer, end: number): number {
  let points = 0
  const last = Math.min(end, bytes.length)
  for (let at = 0; at < last; at++) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) points++
  return points
}

function add(found: Map<number, Citation[]>, part: number, citation: Citation): void {
  const citations = found.get(part)
  if (citations === undefined) found.set(part, [citation])
  else citations.push(citation)
}

/** `undefined` where nothing is cited. `parts` are those that were written, in their order. */
export function writeGrounding(parts: readonly AssistantPart[]): JsonObject | undefined {
  const chunks: JsonObject[] = []
  const supports: JsonObject[] = []
  const indices = new Map<string, number>()
  for (const [partIndex, part] of parts.entries()) {
    if (part.kind !== 'text' || part.citations === undefined) continue
    for (const citation of part.citations.slice(0, MOST_CITATIONS)) {
      const key = JSON.stringify([citation.url, citation.title])
      let index = indices.get(key)
      if (index === undefined) {
        index = chunks.push({ web: { uri: citation.url, title: citation.title } }) - 1
        indices.set(key, index)
      }
      supports.push({
        segment: segmentOf(citation, part.text, partIndex),
        groundingChunkIndices: [index],
      })
    }
  }
  if (chunks.length === 0) return undefined
  return { groundingChunks: chunks, groundingSupports: supports }
}

/** A citation without a place is about the whole text. */
function segmentOf({ start, end, quoted }: Citation, text: string, partIndex: number) {
  const points = start === undefined && end === undefined ? undefined : [...text]
  const bytesUpTo = (point: number) => Buffer.byteLength((points ?? []).slice(0, point).join(''))
  return {
    ...(partIndex > 0 && { partIndex }),
    startIndex: points === undefined ? 0 : bytesUpTo(start ?? 0),
    endIndex: points === undefined || end === undefined ? Buffer.byteLength(text) : bytesUpTo(end),
    text: quoted ?? (points === undefined ? text : points.slice(start ?? 0, end).join('')),
  }
}
