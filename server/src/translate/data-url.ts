import type { Source } from './neutral/source.ts'

/** What stands inline in a `data:` URL; `undefined`: it is none, or nonsense. Long ones are not searched through. */
export function sourceOfDataUrl(url: string): Source | undefined {
  if (!url.startsWith('data:')) return undefined
  const comma = url.indexOf(',')
  if (comma < 0) return undefined
  const head = url.slice(5, comma)
  const semicolon = head.indexOf(';')
  const mediaType = (semicolon < 0 ? head : head.slice(0, semicolon)) || 'text/plain'
  const rest = url.slice(comma + 1)
  if (head.endsWith(';base64')) return { kind: 'bytes', mediaType, base64: rest }
  const text = decoded(rest)
  if (text === undefined) return undefined
  return { kind: 'bytes', mediaType, base64: Buffer.from(text).toString('base64') }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

export const dataUrl = (mediaType: string, base64: string): string =>
  `data:${mediaType};base64,${base64}`
