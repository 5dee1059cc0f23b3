import type { StreamReader } from '../codec.ts'
import { isObject, parsedJson } from '../json.ts'
import type { NeutralEvent } from '../neutral/answer.ts'
import type { JsonObject } from '../neutral/request.ts'
import { readFinish } from './finish.ts'
import { createItemReader } from './item-reader.ts'
import { OpenParts } from './open-parts.ts'
import { createdAtOf, readError, tierOf } from './read-answer.ts'
import { readUsage } from './usage.ts'

/** Reads a stream of `POST /v1/responses`. */
export function createStreamReader(): StreamReader {
  const parts = new OpenParts()
  const items = createItemReader(parts)
  let started = false
  let ended = false

  function read(_name: string, text: string): readonly NeutralEvent[] {
    const event = ended ? undefined : parsedJson(text)
    if (!isObject(event)) return []
    const out: NeutralEvent[] = []
    const { type, response } = event
    switch (type) {
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        if (isObject(response)) start(response, out)
        break
      case 'response.completed':
      case 'response.incomplete':
        if (isObject(response)) finish(response, out)
        break
      case 'response.failed':
      case 'error':
        ended = true
        parts.closeAll(out)
        out.push({ kind: 'failed', error: errorOf(event) })
        break
      default:
        items.read(event, out)
    }
    return out
  }

  function start(response: JsonObject, out: NeutralEvent[]): void {
    if (started) return
    started = true
    const { id, model } = response
    out.push({
      kind: 'start',
      id: typeof id === 'string' ? id : '',
      model: typeof model === 'string' ? model : '',
      createdAt: createdAtOf(response),
      usage: readUsage(response.usage),
    })
  }

  function finish(response: JsonObject, out: NeutralEvent[]): void {
    ended = true
    start(response, out)
    if (Array.isArray(response.output)) items.readWhole(response.output, out)
    parts.closeAll(out)
    const usage = readUsage(response.usage)
    // Figures first, so that whoever writes the end knows them.
    if (usage !== undefined) out.push({ kind: 'usage', usage, serviceTier: tierOf(response) })
    out.push({
      kind: 'finish',
      choice: 0,
      finish: readFinish(response, parts.has),
      stopSequence: undefined,
    })
  }

  function end(): readonly NeutralEvent[] {
    const out: NeutralEvent[] = []
    parts.closeAll(out)
    return out
  }

  return { read, end }
}

/** OpenAI says it in the event itself, in its `error`, or in the answer that failed. */
function errorOf(event: JsonObject) {
  const { response, message, code } = event
  const inside = readError(event) ?? (isObject(response) ? readError(response) : undefined)
  if (inside !== undefined) return inside
  return {
    message: typeof message === 'string' ? message : 'the provider failed',
    type: typeof code === 'string' ? code : '',
  }
}
