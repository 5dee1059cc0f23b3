import { Refused } from '../../errors.ts'
import { CUSTOM_PARAMETERS } from '../custom-tools.ts'
import { budgetOf, effortOf } from '../efforts.ts'
import type {
  Format,
  JsonObject,
  NeutralRequest,
  ReasoningWish,
  Tool,
  ToolChoice,
} from '../neutral/request.ts'
import { forGemini } from './json-schema.ts'
import { generationOf } from './models.ts'
import { writeContents } from './write-contents.ts'

/**
 * The body of `generateContent`; its model and whether it streams stand in the path.
 * @throws Refused `invalid_request`.
 */
export function writeRequest(request: NeutralRequest, model: string): JsonObject {
  const { system, tools, serviceTier } = request
  const body: Record<string, unknown> = { contents: writeContents(request, model) }
  if (system.length > 0) {
    body.systemInstruction = { parts: system.map(({ text }) => ({ text })) }
  }
  if (tools.length > 0) {
    body.tools = [{ functionDeclarations: tools.map(writeTool) }]
    const calling = writeToolChoice(request)
    if (calling !== undefined) body.toolConfig = { functionCallingConfig: calling }
  }
  if (serviceTier !== undefined && serviceTier !== 'auto') {
    body.serviceTier = serviceTier === 'default' ? 'standard' : serviceTier
  }
  body.generationConfig = writeConfig(request, model)
  return body
}

function writeConfig(request: NeutralRequest, model: string): JsonObject {
  const { outputLimit, sampling, stop, choices, logprobs, format, reasoning, uses } = request
  const config: Record<string, unknown> = { ...sampling }
  if (sampling.seed !== undefined) config.seed = Math.trunc(sampling.seed) % 2 ** 31
  if (outputLimit !== undefined) config.maxOutputTokens = outputLimit
  if (stop.length > 0) config.stopSequences = stop
  if (choices !== 1) config.candidateCount = choices
  if (logprobs !== undefined) {
    config.responseLogprobs = true
    if (logprobs > 0) config.logprobs = logprobs
  }
  if (format !== undefined) Object.assign(config, writeFormat(format))
  if (uses.has('image_output')) config.responseModalities = ['TEXT', 'IMAGE']
  if (uses.has('image_detail')) Object.assign(config, resolutionOf(request))
  const thinking = reasoning && writeThinking(reasoning, model)
  if (thinking !== undefined) config.thinkingConfig = thinking
  return config
}

function writeFormat(format: Format): JsonObject {
  if (format.kind === 'json') return { responseMimeType: 'application/json' }
  return {
    responseMimeType: 'application/json',
    responseJsonSchema: forGemini(format.schema, 'the schema of the output'),
  }
}

/** Gemini has one resolution for all images. */
function resolutionOf({ messages }: NeutralRequest): JsonObject | undefined {
  let low = false
  for (const { parts } of messages) {
    for (const part of parts) {
      if (part.kind !== 'image') continue
      if (part.detail === 'high' || part.detail === 'original') {
        return { mediaResolution: 'MEDIA_RESOLUTION_HIGH' }
      }
      low ||= part.detail === 'low'
    }
  }
  return low ? { mediaResolution: 'MEDIA_RESOLUTION_LOW' } : undefined
}

const LEVELS = {
  none: 'MINIMAL',
  minimal: 'MINIMAL',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: 'HIGH',
  max: 'HIGH',
} as const

/** Models that don't think refuse to be told how, so that they are told nothing. */
function writeThinking(wish: ReasoningWish, model: string): JsonObject | undefined {
  const generation = generationOf(model)
  if (model.includes('gemma') || generation < 2 || model.includes('gemini-2.0')) return undefined
  const out: Record<string, unknown> = {}
  if (generation >= 3) {
    const effort = effortOf(wish)
    const level = effort && LEVELS[effort]
    // Its larger models always think.
    if (level !== undefined) {
      out.thinkingLevel = level === 'MINIMAL' && model.includes('pro') ? 'LOW' : level
    }
  } else {
    const budget = wish.budget === -1 ? -1 : budgetOf(wish)
    if (budget !== undefined) out.thinkingBudget = withinBounds(budget, model)
  }
  if (wish.shows === 'summary' && out.thinkingBudget !== 0) out.includeThoughts = true
  return Object.keys(out).length === 0 ? undefined : out
}

/** What models of Gemini 2.5 take, by their documentation. */
function withinBounds(budget: number, model: string): number {
  if (budget === -1) return budget
  if (model.includes('pro')) return Math.min(Math.max(budget, 128), 32_768)
  const least = model.includes('lite') && budget > 0 ? 512 : 0
  return Math.min(Math.max(budget, least), 24_576)
}

const NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/

function writeTool(tool: Tool): JsonObject {
  const { kind, name, description } = tool
  if (!NAME.test(name)) {
    throw new Refused(
      'invalid_request',
      `the tool's name ${JSON.stringify(name)} must begin with a letter or _, and hold at most 128 letters, digits, _, ., : and -`,
    )
  }
  const schema =
    kind === 'custom'
      ? CUSTOM_PARAMETERS
      : tool.parameters && forGemini(tool.parameters, `the parameters of ${name}`)
  return {
    name,
    ...(description !== undefined && { description }),
    ...(schema !== undefined && { parametersJsonSchema: schema }),
  }
}

function writeToolChoice({ tools, toolChoice }: NeutralRequest): JsonObject | undefined {
  const strict = tools.some((tool) => tool.kind === 'function' && tool.strict === true)
  if (toolChoice === undefined) return strict ? { mode: 'VALIDATED' } : undefined
  return modeOf(toolChoice, strict)
}

function modeOf(choice: ToolChoice, strict: boolean): JsonObject {
  switch (choice.kind) {
    case 'auto':
      return { mode: strict ? 'VALIDATED' : 'AUTO' }
    case 'none':
      return { mode: 'NONE' }
    case 'required':
      return { mode: 'ANY' }
    case 'named':
      return { mode: 'ANY', allowedFunctionNames: [choice.name] }
    case 'allowed': {
      const mode = choice.required ? 'ANY' : 'VALIDATED'
      return { mode, allowedFunctionNames: choice.names }
    }
  }
}
