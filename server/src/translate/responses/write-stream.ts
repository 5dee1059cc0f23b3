import type { Usage } from '../../usage/usage.ts'
import type { AnswerContext, StreamWriter } from '../codec.ts'
import { idWith } from '../ids.ts'
import { createInOrder } from '../in-order.ts'
import type { NeutralEvent, ProviderError } from '../neutral/answer.ts'
import { EventWriter } from './event-writer.ts'
import { incompleteReason } from './finish.ts'
import { ItemWriter } from './item-writer.ts'
import { responseObject } from './response-object.ts'
import { writeUsage } from './usage.ts'

/** Writes a stream of `POST /v1/responses`. */
export function createStreamWriter(context: AnswerContext): StreamWriter {
  return new ResponseWriter(context)
}

type Start = Extract<NeutralEvent, { kind: 'start' }>
const UNTOLD: Start = { kind: 'start', id: '', model: '', createdAt: 0, usage: undefined }

class ResponseWriter implements StreamWriter {
  readonly #context: AnswerContext
  readonly #events = new EventWriter()
  readonly #inOrder = createInOrder()
  #items: ItemWriter | undefined
  /** The response as it begins in every event that has it whole. */
  #response = ''
  #usage: Usage | undefined
  #tier: string | undefined
  /** How it ended, until that is written. */
  #finish: Extract<NeutralEvent, { kind: 'finish' }> | undefined
  #ended = false

  constructor(context: AnswerContext) {
    this.#context = context
  }

  write(event: NeutralEvent): string {
    // The dialect has one choice only.
    if (this.#ended || ('choice' in event && event.choice !== 0)) return ''
    switch (event.kind) {
      case 'start':
        return this.#items === undefined ? this.#start(event) : ''
      case 'usage':
        this.#usage = event.usage
        this.#tier = event.serviceTier ?? this.#tier
        return ''
      case 'failed':
        return this.#begun() + this.#failed(event.error)
      case 'finish':
        this.#finish = event
        return this.#begun() + (this.#usage === undefined ? '' : this.#complete())
      case 'logprobs':
        this.#items?.addLogprobs(event.logprobs)
        return ''
      default: {
        let out = this.#begun()
        for (const one of this.#inOrder(event)) {
          if ('part' in one) out += this.#items?.write(one) ?? ''
        }
        return out
      }
    }
  }

  end(): string {
    return this.#ended || this.#finish === undefined ? '' : this.#complete()
  }

  #begun(): string {
    return this.#items === undefined ? this.#start(UNTOLD) : ''
  }

  #start({ id, model, createdAt }: Start): string {
    const { request, requestId, now } = this.#context
    const own = idWith('resp_', id, requestId)
    this.#items = new ItemWriter(this.#events, request, own.slice('resp_'.length))
    const object = responseObject(request, {
      id: own,
      model,
      createdAt: createdAt === 0 ? now : createdAt,
    })
    this.#response = JSON.stringify(object).slice(0, -1)
    const response = this.#whole({ status: 'in_progress', incomplete_details: null, error: null })
    return (
      this.#events.event('response.created', `"response":${response}`) +
      this.#events.event('response.in_progress', `"response":${response}`)
    )
  }

  #whole(state: Readonly<Record<string, unknown>>): string {
    const told = { ...state, service_tier: this.#tier ?? 'default' }
    const usage = this.#usage === undefined ? 'null' : JSON.stringify(writeUsage(this.#usage))
    const output = this.#items?.finished.join(',') ?? ''
    return `${this.#response},${JSON.stringify(told).slice(1, -1)},"output":[${output}],"usage":${usage}}`
  }

  #complete(): string {
    this.#ended = true
    const items = this.#items?.close() ?? ''
    const refused = this.#items?.refused ?? false
    const reason = incompleteReason(this.#finish?.finish ?? 'stop', refused)
    const status = reason === undefined ? 'completed' : 'incomplete'
    const details = reason === undefined ? null : { reason }
    const response = this.#whole({ status, incomplete_details: details, error: null })
    return items + this.#events.event(`response.${status}`, `"response":${response}`)
  }

  /** Libraries throw at the first of the two; agents that read events themselves look for the other. */
  #failed({ message, type }: ProviderError): string {
    this.#ended = true
    const code = type.includes('rate_limit') ? 'rate_limit_exceeded' : 'server_error'
    const error = { code, message }
    const response = this.#whole({ status: 'failed', incomplete_details: null, error })
    return (
      this.#events.event('error', JSON.stringify({ ...error, param: null }).slice(1, -1)) +
      this.#events.event('response.failed', `"response":${response}`)
    )
  }
}
