import type { DialectName } from '../../dialects/dialect.ts'
import { parseBaseUrl } from '../base-url.ts'
import { type Addressed, type TypeRules, whyNotVisible } from './rules.ts'

const CHAT: readonly DialectName[] = ['openai']
const BOTH: readonly DialectName[] = ['openai', 'responses']

/** Where OpenAI has its two APIs, and where its imitators have Anthropic's besides. */
export function openaiPath({
  dialect,
  operation,
  id,
}: Pick<Addressed, 'dialect' | 'operation' | 'id'>): string {
  const counts = operation === 'count'
  if (id !== undefined) return aboutOne(operation, id)
  if (operation === 'compact') return '/responses/compact'
  if (dialect === 'responses') return counts ? '/responses/input_tokens' : '/responses'
  if (dialect === 'anthropic') return counts ? '/messages/count_tokens' : '/messages'
  return operation === 'chat' ? '/chat/completions' : `/${operation}`
}

/** `/videos/{id}/remix` */
function aboutOne(operation: string, id: string): string {
  const [family, part] = operation.split('/')
  return `/${family}/${encodeURIComponent(id)}/${part}`
}

/** `others`: what else the query asks for. */
export const realtimePath = (model: string, others: string): string =>
  `/realtime?model=${encodeURIComponent(model)}${others && `&${others}`}`

/** Any provider that speaks OpenAI's dialect. On one's own machine they often take no key. */
export const openaiCompatible: TypeRules = {
  standardBaseUrl: '',
  needsKeys: false,
  outputLimit: 'max_tokens',
  parseBaseUrl,
  whyNotKey: whyNotVisible,
  dialectsOf: () => CHAT,
  mayAlsoSpeak: ['responses', 'anthropic'],
  pathOf: (call) => openaiPath(call) + call.query,
  objectPath: (_baseUrl, path, query) => path + query,
  realtimePath: ({ baseUrl, model, query }) =>
    baseUrl.pathPrefix + realtimePath(model, query.slice(1)),
  modelsPath: () => '/models',
}

/** OpenAI itself. */
export const openai: TypeRules = {
  ...openaiCompatible,
  standardBaseUrl: 'https://api.openai.com/v1',
  needsKeys: true,
  dialectsOf: () => BOTH,
  mayAlsoSpeak: [],
  // Its reasoning models refuse `max_tokens`; most others know no other name.
  outputLimit: 'max_completion_tokens',
}
