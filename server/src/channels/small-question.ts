import type { DialectName } from '../dialects/dialect.ts'

const TEXT = 'Say OK.'
/** Enough for a word; no provider refuses it as too little. */
const TOKENS = 64

/** One small request in a provider's dialect, to see whether it answers. `version`: of a cloud that hosts Messages. */
export function smallQuestion(dialect: DialectName, model: string, version?: string): string {
  const messages = [{ role: 'user', content: TEXT }]
  switch (dialect) {
    case 'openai':
      return JSON.stringify({ model, messages })
    case 'responses':
      return JSON.stringify({ model, input: TEXT, store: false })
    case 'anthropic':
      return version === undefined
        ? JSON.stringify({ model, messages, max_tokens: TOKENS })
        : JSON.stringify({ anthropic_version: version, messages, max_tokens: TOKENS })
    case 'gemini':
      return JSON.stringify({ contents: [{ role: 'user', parts: [{ text: TEXT }] }] })
  }
}
