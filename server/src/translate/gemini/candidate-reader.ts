import { isObject } from '../json.ts'
import type { NeutralEvent } from '../neutral/answer.ts'
import type { JsonObject } from '../neutral/request.ts'
import { answeredCall, answeredMark, answeredMedia } from './answer-parts.ts'
import { readFinish } from './finish.ts'
import { readGrounding } from './grounding.ts'
import { readLogprobs } from './logprobs.ts'
import { createSaying } from './saying.ts'

/** One candidate of a stream. All of it appends what happened. */
export interface CandidateReader {
  read(candidate: JsonObject, out: NeutralEvent[]): void
  close(out: NeutralEvent[]): void
  finish(reason: string, out: NeutralEvent[]): void
}

export function createCandidateReader(
  choice: number,
  idOf: (given: unknown) => string,
): CandidateReader {
  const saying = createSaying(choice)
  let called = false
  let finished = false

  function readPart(piece: JsonObject, out: NeutralEvent[]): void {
    const { text } = piece
    const call = typeof text === 'string' ? undefined : answeredCall(piece, idOf)
    if (call !== undefined) {
      called = true
      saying.whole({ ...call, input: '' }, call.input, out)
      return
    }
    const media = typeof text === 'string' ? undefined : answeredMedia(piece)
    if (media !== undefined) {
      saying.whole(media, undefined, out)
      return
    }
    if (typeof text === 'string' && text !== '') saying.say(text, piece.thought === true, out)
    const mark = answeredMark(piece)
    if (mark !== undefined) saying.sign(mark, out)
  }

  function read(candidate: JsonObject, out: NeutralEvent[]): void {
    if (finished) return
    const { content, logprobsResult, groundingMetadata, citationMetadata } = candidate
    if (isObject(content) && Array.isArray(content.parts)) {
      for (const piece of content.parts) if (isObject(piece)) readPart(piece, out)
    }
    if (logprobsResult !== undefined) {
      const logprobs = readLogprobs(logprobsResult)
      if (logprobs !== undefined) out.push({ kind: 'logprobs', choice, logprobs })
    }
    if (groundingMetadata === undefined && citationMetadata === undefined) return
    // They come last, and are about the one text that such answers have.
    saying.cite((text) => [...readGrounding(candidate, () => text).values()].flat(), out)
  }

  function finish(reason: string, out: NeutralEvent[]): void {
    if (finished) return
    finished = true
    const how = readFinish(reason, called)
    out.push({ kind: 'finish', choice, finish: how, stopSequence: undefined })
  }

  return { read, close: saying.close, finish }
}
