import { azure } from './azure.ts'
import { bedrock } from './bedrock.ts'
import { openai, openaiCompatible } from './openai.ts'
import type { TypeRules } from './rules.ts'
import { simulator } from './simulator.ts'
import { vertex } from './vertex.ts'

/** What a channel can be. Others of the contract (anthropic, gemini) come with later versions. */
export const CHANNEL_TYPES = [
  'openai',
  'openai-compatible',
  'azure',
  'vertex',
  'bedrock',
  'simulator',
] as const
export type ChannelType = (typeof CHANNEL_TYPES)[number]

export const TYPE_RULES: Readonly<Record<ChannelType, TypeRules>> = {
  openai,
  'openai-compatible': openaiCompatible,
  azure,
  vertex,
  bedrock,
  simulator,
}

/** The type that a row names; `undefined`: this version does not know it. */
export const channelTypeOf = (name: string): ChannelType | undefined =>
  CHANNEL_TYPES.find((known) => known === name)
