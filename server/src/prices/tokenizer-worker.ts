import { parentPort } from 'node:worker_threads'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { boundedRuns } from './bounded-runs.ts'

/** One question to the worker, and its answer. */
export interface CountJob {
  readonly id: number
  readonly texts: readonly string[]
}
export interface Counted {
  readonly id: number
  readonly tokens: number
}

/** What no context window holds is not worth a second of work: beyond it each byte counts as a token. */
const MOST_CHARACTERS = 4_000_000
/** Names of control tokens in a text are text; the library would throw on them. */
const AS_TEXT = { disallowedSpecial: new Set<string>() }

function count(texts: readonly string[]): number {
  let tokens = 0
  let left = MOST_CHARACTERS
  for (const text of texts) {
    const counted = text.length > left ? text.slice(0, left) : text
    left -= counted.length
    for (const piece of boundedRuns(counted)) tokens += countTokens(piece, AS_TEXT)
    if (counted.length < text.length) tokens += Buffer.byteLength(text) - Buffer.byteLength(counted)
  }
  return tokens
}

parentPort?.on('message', ({ id, texts }: CountJob) => {
  parentPort?.postMessage({ id, tokens: count(texts) } satisfies Counted)
})
