import { readUsage } from '../../dialects/responses.ts'
import type { StreamReader } from '../codec.ts'
import { isObject, parsedJson } from '../json.ts'
import type { NeutralEvent } from '../neutral/answer.ts'
import type { JsonObject } from '../neutral/request.ts'
import { readFinish } from './finish.ts'
import { ItemReader } from './item-reader.ts'
import { createdAtOf, readError, tierOf } from './read-answer.ts'

/** Reads a stream of `POST /v1/responses`. */
export function createStreamReader(): StreamReader {
  return new ResponseReader()
}

class ResponseReader implements StreamReader {
  readonly #items = new ItemReader()
  #started = false
  #ended = false

  read(_name: string, text: string): readonly NeutralEvent[] {
    const event = this.#ended ? undefined : parsedJson(text)
    if (!isObject(event)) return []
    const out: NeutralEvent[] = []
    const { type, response } = event
    switch (type) {
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        if (isObject(response)) this.#start(response, out)
        break
      case 'response.completed':
      case 'response.incomplete':
        if (isObject(response)) this.#finish(response, out)
        break
      case 'response.failed':
      case 'error':
        this.#ended = true
        this.#items.parts.closeAll(out)
        out.push({ kind: 'failed', error: errorOf(event) })
        break
      default:
        this.#items.read(event, out)
    }
    return out
  }

  #start(response: JsonObject, out: NeutralEvent[]): void {
    if (this.#started) return
    this.#started = true
    const { id, model } = response
    out.push({
      kind: 'start',
      id: typeof id === 'string' ? id : '',
      model: typeof model === 'string' ? model : '',
      createdAt: createdAtOf(response),
      usage: readUsage(response.usage),
    })
  }

  #finish(response: JsonObject, out: NeutralEvent[]): void {
    this.#ended = true
    this.#start(response, out)
    if (Array.isArray(response.output)) this.#items.readWhole(response.output, out)
    const { parts } = this.#items
    parts.closeAll(out)
    const usage = readUsage(response.usage)
    // Figures first, so that whoever writes the end knows them.
    if (usage !== undefined) out.push({ kind: 'usage', usage, serviceTier: tierOf(response) })
    const finish = readFinish(response, parts.has)
    out.push({ kind: 'finish', choice: 0, finish, stopSequence: undefined })
  }

  end(): readonly NeutralEvent[] {
    const out: NeutralEvent[] = []
    this.#items.parts.closeAll(out)
    return out
  }
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
