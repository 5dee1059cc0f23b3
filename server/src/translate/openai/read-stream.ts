import { openai } from '../../dialects/openai.ts'
import { wholeTokens } from '../../usage/usage.ts'
import type { StreamReader } from '../codec.ts'
import { isObject, parsedJson } from '../json.ts'
import type { NeutralEvent } from '../neutral/answer.ts'
import type { JsonObject } from '../neutral/request.ts'
import { ChoiceReader } from './choice-reader.ts'
import { readError } from './read-error.ts'

const NOTHING: readonly NeutralEvent[] = []
/** As many as a call may ask for. */
const MOST_CHOICES = 128

export class ChatStreamReader implements StreamReader {
  readonly #choices: (ChoiceReader | undefined)[] = []
  #id = ''
  #hasStarted = false
  #isDone = false

  read(_name: string, text: string): readonly NeutralEvent[] {
    if (this.#isDone) return NOTHING
    if (text === '[DONE]') {
      this.#isDone = true
      return NOTHING
    }
    const chunk = parsedJson(text)
    if (!isObject(chunk)) return NOTHING
    const events: NeutralEvent[] = []
    if (chunk.error !== undefined && chunk.error !== null) {
      const error = readError(chunk)
      if (error !== undefined) events.push({ kind: 'failed', error })
      return events
    }
    const choices: readonly unknown[] = Array.isArray(chunk.choices) ? chunk.choices : []
    if (!this.#hasStarted && choices.length > 0) this.#start(chunk, events)
    for (const choice of choices) if (isObject(choice)) this.#deltaOf(choice, events)
    // What was used before why it ended: whoever writes it knows all at the end then.
    if (isObject(chunk.usage)) readUsage(chunk, events)
    for (const choice of choices) if (isObject(choice)) this.#finish(choice, chunk, events)
    return events
  }

  /** Those that said that they were done without saying why have stopped by themselves. */
  end(): readonly NeutralEvent[] {
    const events: NeutralEvent[] = []
    for (const choice of this.#choices) {
      if (choice === undefined) continue
      if (this.#isDone) choice.finish('stop', events)
      else choice.close(events)
    }
    return events
  }

  #start(chunk: JsonObject, events: NeutralEvent[]): void {
    this.#hasStarted = true
    this.#id = typeof chunk.id === 'string' ? chunk.id : ''
    events.push({
      kind: 'start',
      id: this.#id,
      model: typeof chunk.model === 'string' ? chunk.model : '',
      createdAt: wholeTokens(chunk.created),
      usage: undefined,
    })
  }

  #deltaOf(given: JsonObject, events: NeutralEvent[]): void {
    const choice = this.#choiceAt(given.index)
    if (choice === undefined) return
    if (isObject(given.delta)) choice.delta(given.delta, events)
    if (isObject(given.logprobs)) choice.logprobs(given.logprobs, events)
  }

  #finish(given: JsonObject, { citations }: JsonObject, events: NeutralEvent[]): void {
    const { finish_reason } = given
    if (typeof finish_reason !== 'string' || finish_reason === '') return
    const choice = this.#choiceAt(given.index)
    if (choice === undefined) return
    // Perplexity tells its sources beside the choices.
    if (Array.isArray(citations)) {
      const urls: readonly unknown[] = citations
      const cited = urls.filter((url) => typeof url === 'string').map((url) => ({ url }))
      choice.cite(cited, events)
    }
    choice.finish(finish_reason, events)
  }

  #choiceAt(index: unknown): ChoiceReader | undefined {
    const at = index === undefined ? 0 : index
    if (typeof at !== 'number' || !Number.isInteger(at) || at < 0 || at >= MOST_CHOICES)
      return undefined
    const known = this.#choices[at]
    if (known !== undefined) return known
    const choice = new ChoiceReader(at, this.#id)
    this.#choices[at] = choice
    return choice
  }
}

function readUsage(chunk: JsonObject, events: NeutralEvent[]): void {
  const usage = openai.readUsage(chunk.usage)
  if (usage === undefined) return
  const serviceTier = typeof chunk.service_tier === 'string' ? chunk.service_tier : undefined
  events.push({ kind: 'usage', usage, serviceTier })
}
