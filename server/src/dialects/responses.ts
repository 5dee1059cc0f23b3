import { Refused } from '../errors.ts'
import { addUp, type Beside, serviceOf, type Usage, wholeTokens } from '../usage/usage.ts'
import { type AnswerText, parsedAnswer, servedWith, toolCall } from './beside.ts'
import type { Dialect, EventSays, Issued, Loose, ParsedCall, Spoken } from './dialect.ts'
import { topLevelLimit } from './edits.ts'
import { isObject } from './judged.ts'
import { openai } from './openai.ts'
import { detailsOf, usageOf } from './openai-usage.ts'
import { parseResponses } from './responses-call.ts'
import { writtenIn } from './written-in.ts'

const LIMITS = ['max_output_tokens']

/** OpenAI's Responses. Refusals and lists look as in its older API. */
export const responses: Dialect = {
  ...openai,
  name: 'responses',
  parseCall: parseResponses,
  limitEdits: (payload, parsed, { tokens }) =>
    topLevelLimit(payload, parsed, { names: LIMITS, tokens, added: 'max_output_tokens' }),
  shapeErrorEvent,
  contentMember: 'output',
  readUsage,
  readBeside,
  readEvent,
  readIssued,
  shapeCount: (input_tokens) => JSON.stringify({ object: 'response.input_tokens', input_tokens }),
}

function shapeErrorEvent({ code, message, requestId }: Spoken): string {
  const told = {
    type: 'error',
    code,
    message: `${message} (request id: ${requestId})`,
    param: null,
    sequence_number: 0,
  }
  return `event: error\ndata: ${JSON.stringify(told)}\n\n`
}

export function readUsage(reported: unknown): Usage | undefined {
  if (!isObject(reported)) return undefined
  const { input_tokens, output_tokens } = reported
  if (typeof input_tokens !== 'number' && typeof output_tokens !== 'number') return undefined
  return usageOf(reported, {
    prompt: wholeTokens(input_tokens),
    completion: wholeTokens(output_tokens),
    input: detailsOf(reported.input_tokens_details ?? reported.input_token_details),
    output: detailsOf(reported.output_tokens_details ?? reported.output_token_details),
  })
}

/** Calls of OpenAI's own tools are items of the output; other items are not parsed for them. */
function readBeside(tail: string, answer?: AnswerText): Beside | undefined {
  const text = answer?.text()
  const parsed = text?.includes('_call"') === true ? parsedAnswer(text) : undefined
  let beside = servedWith(tail)
  for (const item of Array.isArray(parsed?.output) ? parsed.output : []) {
    const called = toolCall(item)
    if (called !== undefined) beside = addUp(beside, called)
  }
  return beside
}

const LAST = new Set<unknown>(['response.completed', 'response.incomplete', 'response.failed'])

/** The whole answer comes once more with the last event, and the figures with it; its id comes with the first. */
function readEvent({ type, delta, response, item }: Loose, written: string[]): EventSays {
  if (typeof delta === 'string') written.push(delta)
  else if (delta !== undefined) writtenIn(delta, written)
  const isLast = LAST.has(type)
  const last = isLast && isObject(response) ? response : undefined
  const usage = last?.usage
  return {
    ends: isLast ? 1 : 0,
    isLast,
    usage: isObject(usage) ? usage : undefined,
    beside: type === 'response.output_item.done' ? toolCall(item) : last && tierOf(last),
    isError: type === 'error' || type === 'response.failed',
    issuing: (isLast || type === 'response.created') && isObject(response) ? response : undefined,
  }
}

function tierOf({ service_tier }: Loose): Beside | undefined {
  const service = serviceOf(service_tier)
  return service === undefined ? undefined : { service }
}

/** The answer itself, its items, its conversation, and where code ran for it. */
function readIssued({ id, store, conversation, output }: Loose): readonly Issued[] {
  const issued: Issued[] = []
  const issue = (kind: Issued['kind'], id: unknown) => {
    if (typeof id === 'string' && id !== '') issued.push({ kind, id })
  }
  // A provider may keep less than it was asked to.
  if (store !== false) issue('response', id)
  if (isObject(conversation)) issue('conversation', conversation.id)
  for (const item of Array.isArray(output) ? output : []) {
    if (!isObject(item)) continue
    issue('container', item.container_id)
    if (store !== false) issue('item', item.id)
  }
  return issued
}

/** What a compaction may write. */
const COMPACT_OUTPUT = 16_384

/** A conversation made short. It takes no limit, so that all it may write has to be affordable. */
export const compact: Dialect = {
  ...responses,
  operation: 'compact',
  limitEdits: () => [],
  parseCall(payload): ParsedCall {
    const parsed = parseResponses(payload)
    if (parsed.stream) {
      throw new Refused('unsupported_parameter', 'stream is not offered for compact')
    }
    if (parsed.job !== undefined) {
      throw new Refused('unsupported_parameter', 'background is not offered for compact')
    }
    return { ...parsed, outputLimit: COMPACT_OUTPUT, leastOutput: COMPACT_OUTPUT, stored: false }
  },
}
