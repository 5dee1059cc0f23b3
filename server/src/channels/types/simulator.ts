import { parseBaseUrl } from '../base-url.ts'
import { openaiCompatible } from './openai.ts'
import type { TypeRules } from './rules.ts'

/** Answers inside the process: there is nowhere to go, but a channel may keep where it went before. */
export const simulator: TypeRules = {
  ...openaiCompatible,
  objectPath: undefined,
  parseBaseUrl: (text) => (text === '' ? { origin: '', pathPrefix: '' } : parseBaseUrl(text)),
}
