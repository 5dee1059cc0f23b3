import { Refused } from '../errors.ts'
import type { Loose, ParsedCall } from './dialect.ts'
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
  refuseBackground(body)
  return {
    model: modelOf(body.model),
    stream: flag(body, 'stream'),
    outputLimit: count(body, 'max_output_tokens', 0),
    leastOutput: LEAST_OUTPUT,
    choices: 1,
    body: kept(payload, body),
    spans,
    names: namedInResponses(body),
    // OpenAI keeps what it is not told to forget.
    stored: flag(body, 'store', true),
  }
}

/** What goes on when nobody waits for it could not be charged. */
function refuseBackground({ background }: Loose): void {
  if (background === true) {
    throw new Refused('unsupported_parameter', 'background is not supported here: leave it out')
  }
}
