import type { Usage, UsageParts } from '../usage/usage.ts'
import { TOKEN_KINDS } from './kinds.ts'

/**
 * How much of each kind a call used: tokens in the order of TOKEN_KINDS, behind them pieces in that of FEES; kinds at the
 * end that the call has nothing of are left out. Parts that claim more than the whole are cut to it, so that no token is
 * charged twice whatever an upstream reports.
 */
export function amountsOf(usage: Usage, leastSeconds = 0): number[] {
  const amounts = usage.parts === undefined ? commonTokens(usage) : allTokens(usage, usage.parts)
  return hasPieces(usage) ? withPieces(amounts, usage, leastSeconds) : amounts
}

function commonTokens(usage: Usage): number[] {
  let input = usage.prompt
  let output = usage.completion
  const fromInput = (part: number) => {
    const taken = Math.min(part, input)
    input -= taken
    return taken
  }
  const fromOutput = (part: number) => {
    const taken = Math.min(part, output)
    output -= taken
    return taken
  }
  const cached = fromInput(usage.cached)
  const write = fromInput(usage.cacheWrite)
  const write1h = fromInput(usage.cacheWrite1h)
  const audioIn = fromInput(usage.audioIn)
  const image = fromInput(usage.image)
  const audioOut = fromOutput(usage.audioOut)
  const reasoning = fromOutput(usage.reasoning)
  return [input, cached, write, write1h, audioIn, image, output, reasoning, audioOut]
}

/** The rarer parts are taken out first, and what they are part of, too, is that much less. */
function allTokens(usage: Usage, parts: UsageParts): number[] {
  const { prompt, completion, cached, audioIn, image } = usage
  const { imageOut = 0, videoOut = 0, citation = 0 } = parts
  const cachedAudio = least(parts.cachedAudio ?? 0, cached, audioIn, prompt)
  const cachedImage = least(
    parts.cachedImage ?? 0,
    cached - cachedAudio,
    image,
    prompt - cachedAudio,
  )
  const video = Math.min(parts.video ?? 0, prompt - cachedAudio - cachedImage)
  const imagesOut = Math.min(imageOut, completion)
  const videosOut = Math.min(videoOut, completion - imagesOut)
  const citations = Math.min(citation, completion - imagesOut - videosOut)
  const rest = commonTokens({
    ...usage,
    prompt: prompt - cachedAudio - cachedImage - video,
    completion: completion - imagesOut - videosOut - citations,
    cached: cached - cachedAudio - cachedImage,
    audioIn: audioIn - cachedAudio,
    image: image - cachedImage,
  })
  rest.push(cachedAudio, cachedImage, video, imagesOut, videosOut, citations)
  return rest
}

const least = (...amounts: readonly number[]): number => Math.min(...amounts)

const hasPieces = ({ seconds, images, searches, fileSearches, codeRuns }: Usage): boolean =>
  seconds !== undefined ||
  images !== undefined ||
  searches !== undefined ||
  fileSearches !== undefined ||
  codeRuns !== undefined

function withPieces(amounts: number[], usage: Usage, leastSeconds: number): number[] {
  while (amounts.length < TOKEN_KINDS.length) amounts.push(0)
  const milliseconds = millisecondsOf(usage.seconds ?? 0, leastSeconds)
  const { images = 0, searches = 0, fileSearches = 0, codeRuns = 0 } = usage
  amounts.push(milliseconds, milliseconds, images, searches, fileSearches, codeRuns)
  return amounts
}

/** Times are charged by the millisecond, begun ones whole; a binary fraction's own error begins none. */
function millisecondsOf(seconds: number, leastSeconds: number): number {
  if (seconds <= 0) return 0
  return Math.max(Math.ceil(seconds * 1000 - BLUR), leastSeconds * 1000)
}
const BLUR = 1e-6
