import { NO_USAGE, type Usage, wholeTokens } from '../usage/usage.ts'
import { isObject } from './judged.ts'
import { openai } from './openai.ts'

/** No recording is longer; what an upstream claims beyond is a defect of its own. */
const MOST_SECONDS = 1e7

/** What OpenAI's images and audio report: tokens, those of pictures and sound told apart, or a length. */
export function readMediaUsage(reported: unknown): Usage | undefined {
  if (!isObject(reported)) return undefined
  const { input_tokens, output_tokens } = reported
  const seconds = secondsOf(reported.seconds)
  if (typeof input_tokens !== 'number' && typeof output_tokens !== 'number') {
    const usage = openai.readUsage(reported)
    if (seconds === undefined) return usage
    return { ...(usage ?? NO_USAGE), seconds }
  }
  // Images and sound spell this name in two ways.
  const details = reported.input_tokens_details ?? reported.input_token_details
  const input = isObject(details) ? details : {}
  const output = isObject(reported.output_tokens_details) ? reported.output_tokens_details : {}
  return {
    ...NO_USAGE,
    prompt: wholeTokens(input_tokens),
    completion: wholeTokens(output_tokens),
    cached: wholeTokens(input.cached_tokens),
    reasoning: wholeTokens(output.reasoning_tokens),
    audioIn: wholeTokens(input.audio_tokens),
    audioOut: wholeTokens(output.audio_tokens),
    image: wholeTokens(input.image_tokens),
    ...(seconds === undefined ? {} : { seconds }),
  }
}

/** Of pictures: all output stands for them, unless the report tells it apart. */
export function readImageUsage(reported: unknown): Usage | undefined {
  const usage = readMediaUsage(reported)
  if (usage === undefined || !isObject(reported)) return usage
  const details = reported.output_tokens_details
  const apart = isObject(details) ? details.image_tokens : undefined
  const imageOut = apart === undefined ? usage.completion : wholeTokens(apart)
  return { ...usage, parts: { imageOut } }
}

/** `undefined`: it says no length. */
function secondsOf(reported: unknown): number | undefined {
  const seconds = typeof reported === 'string' ? Number(reported) : reported
  if (typeof seconds !== 'number' || !(seconds >= 0)) return undefined
  return Math.min(seconds, MOST_SECONDS)
}
