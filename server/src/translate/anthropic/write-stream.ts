import { NO_USAGE, type Usage } from '../../usage/usage.ts'
import type { AnswerContext, StreamWriter } from '../codec.ts'
import { idWith } from '../ids.ts'
import { createInOrder } from '../in-order.ts'
import type { Finish, NeutralEvent } from '../neutral/answer.ts'
import type { JsonObject } from '../neutral/request.ts'
import { BlockWriter, type PartEvent, sse } from './block-writer.ts'
import { writeFinish } from './finishes.ts'
import { writeUsage } from './usage.ts'
import { failureEvent } from './write-error.ts'

type Start = Extract<NeutralEvent, { readonly kind: 'start' }>

interface Ending {
  readonly finish: Finish
  readonly stopSequence: string | undefined
}

/** Writes the first choice of a stream; others have no place in the dialect. */
export class AnthropicStreamWriter implements StreamWriter {
  readonly #context: AnswerContext
  readonly #blocks: BlockWriter
  readonly #inOrder = createInOrder()
  #hasStarted = false
  #hasFailed = false
  #isComplete = false
  #usage: Usage | undefined
  #serviceTier: string | undefined
  #ending: Ending | undefined

  constructor(context: AnswerContext) {
    this.#context = context
    this.#blocks = new BlockWriter(context.request)
  }

  write(event: NeutralEvent): string {
    if (this.#hasFailed || ('choice' in event && event.choice !== 0)) return ''
    switch (event.kind) {
      case 'more':
      case 'open':
      case 'detail':
      case 'close':
        return this.#hasStarted ? this.#part(event) : this.#start() + this.#part(event)
      case 'start':
        return this.#hasStarted ? '' : this.#start(event)
      case 'logprobs':
        return ''
      case 'usage':
        this.#usage = event.usage
        this.#serviceTier = event.serviceTier
        return ''
      case 'finish':
        return this.#finish(event)
      case 'failed':
        this.#hasFailed = true
        return failureEvent(event.error)
    }
  }

  end(): string {
    if (this.#hasFailed || this.#ending === undefined) return ''
    return this.#complete(this.#ending) + sse('message_stop', { type: 'message_stop' })
  }

  #part(event: PartEvent): string {
    let out = ''
    for (const next of this.#inOrder(event)) if ('part' in next) out += this.#blocks.write(next)
    return out
  }

  #start(start?: Start): string {
    this.#hasStarted = true
    const message = emptyMessage(this.#context, start)
    return sse('message_start', { type: 'message_start', message })
  }

  /** Usage that is not known yet comes before the end. */
  #finish(event: Ending): string {
    this.#ending ??= event
    const started = this.#hasStarted ? '' : this.#start()
    return this.#usage === undefined ? started : started + this.#complete(this.#ending)
  }

  #complete({ finish, stopSequence }: Ending): string {
    if (this.#isComplete) return ''
    this.#isComplete = true
    const delta = {
      stop_reason: writeFinish(finish),
      stop_sequence: stopSequence ?? null,
      stop_details: null,
      container: null,
    }
    const usage = writeUsage(this.#usage ?? NO_USAGE, this.#serviceTier)
    return sse('message_delta', { type: 'message_delta', delta, usage })
  }
}

function emptyMessage({ request, requestId }: AnswerContext, start: Start | undefined): JsonObject {
  return {
    id: idWith('msg_', start?.id ?? '', requestId),
    type: 'message',
    role: 'assistant',
    model: start === undefined || start.model === '' ? request.model : start.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    usage: writeUsage(start?.usage ?? NO_USAGE, undefined),
  }
}
