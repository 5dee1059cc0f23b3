import { isObject } from '../json.ts'
import type { Citation, JsonObject } from '../neutral/request.ts'

/** One citation of an answer, wherever it points to; `undefined`: it is none. */
export function readCitation(value: unknown): Citation | undefined {
  if (!isObject(value)) return undefined
  const url = text(value.url) ?? text(value.source)
  const title = text(value.title) ?? text(value.document_title)
  const quoted = text(value.cited_text)
  return url === undefined && title === undefined && quoted === undefined
    ? undefined
    : { url, title, quoted }
}

/** Only those with an address: the others point into documents by places that no other dialect tells. */
export function writeCitation({ url, title, quoted }: Citation): JsonObject | undefined {
  if (url === undefined) return undefined
  return {
    type: 'web_search_result_location',
    url,
    title: title ?? null,
    cited_text: quoted ?? '',
    encrypted_index: '',
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
