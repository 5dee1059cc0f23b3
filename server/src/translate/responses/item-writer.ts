import type { NeutralEvent } from '../neutral/answer.ts'
import type { ForeignMark } from '../neutral/foreign-mark.ts'
import type {
  AssistantPart,
  JsonObject,
  MediaPart,
  NeutralRequest,
  ToolCallPart,
} from '../neutral/request.ts'
import type { EventWriter } from './event-writer.ts'
import { MessageWriter } from './message-writer.ts'
import {
  callItem,
  imageItem,
  isCustom,
  itemId,
  markItem,
  reasoningItem,
  type ToolsOf,
  toolsOf,
} from './output-items.ts'

export type PartEvent = Extract<NeutralEvent, { readonly part: number }>

/** The part that is on its way; there is one at a time. */
interface Writing {
  readonly opens: AssistantPart
  readonly id: string
  /** The beginning of its deltas; `''`: its text comes whole. */
  readonly delta: string
  text: string
  mark: ForeignMark | undefined
}

/** The items of an answer, one after the other. Parts must come in order. */
export class ItemWriter {
  /** As JSON. */
  readonly finished: string[] = []
  readonly #events: EventWriter
  /** Tools of the caller that take free text. */
  readonly #tools: ToolsOf
  /** What the ids of items have in common. */
  readonly #bare: string
  /** The message that texts go to: it is open until something else follows. */
  #message: MessageWriter | undefined
  #writing: Writing | undefined
  #refused = false
  #logprobs: unknown[] = []

  constructor(events: EventWriter, request: NeutralRequest, bare: string) {
    this.#events = events
    this.#tools = toolsOf(request)
    this.#bare = bare
  }

  /** Whether the model's own words for why it would not are in the answer. */
  get refused(): boolean {
    return this.#refused
  }

  addLogprobs({ content }: JsonObject): void {
    // One by one: a long list overflows the stack when it is spread.
    if (Array.isArray(content)) for (const token of content) this.#logprobs.push(token)
  }

  write(event: PartEvent): string {
    switch (event.kind) {
      case 'open':
        return this.#open(event.opens)
      case 'more':
        return this.#more(event.text)
      case 'detail': {
        const { mark, citations } = event.detail
        if (this.#writing !== undefined && mark !== undefined) this.#writing.mark = mark
        const { opens } = this.#writing ?? {}
        if (citations === undefined || opens?.kind !== 'text') return ''
        return this.#message?.cite(citations) ?? ''
      }
      case 'close':
        return this.#close()
    }
  }

  /** Nothing more comes. */
  close(): string {
    return this.#close() + this.#endMessage()
  }

  #open(opens: AssistantPart): string {
    switch (opens.kind) {
      case 'text':
      case 'refusal':
        return this.#openText(opens)
      case 'reasoning': {
        const out = this.#endMessage()
        const id = this.#nextId('rs')
        const where = `${this.#where(id)},"summary_index":0`
        const delta = this.#events.prepared('response.reasoning_summary_text.delta', where)
        this.#writing = { opens, id, delta, text: '', mark: opens.mark }
        const added = this.#added(reasoningItem({ id, text: '', mark: undefined }))
        return out + added + this.#more(opens.text)
      }
      case 'tool_call':
        return this.#endMessage() + this.#openCall(opens)
      default:
        return this.#endMessage() + this.#image(opens)
    }
  }

