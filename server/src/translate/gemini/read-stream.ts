import { readUsage } from '../../dialects/gemini-usage.ts'
import type { StreamReader } from '../codec.ts'
import { isObject, parsedJson } from '../json.ts'
import type { NeutralEvent } from '../neutral/answer.ts'
import type { JsonObject } from '../neutral/request.ts'
import { createAnswerIds } from './answer-parts.ts'
import { type CandidateReader, createCandidateReader } from './candidate-reader.ts'
import { createdAtOf, idOfAnswer, isBlocked, readError } from './read-answer.ts'

/** Reads `streamGenerateContent?alt=sse`: every event is an answer with what is new. */
export function createStreamReader(): StreamReader {
  const candidates = new Map<number, CandidateReader>()
  const makeId = createAnswerIds()
  let started = false
  let ended = false
  /** The figures grow from event to event; the last ones count. */
  let usage: unknown

  function read(_name: string, text: string): readonly NeutralEvent[] {
    const chunk = parsedJson(text)
    if (!isObject(chunk) || ended) return []
    const error = chunk.error === undefined ? undefined : readError(chunk)
    if (error !== undefined) {
      ended = true
      return [{ kind: 'failed', error }]
    }
    const out: NeutralEvent[] = []
    if (!started && isAnswer(chunk)) {
      started = true
      out.push(startOf(chunk))
    }
    if (chunk.usageMetadata !== undefined) usage = chunk.usageMetadata
    if (Array.isArray(chunk.candidates)) readCandidates(chunk, chunk.candidates, out)
    else if (isBlocked(chunk.promptFeedback)) {
      candidateOf(0, chunk).finish('SAFETY', out)
      tellUsage(out)
    }
    return out
  }

  function readCandidates(chunk: JsonObject, list: readonly unknown[], out: NeutralEvent[]): void {
    for (const candidate of list) {
      if (!isObject(candidate)) continue
      const reader = candidateOf(typeof candidate.index === 'number' ? candidate.index : 0, chunk)
      reader.read(candidate, out)
      if (typeof candidate.finishReason !== 'string') continue
      // Figures first, so that whoever writes the end knows them.
      reader.close(out)
      tellUsage(out)
      reader.finish(candidate.finishReason, out)
    }
  }

  function candidateOf(index: number, chunk: JsonObject): CandidateReader {
    const known = candidates.get(index)
    if (known !== undefined) return known
    const reader = createCandidateReader(index, (given) => makeId(given, chunk.responseId))
    candidates.set(index, reader)
    return reader
  }

  function tellUsage(out: NeutralEvent[]): void {
    const read = readUsage(usage)
    usage = undefined
    if (read !== undefined) out.push({ kind: 'usage', usage: read, serviceTier: undefined })
  }

  function end(): readonly NeutralEvent[] {
    const out: NeutralEvent[] = []
    for (const reader of candidates.values()) reader.close(out)
    tellUsage(out)
    return out
  }

  return { read, end }
}

const isAnswer = ({ candidates, promptFeedback, usageMetadata }: JsonObject): boolean =>
  candidates !== undefined || promptFeedback !== undefined || usageMetadata !== undefined

const startOf = (chunk: JsonObject): NeutralEvent => ({
  kind: 'start',
  id: idOfAnswer(chunk),
  model: typeof chunk.modelVersion === 'string' ? chunk.modelVersion : '',
  createdAt: createdAtOf(chunk),
  usage: readUsage(chunk.usageMetadata),
})
