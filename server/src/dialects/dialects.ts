import { anthropic } from './anthropic.ts'
import type { Dialect, DialectName } from './dialect.ts'
import { gemini } from './gemini.ts'
import { openai } from './openai.ts'
import { responses } from './responses.ts'

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  openai,
  responses,
  anthropic,
  gemini,
}
