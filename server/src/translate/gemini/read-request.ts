import type { AskedOf } from '../codec.ts'
import { flagAt, isObject, numberAt, objectAt, oneOfAt, textAt } from '../json.ts'
import type { JsonObject, NeutralRequest } from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import { member } from './members.ts'
import { readContents, readSystem } from './read-contents.ts'
import { readFormat, readReasoning, readSampling, readStop } from './read-generation.ts'
import { readToolChoice, readTools } from './read-tools.ts'

/**
 * A call of `generateContent`; model and stream stand in its path.
 * @throws Refused `invalid_request`, naming the member.
 */
export function readRequest(body: JsonObject, asked: AskedOf): NeutralRequest {
  const uses: Uses = new Map()
  const config = objectAt(member(body, 'generationConfig'), 'generationConfig') ?? {}
  const tools = readTools(body.tools, uses)
  noteOthers(body, config, uses)
  return {
    model: asked.model,
    stream: asked.stream,
    system: readSystem(member(body, 'systemInstruction'), uses),
    messages: readContents(body.contents, uses),
    tools,
    toolChoice: readToolChoice(member(body, 'toolConfig'), uses),
    parallelToolCalls: undefined,
    format: readFormat(config, uses),
    outputLimit: numberAt(member(config, 'maxOutputTokens'), 'generationConfig.maxOutputTokens'),
    stop: readStop(config, uses),
    sampling: readSampling(config, uses),
    reasoning: readReasoning(config, uses),
    choices: choicesOf(config, uses),
    logprobs: logprobsOf(config, uses),
    verbosity: undefined,
    serviceTier: tierOf(body, uses),
    endUser: undefined,
    promptCacheKey: undefined,
    streamsUsage: true,
    uses,
  }
}

function choicesOf(config: JsonObject, uses: Uses): number {
  const place = 'generationConfig.candidateCount'
  const count = numberAt(member(config, 'candidateCount'), place) ?? 1
  if (count !== 1) note(uses, 'choices', place)
  return count
}

function logprobsOf(config: JsonObject, uses: Uses): number | undefined {
  const place = 'generationConfig.responseLogprobs'
  if (flagAt(member(config, 'responseLogprobs'), place) !== true) return undefined
  note(uses, 'logprobs', place)
  return numberAt(config.logprobs, 'generationConfig.logprobs') ?? 0
}

const TIERS = ['unspecified', 'standard', 'flex', 'priority'] as const

function tierOf(body: JsonObject, uses: Uses): NeutralRequest['serviceTier'] {
  const told = textAt(member(body, 'serviceTier'), 'serviceTier')?.toLowerCase()
  const tier = oneOfAt(told?.replace('service_tier_', ''), TIERS, 'serviceTier')
  if (tier === undefined || tier === 'unspecified') return undefined
  note(uses, 'service_tier', 'serviceTier')
  return tier === 'standard' ? 'default' : tier
}

/** What is noted and not read: nobody else has a place for it. */
function noteOthers(body: JsonObject, config: JsonObject, uses: Uses): void {
  if (textAt(member(body, 'cachedContent'), 'cachedContent')) {
    note(uses, 'cached_content', 'cachedContent')
  }
  const safety = member(body, 'safetySettings')
  if (Array.isArray(safety) && safety.length > 0) note(uses, 'safety_settings', 'safetySettings')
  if (isObject(body.labels)) note(uses, 'metadata', 'labels')
  if (body.store === true) note(uses, 'store', 'store')
  const modalities = member(config, 'responseModalities')
  const place = 'generationConfig.responseModalities'
  for (const modality of Array.isArray(modalities) ? modalities : []) {
    if (modality === 'AUDIO') note(uses, 'audio_output', place)
    if (modality === 'IMAGE') note(uses, 'image_output', place)
  }
  const resolution = member(config, 'mediaResolution')
  if (typeof resolution === 'string' && !resolution.endsWith('UNSPECIFIED')) {
    note(uses, 'image_detail', 'generationConfig.mediaResolution')
  }
}
