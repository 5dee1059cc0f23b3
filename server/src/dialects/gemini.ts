import { Refused } from '../errors.ts'
import type {
  Dialect,
  EventSays,
  Limit,
  ListedModel,
  Loose,
  ParsedCall,
  PathSays,
  Spoken,
} from './dialect.ts'
import { addedToAny, type Edit } from './edits.ts'
import { readBeside, readUsage, SEARCHES, searchesIn } from './gemini-usage.ts'
import { count, isObject, kept, modelOf } from './judged.ts'
import { readMembers } from './members.ts'
import { namedInContents } from './named.ts'
import { googleStatusOf } from './status-words.ts'
import { writtenIn } from './written-in.ts'

/** Google's parser takes every member in two spellings. */
const CONFIGS = ['generationConfig', 'generation_config'] as const
const JUDGED: readonly string[] = [
  ...CONFIGS,
  ...['contents', 'systemInstruction', 'system_instruction', 'tools'],
  ...['cachedContent', 'cached_content'],
]
const MOST_CHOICES = 128

/** Gemini's generateContent. The model and whether to stream stand in the path. */
export const gemini: Dialect = {
  name: 'gemini',
  operation: 'chat',
  parseCall,
  limitEdits,
  shapeError,
  shapeErrorEvent: (refusal) => `data: ${shapeError(refusal)}\n\n`,
  usageMember: '"usageMetadata"',
  contentMember: 'candidates',
  readUsage,
  readBeside,
  readEvent,
  shapeCount: (totalTokens) => JSON.stringify({ totalTokens }),
  shapeModels: (models) => JSON.stringify({ models: models.map(shaped) }),
  shapeModel: (model) => JSON.stringify(shaped(model)),
}

function parseCall(payload: Buffer, path: PathSays): ParsedCall {
  const { body, spans } = readMembers(payload, JUDGED)
  const config = configOf(body)
  const limit = count(oneSpelling(config, 'maxOutputTokens', 'max_output_tokens'), 'value', 0)
  const choices = count(oneSpelling(config, 'candidateCount', 'candidate_count'), 'value', 1) ?? 1
  if (choices > MOST_CHOICES) {
    throw new Refused('invalid_request', `candidateCount must be at most ${MOST_CHOICES}`)
  }
  return {
    model: modelOf(path.model),
    stream: path.stream,
    outputLimit: limit,
    leastOutput: 1,
    choices,
    body: kept(payload, body),
    spans,
    names: namedInContents(body),
  }
}

function configOf(body: Loose): Loose {
  const [one, other] = CONFIGS.map((name) => body[name])
  if (one !== undefined && other !== undefined) throw twice(CONFIGS[0])
  const config = one ?? other
  if (config === undefined || config === null) return {}
  if (!isObject(config)) throw new Refused('invalid_request', 'generationConfig must be an object')
  return config
}

/** A member in either spelling, under the name `value`. */
function oneSpelling(config: Loose, camel: string, snake: string): Loose {
  if (config[camel] !== undefined && config[snake] !== undefined) throw twice(camel)
  return { value: config[camel] ?? config[snake] }
}

const twice = (name: string) =>
  new Refused('invalid_request', `the body names ${name} twice, in two spellings`)

/** The limit stands one level down: its object is written anew, with the other members as they were. */
function limitEdits(payload: Buffer, parsed: ParsedCall, { tokens }: Limit): readonly Edit[] {
  const body = parsed.body()
  const config = configOf(body)
  if (parsed.outputLimit !== undefined && parsed.outputLimit <= tokens) return []
  const { maxOutputTokens: _camel, max_output_tokens: _snake, ...others } = config
  const text = JSON.stringify({ ...others, maxOutputTokens: tokens })
  const span = parsed.spans.get(CONFIGS[0]) ?? parsed.spans.get(CONFIGS[1])
  if (span !== undefined) return [{ ...span, text }]
  return [addedToAny(payload, `"${CONFIGS[0]}":${text}`, body)]
}

function shapeError({ code, status, message, requestId }: Spoken): string {
  return JSON.stringify({
    error: {
      code: status,
      message: `${message} (request id: ${requestId})`,
      status: googleStatusOf(status),
      details: [{ reason: code }],
    },
  })
}

/** Every event is an answer of its own, with the figures as they are by then. */
function readEvent(event: Loose, written: string[]): EventSays {
  let ends = 0
  let searches = 0
  for (const candidate of Array.isArray(event.candidates) ? event.candidates : []) {
    if (!isObject(candidate)) continue
    writtenIn(candidate.content, written)
    if (typeof candidate.finishReason === 'string') ends++
    if (candidate.groundingMetadata !== undefined) searches += searchesIn(candidate)
  }
  const { promptFeedback, usageMetadata } = event
  // A prompt that is blocked gets no candidate at all.
  if (isObject(promptFeedback) && promptFeedback.blockReason !== undefined) ends = MOST_CHOICES
  const reported = isObject(usageMetadata) ? usageMetadata : undefined
  // Later events tell all searches again: they replace those of earlier ones, as figures do.
  const usage = searches === 0 ? reported : { ...reported, [SEARCHES]: searches }
  return { ends, isLast: false, usage, isError: isObject(event.error) }
}

const shaped = ({ id }: ListedModel) => ({
  name: `models/${id}`,
  displayName: id,
  supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
})
