import type { DialectName } from '../../dialects/dialect.ts'
import type { EmbeddingsCodec } from './codec.ts'
import { geminiEmbeddings } from './gemini.ts'
import { openaiEmbeddings } from './openai.ts'

/** The dialects that have embeddings. */
export const EMBEDDINGS: Readonly<Partial<Record<DialectName, EmbeddingsCodec>>> = {
  openai: openaiEmbeddings,
  gemini: geminiEmbeddings,
}

const OPERATIONS: ReadonlySet<string> = new Set([
  'embeddings',
  'embedContent',
  'batchEmbedContents',
])

export const isEmbeddings = (operation: string): boolean => OPERATIONS.has(operation)
