import { DIALECT_NAMES, type DialectName } from '../../dialects/dialect.ts'
import { anthropic } from './anthropic.ts'
import { azure } from './azure.ts'
import { bedrock } from './bedrock.ts'
import { gemini } from './gemini.ts'
import { openai, openaiCompatible } from './openai.ts'
import type { TypeRules } from './rules.ts'
import { simulator } from './simulator.ts'
import { vertex } from './vertex.ts'

/** What a channel can be. */
export const CHANNEL_TYPES = [
  'openai',
  'openai-compatible',
  'azure',
  'anthropic',
  'gemini',
  'vertex',
  'bedrock',
  'simulator',
] as const
export type ChannelType = (typeof CHANNEL_TYPES)[number]

/** What providers can speak. */
export const CHANNEL_DIALECTS: readonly DialectName[] = DIALECT_NAMES
export type ChannelDialect = DialectName

export const TYPE_RULES: Readonly<Record<ChannelType, TypeRules>> = {
  openai,
  'openai-compatible': openaiCompatible,
  azure,
  anthropic,
  gemini,
  vertex,
  bedrock,
  simulator,
}

/** The type that a row names; `undefined`: this version does not know it. */
export const channelTypeOf = (name: string): ChannelType | undefined =>
  CHANNEL_TYPES.find((known) => known === name)
