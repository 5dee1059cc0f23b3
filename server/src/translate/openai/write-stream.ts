import type { Usage } from '../../usage/usage.ts'
import type { AnswerContext, StreamWriter } from '../codec.ts'
import { idWith } from '../ids.ts'
import type { NeutralEvent, ProviderError } from '../neutral/answer.ts'
import { ChoiceWriter } from './choice-writer.ts'
import { writeUsage } from './usage.ts'

type Start = Extract<NeutralEvent, { readonly kind: 'start' }>

export class ChatStreamWriter implements StreamWriter {
  readonly #context: AnswerContext
  readonly #choices = new Map<number, ChoiceWriter>()
  /** What all chunks begin with, up to their choices. */
  #head = ''
  #usage: Usage | undefined
  #isFinished = false
  #hasFailed = false

  constructor(context: AnswerContext) {
    this.#context = context
  }

  write(event: NeutralEvent): string {
    if (this.#hasFailed) return ''
    switch (event.kind) {
      case 'more':
        return this.#choice(event.choice).more(event.part, event.text)
      case 'start':
        this.#start(event)
        return ''
      case 'open':
        return this.#choice(event.choice).open(event.part, event.opens)
      case 'detail':
        return this.#choice(event.choice).detail(event.part, event.detail)
      case 'close':
        return this.#choice(event.choice).close(event.part)
      case 'logprobs':
        return this.#choice(event.choice).logprobs(event.logprobs)
      case 'finish':
        this.#isFinished = true
        return this.#choice(event.choice).finish(event.finish)
      case 'usage':
        this.#usage = event.usage
        return ''
      case 'failed':
        this.#hasFailed = true
        return failureEvent(event.error)
    }
  }

  end(): string {
    if (this.#hasFailed || !this.#isFinished) return ''
    const done = 'data: [DONE]\n\n'
    if (!this.#context.request.streamsUsage || this.#usage === undefined) return done
    return `${this.#head}],"usage":${JSON.stringify(writeUsage(this.#usage))}}\n\n${done}`
  }

  #start(start?: Start): void {
    if (this.#head !== '') return
    const { request, requestId, now } = this.#context
    const id = idWith('chatcmpl-', start?.id ?? '', requestId)
    const created = start === undefined || start.createdAt === 0 ? now : start.createdAt
    const model = start === undefined || start.model === '' ? request.model : start.model
    this.#head = `data: {"id":${JSON.stringify(id)},"object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(model)},"choices":[`
  }

  #choice(index: number): ChoiceWriter {
    const known = this.#choices.get(index)
    if (known !== undefined) return known
    this.#start()
    // Whoever wants the usage has it as `null` in every chunk but the last.
    const usage = this.#context.request.streamsUsage ? ',"usage":null' : ''
    const choice = new ChoiceWriter(
      this.#context.request,
      `${this.#head}{"index":${index},"delta":`,
      `}]${usage}}\n\n`,
    )
    this.#choices.set(index, choice)
    return choice
  }
}

/** A provider's failure inside a stream. */
function failureEvent({ message, type }: ProviderError): string {
  const error = { message, type: type === '' ? 'server_error' : type, param: null, code: null }
  return `data: ${JSON.stringify({ error })}\n\n`
}
