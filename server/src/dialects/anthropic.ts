import { Refused } from '../errors.ts'
import { readUsage } from './anthropic-usage.ts'
import type {
  Dialect,
  EventSays,
  Issued,
  ListedModel,
  Loose,
  ParsedCall,
  Spoken,
} from './dialect.ts'
import { topLevelLimit } from './edits.ts'
import { count, flag, isObject, kept, modelOf } from './judged.ts'
import { readMembers } from './members.ts'
import { namedInMessages } from './named.ts'
import { anthropicTypeOf } from './status-words.ts'
import { writtenIn } from './written-in.ts'

const JUDGED: readonly string[] = [
  ...['model', 'messages', 'system', 'stream', 'max_tokens', 'thinking', 'tools', 'container'],
  ...['service_tier', 'speed', 'inference_geo', 'thread'],
]
const LIMITS = ['max_tokens']
/** Beside its thinking, a model needs room for words. */
const ROOM_FOR_WORDS = 1_024

/** Anthropic's Messages, as its SDKs send and read them. */
export const anthropic: Dialect = {
  name: 'anthropic',
  operation: 'chat',
  parseCall,
  limitEdits: (payload, parsed, { tokens }) =>
    topLevelLimit(payload, parsed, { names: LIMITS, tokens, added: 'max_tokens' }),
  shapeError,
  shapeErrorEvent: (refusal) => `event: error\ndata: ${shapeError(refusal)}\n\n`,
  usageMember: '"usage"',
  contentMember: 'content',
  readUsage,
  readEvent,
  readIssued,
  shapeCount: (input_tokens) => JSON.stringify({ input_tokens }),
  shapeModels,
  shapeModel: (model) => JSON.stringify(shaped(model)),
}

function parseCall(payload: Buffer): ParsedCall {
  const { body, spans } = readMembers(payload, JUDGED)
  const { thinking, thread } = body
  // What stays with a provider belongs to an account: no call may go on from what is not known to be its own.
  if (thread !== undefined && thread !== null) throw new Refused('thread_unsupported')
  const budget = isObject(thinking) ? (count(thinking, 'budget_tokens', 0) ?? 0) : 0
  return {
    model: modelOf(body.model),
    stream: flag(body, 'stream'),
    outputLimit: count(body, 'max_tokens', 0),
    leastOutput: budget === 0 ? 1 : budget + ROOM_FOR_WORDS,
    choices: 1,
    body: kept(payload, body),
    spans,
    names: namedInMessages(body),
    stored: runsCode(body),
  }
}

/** Where code runs is kept for further calls. */
function runsCode({ tools, container }: Loose): boolean {
  if (container !== undefined && container !== null) return true
  if (!Array.isArray(tools)) return false
  for (const tool of tools) if (String(tool?.type).startsWith('code_execution')) return true
  return false
}

function readIssued({ container }: Loose): readonly Issued[] {
  if (!isObject(container) || typeof container.id !== 'string') return []
  return [{ kind: 'container', id: container.id }]
}

function shapeError({ code, status, message, requestId }: Spoken): string {
  return JSON.stringify({
    type: 'error',
    error: {
      ...{ type: anthropicTypeOf(status), message },
      ...(code === 'thread_unsupported' && { details: NO_THREADS }),
    },
    request_id: requestId,
  })
}

/** Anthropic's own words, by which its tool runner goes on without a thread. */
const NO_THREADS = { error_code: 'thread_unsupported_request', unsupported: ['thread'] }

/** Figures come with the first event, and again, as they are by then, with the one that tells why it stopped. */
function readEvent(event: Loose, written: string[]): EventSays {
  const { type, delta } = event
  let ends = 0
  let usage = event.usage
  if (type === 'message_start') {
    usage = isObject(event.message) ? event.message.usage : undefined
  } else if (type === 'content_block_start') {
    writtenIn(event.content_block, written)
  } else if (type === 'content_block_delta') {
    // Nearly every event of a stream.
    if (isObject(delta) && typeof delta.text === 'string') written.push(delta.text)
    else writtenIn(delta, written)
  } else if (type === 'message_delta' && isObject(delta)) {
    ends = typeof delta.stop_reason === 'string' ? 1 : 0
  }
  return {
    ends,
    isLast: type === 'message_stop',
    usage: isObject(usage) ? usage : undefined,
    isBeginning: type === 'message_start',
    isError: type === 'error',
    // Where code ran is told when it has ended.
    issuing: type === 'message_delta' && isObject(delta) ? delta : undefined,
  }
}

/** The whole list at once: contract 3. */
function shapeModels(models: readonly ListedModel[]): string {
  const data = models.map(shaped)
  return JSON.stringify({
    data,
    has_more: false,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  })
}

const shaped = ({ id, createdAt }: ListedModel) => ({
  type: 'model',
  id,
  display_name: id,
  created_at: new Date(createdAt * 1000).toISOString(),
})
