import { Refused } from '../errors.ts'
import type { JobAsked, ParsedCall } from './dialect.ts'
import { count, flag, kept, modelOf } from './judged.ts'
import { readMembers } from './members.ts'
import { namedInResponses } from './named.ts'

const JUDGED: readonly string[] = [
  ...['model', 'input', 'instructions', 'stream', 'max_output_tokens', 'tools', 'background'],
  ...['previous_response_id', 'conversation', 'prompt', 'store', 'service_tier', 'max_tool_calls'],
]
/** OpenAI refuses lower limits. */
const LEAST_OUTPUT = 16

/** A body of OpenAI's Responses. @throws Refused `invalid_request`, and for what could not be charged. */
export function parseResponses(payload: Buffer): ParsedCall {
  const { body, spans } = readMembers(payload, JUDGED)
  // OpenAI keeps what it is not told to forget.
  const stored = flag(body, 'store', true)
  const job = flag(body, 'background') ? backgroundJob(stored) : undefined
  return {
    model: modelOf(body.model),
    stream: flag(body, 'stream'),
    outputLimit: count(body, 'max_output_tokens', 0),
    leastOutput: LEAST_OUTPUT,
    choices: 1,
    body: kept(payload, body),
    spans,
    names: namedInResponses(body),
    stored,
    job,
  }
}

/** What comes of it is read when it has ended: so it has to be kept. */
function backgroundJob(stored: boolean): JobAsked {
  if (stored) return { kind: 'response' }
  throw new Refused('invalid_request', 'background needs an answer that is kept: leave out store')
}
