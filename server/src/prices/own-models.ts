import type { ModelPrice } from './kinds.ts'

/** The model of the simulator channel. */
export const SIMULATOR_MODEL = 'turnpike-simulator'

/** Prices of models that only exist here. The simulator costs as much as a small model, so that a newcomer sees a charge. */
export const OWN_MODELS: ReadonlyMap<string, ModelPrice> = new Map([
  [SIMULATOR_MODEL, { input: '0.15', cache_read: '0.075', output: '0.6' }],
])

/** What the catalogue's prices leave out: sound, which would be charged as text, and the least that is charged. */
export const LEFT_OUT: ReadonlyMap<string, ModelPrice> = new Map<string, ModelPrice>([
  ['gpt-4o-audio-preview', { input_audio: '40', output_audio: '80' }],
  ['gpt-4o-mini-audio-preview', { input_audio: '10', output_audio: '20' }],
  ['whisper-large-v3', { least_seconds: 10 }],
  ['whisper-large-v3-turbo', { least_seconds: 10 }],
])

/**
 * Output limits of models that neither library knows, by the beginning of their id; the longest beginning counts. From
 * the vendors' model pages; only ever used to leave a cap out or to keep it below what the model accepts.
 */
export const OUTPUT_LIMITS: readonly (readonly [beginning: string, limit: number])[] = [
  [SIMULATOR_MODEL, 16_384],
  ['claude-3-haiku', 4_096],
  ['claude-3-opus', 4_096],
  ['claude-3-sonnet', 4_096],
  ['claude-3-5-', 8_192],
  ['claude-3-7-sonnet', 64_000],
  ['claude-opus-4-0', 32_000],
  ['claude-opus-4-1', 32_000],
  ['claude-opus-4-2025', 32_000],
  ['claude-opus-4-5', 64_000],
  ['claude-opus-4-6', 128_000],
  ['claude-opus-4-7', 128_000],
  ['claude-opus-4-8', 128_000],
  ['claude-opus-5', 128_000],
  ['claude-sonnet-4', 64_000],
  ['claude-sonnet-4-6', 128_000],
  ['claude-sonnet-5', 128_000],
  ['claude-haiku-4', 64_000],
  ['claude-haiku-5', 128_000],
  ['claude-fable-5', 128_000],
  ['gemini-1.5-', 8_192],
  ['gemini-2.0-', 8_192],
  ['gemini-2.5-', 65_536],
  ['gemini-2.5-flash-image', 32_768],
  ['gemini-3', 65_536],
  ['gemini-3-pro-image', 32_768],
  ['gemini-3.1-flash-image', 32_768],
  ['deepseek-chat', 8_192],
  ['deepseek-reasoner', 65_536],
  ['deepseek-flash', 384_000],
  ['deepseek-v4-', 384_000],
]
