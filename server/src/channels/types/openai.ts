import { parseBaseUrl } from '../base-url.ts'
import { type TypeRules, whyNotVisible } from './rules.ts'

/** Any provider that speaks OpenAI's dialect. On one's own machine they often take no key. */
export const openaiCompatible: TypeRules = {
  standardBaseUrl: '',
  needsKeys: false,
  outputLimit: 'max_tokens',
  parseBaseUrl,
  whyNotKey: whyNotVisible,
  chatPath: (_baseUrl, _model, query) => `/chat/completions${query}`,
  modelsPath: () => '/models',
}

/** OpenAI itself. */
export const openai: TypeRules = {
  ...openaiCompatible,
  standardBaseUrl: 'https://api.openai.com/v1',
  needsKeys: true,
  // Its reasoning models refuse `max_tokens`; most others know no other name.
  outputLimit: 'max_completion_tokens',
}
