import { parseBaseUrl } from '../base-url.ts'
import type { Access } from './access.ts'
import { type TypeRules, whyNotVisible } from './rules.ts'

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
  pathOf({ operation, model, stream, query }) {
    const at = `/models/${encodeURIComponent(model)}`
    if (operation === 'count') return `${at}:countTokens${query}`
    if (operation !== 'chat') return `${at}:${operation}${query}`
    // Without it a stream is one long JSON list, which is whole only at its end.
    return stream
      ? `${at}:streamGenerateContent${asEvents(query)}`
      : `${at}:generateContent${query}`
  },
  modelsPath: () => '/models?pageSize=1000',
  accessTo: () => ACCESS,
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
