import { parseBaseUrl } from '../base-url.ts'
import type { Access } from './access.ts'
import { type TypeRules, whyNotVisible } from './rules.ts'

/** Anthropic, and whoever else offers its Messages: by the URL that Anthropic's own SDK would be given. */
export const anthropic: TypeRules = {
  standardBaseUrl: 'https://api.anthropic.com/v1',
  needsKeys: true,
  outputLimit: 'max_tokens',
  parseBaseUrl(text) {
    const baseUrl = parseBaseUrl(text)
    // Its SDKs add the version themselves, so people leave it out.
    const { pathPrefix } = baseUrl
    return pathPrefix.endsWith('/v1') ? baseUrl : { ...baseUrl, pathPrefix: `${pathPrefix}/v1` }
  },
  whyNotKey: whyNotVisible,
  dialectsOf: () => ['anthropic'],
  pathOf: ({ operation, query }) =>
    `/messages${operation === 'count' ? '/count_tokens' : ''}${query}`,
  // More than it lists at once by itself.
  modelsPath: () => '/models?limit=1000',
  accessTo: () => ACCESS,
}

const ACCESS: Access = {
  authorise({ headers }, key) {
    headers.push('x-api-key', key)
    return undefined
  },
  secrets: () => [],
}
