import type { DialectName } from '../dialects/dialect.ts'
import { anthropicCodec } from './anthropic/codec.ts'
import type { Codec } from './codec.ts'
import { geminiCodec } from './gemini/codec.ts'
import { openaiCodec } from './openai/codec.ts'
import { responsesCodec } from './responses/codec.ts'

export const CODECS: Readonly<Record<DialectName, Codec>> = {
  openai: openaiCodec,
  responses: responsesCodec,
  anthropic: anthropicCodec,
  gemini: geminiCodec,
}