  #openText(opens: Extract<AssistantPart, { kind: 'text' | 'refusal' }>): string {
    let out = ''
    if (this.#message === undefined) {
      const id = this.#nextId('msg')
      this.#message = new MessageWriter(this.#events, id, this.finished.length)
      out = this.#added(this.#message.item('in_progress'))
    }
    const { kind } = opens
    if (kind === 'refusal') this.#refused = true
    const mark = kind === 'text' ? opens.mark : undefined
    this.#writing = { opens, id: this.#message.id, delta: '', text: '', mark }
    return out + this.#message.open(kind) + this.#message.more(opens.text)
  }

  #openCall(opens: ToolCallPart): string {
    const out = opens.mark === undefined ? '' : this.#marked(opens.mark)
    const custom = isCustom(opens, this.#tools)
    const id = this.#nextId(custom ? 'ctc' : 'fc')
    const name = custom ? 'custom_tool_call_input' : 'function_call_arguments'
    // Free text that a model packed into JSON can be told when it is whole.
    const whole = custom && opens.custom !== true
    const delta = whole ? '' : this.#events.prepared(`response.${name}.delta`, this.#where(id))
    this.#writing = { opens, id, delta, text: '', mark: undefined }
    const where = { bare: this.#bare, index: this.finished.length, status: 'in_progress' } as const
    const added = this.#added(callItem({ ...opens, input: '', custom }, this.#tools, where))
    return out + added + this.#more(opens.input)
  }

  #more(text: string): string {
    const writing = this.#writing
    if (writing === undefined || text === '') return ''
    const { kind } = writing.opens
    if (kind === 'text' || kind === 'refusal') return this.#message?.more(text) ?? ''
    const first = writing.text === '' && kind === 'reasoning'
    writing.text += text
    if (writing.delta === '') return ''
    const out = first ? this.#summary(writing, 'added', '') : ''
    return out + this.#events.delta(writing.delta, text)
  }

  #summary({ id }: Writing, happened: 'added' | 'done', text: string): string {
    const part = JSON.stringify({ type: 'summary_text', text })
    const where = `${this.#where(id)},"summary_index":0,"part":${part}`
    return this.#events.event(`response.reasoning_summary_part.${happened}`, where)
  }

  #close(): string {
    const writing = this.#writing
    this.#writing = undefined
    switch (writing?.opens.kind) {
      case 'text':
      case 'refusal': {
        const out = this.#message?.close(this.#logprobs) ?? ''
        this.#logprobs = []
        if (writing.mark === undefined) return out
        return out + this.#endMessage() + this.#marked(writing.mark)
      }
      case 'reasoning':
        return this.#endReasoning(writing)
      case 'tool_call':
        return this.#endCall({ ...writing.opens, input: writing.text }, writing.id)
      default:
        return ''
    }
  }

  #endReasoning(writing: Writing): string {
    const { id, text, mark } = writing
    let out = ''
    if (text !== '') {
      const where = `${this.#where(id)},"summary_index":0,"text":${JSON.stringify(text)}`
      out = this.#events.event('response.reasoning_summary_text.done', where)
      out += this.#summary(writing, 'done', text)
    }
    return out + this.#done(reasoningItem({ id, text, mark }))
  }

  #endCall(call: ToolCallPart, id: string): string {
    const custom = isCustom(call, this.#tools)
    const item = callItem(call, this.#tools, { bare: this.#bare, index: this.finished.length })
    const name = custom ? 'custom_tool_call_input' : 'function_call_arguments'
    const where = this.#where(id)
    let out = ''
    if (custom && call.custom !== true) {
      const prepared = this.#events.prepared(`response.${name}.delta`, where)
      out = this.#events.delta(prepared, String(item.input))
    }
    const told = custom
      ? `"input":${JSON.stringify(item.input)}`
      : `"arguments":${JSON.stringify(item.arguments)}`
    return out + this.#events.event(`response.${name}.done`, `${where},${told}`) + this.#done(item)
  }

  #image(part: MediaPart): string {
    const out = part.mark === undefined ? '' : this.#marked(part.mark)
    const item = imageItem(part, this.#nextId('ig'))
    if (item === undefined) return out
    return out + this.#added({ ...item, status: 'in_progress', result: null }) + this.#done(item)
  }

  /** What a provider wants back beside something that has no place for it here. */
  #marked(mark: ForeignMark): string {
    const id = this.#nextId('rs')
    return (
      this.#added(reasoningItem({ id, text: '', mark: undefined })) + this.#done(markItem(mark, id))
    )
  }

  #endMessage(): string {
    const message = this.#message
    this.#message = undefined
    return message === undefined ? '' : this.#done(message.item('completed'))
  }

  #nextId(kind: Parameters<typeof itemId>[0]): string {
    return itemId(kind, this.#bare, this.finished.length)
  }

  #where(id: string): string {
    return `"item_id":"${id}","output_index":${this.finished.length}`
  }

  #added(item: JsonObject): string {
    const members = `"output_index":${this.finished.length},"item":${JSON.stringify(item)}`
    return this.#events.event('response.output_item.added', members)
  }

  #done(item: JsonObject): string {
    const json = JSON.stringify(item)
    const members = `"output_index":${this.finished.length},"item":${json}`
    this.finished.push(json)
    return this.#events.event('response.output_item.done', members)
  }
}
