import { Refused } from '../errors.ts'
import { type Usage, wholeTokens } from '../usage/usage.ts'
import { AUDIO } from './audio.ts'
import { batches } from './batches.ts'
import type { Dialect, EventSays, Loose, Operation, ParsedCall } from './dialect.ts'
import { topLevelLimit } from './edits.ts'
import { EMBEDDINGS_OF_GEMINI } from './gemini-embeddings.ts'
import { IMAGES } from './images.ts'
import { choicesOf, count, flag, isObject, kept, modelOf } from './judged.ts'
import { readMembers } from './members.ts'
import { openai } from './openai.ts'
import { compact } from './responses.ts'
import { VIDEOS } from './videos.ts'

/** What OpenAI's API offers besides chats: calls in its dialect that are metered as theirs are. */

const JUDGED: readonly string[] = [
  ...['model', 'input', 'prompt', 'query', 'documents', 'stream', 'stream_options'],
  ...['max_tokens', 'n', 'best_of'],
]
/** What the provider writes where the caller sets no limit. */
const USUAL_COMPLETION = 16

const completions: Dialect = {
  ...openai,
  operation: 'completions',
  parseCall(payload) {
    const { body, spans } = readMembers(payload, JUDGED)
    const choices = Math.max(choicesOf(body, 'n'), choicesOf(body, 'best_of'))
    const prompts = Array.isArray(body.prompt) ? Math.max(1, promptsIn(body.prompt)) : 1
    return {
      model: modelOf(body.model),
      stream: flag(body, 'stream'),
      outputLimit: count(body, 'max_tokens', 0) ?? USUAL_COMPLETION,
      leastOutput: 0,
      choices: choices * prompts,
      body: kept(payload, body),
      spans,
    }
  },
  limitEdits: (payload, parsed, { tokens }) =>
    topLevelLimit(payload, parsed, { names: ['max_tokens'], tokens, added: 'max_tokens' }),
  readEvent: readCompletion,
}

/** A list of numbers is one prompt, in tokens. */
const promptsIn = (prompt: readonly unknown[]): number =>
  prompt.every((one) => typeof one === 'number') ? 1 : prompt.length

function readCompletion(event: Loose, written: string[]): EventSays {
  let ends = 0
  for (const choice of Array.isArray(event.choices) ? event.choices : []) {
    if (!isObject(choice)) continue
    if (typeof choice.text === 'string') written.push(choice.text)
    if (typeof choice.finish_reason === 'string' && choice.finish_reason !== '') ends++
  }
  const usage = isObject(event.usage) ? event.usage : undefined
  return { ends, isLast: false, usage, isError: isObject(event.error) }
}

interface Silent {
  readonly operation: Operation
  readonly contentMember: string
  /** What is asked where the caller names no model; `undefined`: a model must be named. */
  readonly standard?: string
  readonly readUsage?: Dialect['readUsage']
}

/** An operation whose answer is no text of a model: nothing is paid for it but the input. */
function silent({ operation, contentMember, standard, readUsage }: Silent): Dialect {
  return {
    ...openai,
    operation,
    writesNothing: true,
    contentMember,
    readUsage: readUsage ?? openai.readUsage,
    limitEdits: () => [],
    parseCall(payload): ParsedCall {
      const { body, spans } = readMembers(payload, JUDGED)
      if (flag(body, 'stream')) {
        throw new Refused('unsupported_parameter', `stream is not offered for ${operation}`)
      }
      return {
        model: modelOf(body.model ?? standard),
        stream: false,
        outputLimit: 0,
        leastOutput: 0,
        choices: 1,
        body: kept(payload, body),
        spans,
      }
    },
  }
}

/** Those who rank have little in common: some count tokens, some searches, some both. */
function readRerankUsage(reported: unknown): Usage | undefined {
  if (!isObject(reported)) return undefined
  const tokens = reported.prompt_tokens ?? reported.input_tokens ?? reported.total_tokens
  return openai.readUsage({ prompt_tokens: wholeTokens(tokens), completion_tokens: 0 })
}

const ALL: readonly Dialect[] = [
  completions,
  silent({ operation: 'embeddings', contentMember: 'data' }),
  silent({
    operation: 'moderations',
    contentMember: 'results',
    standard: 'omni-moderation-latest',
  }),
  silent({ operation: 'rerank', contentMember: 'results', readUsage: readRerankUsage }),
  ...IMAGES,
  ...AUDIO,
  ...VIDEOS,
  batches,
]

/** By what their paths end in. */
export const OPERATIONS: ReadonlyMap<string, Dialect> = new Map([
  ...ALL.map((dialect) => [dialect.operation, dialect] as const),
  ['responses/compact', compact],
])

/** What is asked besides chats, by what a route calls it; the names of the two families differ. */
export const operationNamed = (name: string): Dialect | undefined =>
  OPERATIONS.get(name) ?? EMBEDDINGS_OF_GEMINI.get(name)
