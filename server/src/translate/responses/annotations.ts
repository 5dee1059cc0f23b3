import { isObject } from '../json.ts'
import type { Citation, JsonObject } from '../neutral/request.ts'

/** `undefined`: it cites nothing that others know. */
export function readAnnotation(annotation: unknown): Citation | undefined {
  if (!isObject(annotation) || typeof annotation.url !== 'string') return undefined
  const { url, title, start_index, end_index } = annotation
  return {
    url,
    title: typeof title === 'string' ? title : undefined,
    start: typeof start_index === 'number' ? start_index : undefined,
    end: typeof end_index === 'number' ? end_index : undefined,
  }
}

export const readAnnotations = (list: unknown): readonly Citation[] =>
  Array.isArray(list) ? list.flatMap((one: unknown) => readAnnotation(one) ?? []) : []

/** `text`: by now; a citation without a place is about all of it. `undefined`: it has no URL to cite. */
export function writeAnnotation(
  { url, title, start, end }: Citation,
  text: string,
): JsonObject | undefined {
  if (url === undefined) return undefined
  return {
    type: 'url_citation',
    url,
    title: title ?? url,
    start_index: start ?? 0,
    end_index: end ?? [...text].length,
  }
}
