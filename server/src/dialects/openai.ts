import { type Usage, wholeTokens } from '../usage/usage.ts'
import { servedWith } from './beside.ts'
import type { Dialect, ListedModel, ParsedCall, Spoken } from './dialect.ts'
import { topLevelLimit } from './edits.ts'
import { choicesOf, count, flag, isObject, kept, modelOf } from './judged.ts'
import { readMembers } from './members.ts'
import { namedInChat } from './named.ts'
import { detailsOf, usageOf } from './openai-usage.ts'
import { parseResponses } from './responses-call.ts'

/** Everything in a chat call by which we decide, reserve or edit. */
const JUDGED: readonly string[] = [
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'n',
  'modalities',
  'audio',
  'service_tier',
  'web_search_options',
]
const LIMITS = ['max_completion_tokens', 'max_tokens']

/** OpenAI's chat completions, as its SDKs send and read them. */
export const openai: Dialect = {
  name: 'openai',
  operation: 'chat',
  parseCall,
  limitEdits: (payload, parsed, limit) =>
    topLevelLimit(payload, parsed, { names: LIMITS, ...limit }),
  shapeError,
  shapeErrorEvent: (refusal) => `data: ${shapeError(refusal)}\n\n`,
  usageMember: '"usage"',
  contentMember: 'choices',
  readUsage,
  readBeside: servedWith,
  shapeModels: (models) => JSON.stringify({ object: 'list', data: models.map(shaped) }),
  shapeModel: (model) => JSON.stringify(shaped(model)),
}

function parseCall(payload: Buffer): ParsedCall {
  const { body, spans } = readMembers(payload, JUDGED)
  if (body.messages === undefined && body.input !== undefined) return ofCursor(payload)
  const max = count(body, 'max_tokens', 0)
  const maxCompletion = count(body, 'max_completion_tokens', 0)
  const parsed: ParsedCall = {
    model: modelOf(body.model),
    stream: flag(body, 'stream'),
    // Providers differ in which of the two they obey: the larger one is what may have to be paid.
    outputLimit:
      max === undefined || maxCompletion === undefined
        ? (max ?? maxCompletion)
        : Math.max(max, maxCompletion),
    leastOutput: 0,
    choices: choicesOf(body, 'n'),
    body: kept(payload, body),
    spans,
    names: namedInChat(body.messages),
  }
  const isFlat = body.tools !== undefined && hasFlatTools(body.tools)
  return isFlat ? { ...parsed, written: 'openai' } : parsed
}

/** Cursor sends what belongs to Responses, and wants chat completions for an answer. */
const ofCursor = (payload: Buffer): ParsedCall => ({
  ...parseResponses(payload),
  written: 'responses',
  // Its answer is a chat completion, whose id no provider knows.
  stored: false,
})

/** Or it defines single tools as Responses has them, between others. */
function hasFlatTools(tools: unknown): boolean {
  if (!Array.isArray(tools)) return false
  for (const tool of tools) {
    if (!isObject(tool) || typeof tool.name !== 'string') continue
    const { type } = tool
    if ((type === 'function' || type === 'custom') && tool[type] === undefined) return true
  }
  return false
}

function shapeError({ code, message, requestId, type }: Spoken): string {
  return JSON.stringify({
    error: { message: `${message} (request id: ${requestId})`, type, param: '', code },
  })
}

function readUsage(reported: unknown): Usage | undefined {
  if (!isObject(reported)) return undefined
  const { prompt_tokens, completion_tokens, total_tokens } = reported
  if (typeof prompt_tokens !== 'number' && typeof completion_tokens !== 'number') return undefined
  const prompt = wholeTokens(prompt_tokens)
  return usageOf(reported, {
    prompt,
    // Some count reasoning apart from completion, but in the total.
    completion: Math.max(
      wholeTokens(completion_tokens),
      wholeTokens(wholeTokens(total_tokens) - prompt),
    ),
    input: detailsOf(reported.prompt_tokens_details),
    output: detailsOf(reported.completion_tokens_details),
  })
}

const shaped = ({ id, createdAt, ownedBy }: ListedModel) => ({
  id,
  object: 'model',
  created: createdAt,
  owned_by: ownedBy,
})
