import { isObject } from '../json.ts'
import type { Citation, JsonObject } from '../neutral/request.ts'

/** `annotations` of a message. */
export function readAnnotations(value: unknown): Citation[] {
  const citations: Citation[] = []
  if (!Array.isArray(value)) return citations
  for (const annotation of value as readonly unknown[]) {
    const cited = isObject(annotation) ? annotation.url_citation : undefined
    if (!isObject(cited) || typeof cited.url !== 'string') continue
    citations.push({
      url: cited.url,
      title: typeof cited.title === 'string' ? cited.title : undefined,
      quoted: typeof cited.content === 'string' ? cited.content : undefined,
      start: numberOf(cited.start_index),
      end: numberOf(cited.end_index),
    })
  }
  return citations
}

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined

/**
 * @param from where the text that it belongs to begins in the whole answer.
 * @param to where that text ends; both in code points.
 */
export function writeAnnotation(
  { url, title, start, end }: Citation,
  from: number,
  to: number,
): JsonObject | undefined {
  if (url === undefined) return undefined
  const url_citation = {
    url,
    title: title ?? url,
    start_index: start === undefined ? from : from + start,
    end_index: end === undefined ? to : from + end,
  }
  return { type: 'url_citation', url_citation }
}

/** Code points, as most clients count. */
export function lengthOf(text: string): number {
  let length = 0
  for (const _ of text) length++
  return length
}
