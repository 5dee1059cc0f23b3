import { parseBaseUrl } from '../base-url.ts'
import type { Access } from './access.ts'
import { type Addressed, type TypeRules, whyNotVisible } from './rules.ts'

const VERSION = /\/v\d+(?:(?:alpha|beta)\d*)?$/

/** Google's Gemini API, by its own generateContent. */
export const gemini: TypeRules = {
  standardBaseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  needsKeys: true,
  outputLimit: 'max_tokens',
  parseBaseUrl(text) {
    const baseUrl = parseBaseUrl(text)
    const { pathPrefix } = baseUrl
    // What most of it can do is in the beta only; a URL without a path would else mean the other one.
    if (pathPrefix === '/v1' && !/\/v1\/*$/.test(text)) return { ...baseUrl, pathPrefix: '/v1beta' }
    return VERSION.test(pathPrefix) ? baseUrl : { ...baseUrl, pathPrefix: `${pathPrefix}/v1beta` }
  },
  whyNotKey: whyNotVisible,
  dialectsOf: () => ['gemini'],
  pathOf: (call) => `/models/${encodeURIComponent(call.model)}:${methodOf(call)}`,
  modelsPath: () => '/models?pageSize=1000',
  accessTo: () => ACCESS,
}

/** What is called of a model, with the query. */
export function methodOf({ operation, stream, query }: Addressed): string {
  if (operation === 'count') return `countTokens${query}`
  if (operation !== 'chat') return `${operation}${query}`
  // Without it a stream is one long JSON list, which is whole only at its end.
  return stream ? `streamGenerateContent${asEvents(query)}` : `generateContent${query}`
}

function asEvents(query: string): string {
  const params = new URLSearchParams(query)
  params.set('alt', 'sse')
  return `?${params}`
}

const ACCESS: Access = {
  authorise({ headers }, key) {
    headers.push('x-goog-api-key', key)
    return undefined
  },
  secrets: () => [],
}
