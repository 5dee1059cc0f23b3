import type { DialectName } from '../../dialects/dialect.ts'
import { parseBaseUrl } from '../base-url.ts'
import { type Addressed, type RealtimeAddressed, type TypeRules, whyNotVisible } from './rules.ts'

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

/**
 * Where OpenAI has its sessions. One that only transcribes hears of its model within; a model in the path would make it one
 * that speaks. `takesBoth`: an imitator may want to hear of it there, too, if the caller says so.
 */
export function realtimePath(
  { model, query }: Pick<RealtimeAddressed, 'model' | 'query'>,
  takesBoth = false,
): string {
  const others = new URLSearchParams(query)
  const isNamed = others.get('intent') !== 'transcription' || (takesBoth && others.has('model'))
  others.delete('model')
  const named = isNamed ? [`model=${encodeURIComponent(model)}`] : []
  return `/realtime?${[...named, ...(others.size === 0 ? [] : [others])].join('&')}`
}

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
  realtimePath: (call) => call.baseUrl.pathPrefix + realtimePath(call, true),
  modelsPath: () => '/models',
}

/** OpenAI itself. */
export const openai: TypeRules = {
  ...openaiCompatible,
  standardBaseUrl: 'https://api.openai.com/v1',
  needsKeys: true,
  dialectsOf: () => BOTH,
  mayAlsoSpeak: [],
  realtimePath: (call) => call.baseUrl.pathPrefix + realtimePath(call),
  // Its reasoning models refuse `max_tokens`; most others know no other name.
  outputLimit: 'max_completion_tokens',
}
