import { packedInput } from '../custom-tools.ts'
import type { NeutralEvent, PartDetail } from '../neutral/answer.ts'
import type { ForeignMark } from '../neutral/foreign-mark.ts'
import type { AssistantPart, JsonObject, NeutralRequest } from '../neutral/request.ts'
import { writeCitation } from './citations.ts'
import { isThinkingShown } from './write-answer.ts'
import { type Block, markBlock, thinkingBlock } from './write-blocks.ts'

export const sse = (name: string, event: JsonObject): string =>
  `event: ${name}\ndata: ${JSON.stringify(event)}\n\n`

const AFTER = '}}\n\n'

/** What happens to parts; the rest of a stream is none of the blocks' business. */
export type PartEvent = Extract<NeutralEvent, { readonly part: number }>

/** The part that is being written. The dialect has one at a time. */
interface Writing {
  readonly kind: AssistantPart['kind']
  /** What stands before the text of each of its deltas; `''`: its texts are not shown. */
  before: string
  /** A custom tool's text, which becomes JSON when it is whole. */
  readonly packed: string[] | undefined
  mark: ForeignMark | undefined
}

/** Blocks one after the other, numbered as they begin. Parts must come in order. */
export class BlockWriter {
  readonly #thinks: boolean
  readonly #showsThinking: boolean
  #index = -1
  #writing: Writing | undefined

  constructor(request: NeutralRequest) {
    this.#thinks = request.reasoning !== undefined
    this.#showsThinking = isThinkingShown(request)
  }

  write(event: PartEvent): string {
    switch (event.kind) {
      case 'more':
        return this.#more(event.text)
      case 'open':
        return this.#open(event.opens)
      case 'detail':
        return this.#detail(event.detail)
      case 'close':
        return this.#close()
    }
  }

  #open(part: AssistantPart): string {
    const marks = part.kind === 'text' || part.kind === 'tool_call' ? part.mark : undefined
    const marked = marks === undefined ? '' : this.#whole(markBlock(marks))
    this.#writing = {
      kind: part.kind,
      before: '',
      packed: part.kind === 'tool_call' && part.custom === true ? [] : undefined,
      mark: part.kind === 'reasoning' ? part.mark : undefined,
    }
    return marked + this.#begin(this.#writing, part) + this.#more(textOf(part))
  }

  /** Reasoning begins with its first text: there may be no more of it than a mark. */
  #begin(writing: Writing, part: AssistantPart): string {
    switch (part.kind) {
      case 'text':
      case 'refusal':
        return this.#beginAs(writing, { type: 'text', text: '', citations: null }, TEXT_DELTA)
      case 'tool_call':
        return this.#beginAs(
          writing,
          { type: 'tool_use', id: part.id, name: part.name, input: {} },
          INPUT_DELTA,
        )
      case 'reasoning':
      case 'image':
      case 'audio':
      case 'video':
      case 'file':
        return ''
    }
  }

  #beginAs(writing: Writing, block: Block, delta: string): string {
    const out = this.#started(block)
    writing.before = this.#deltaBefore(delta)
    return out
  }

  #more(text: string): string {
    const writing = this.#writing
    if (writing === undefined || text === '') return ''
    if (writing.packed !== undefined) {
      writing.packed.push(text)
      return ''
    }
    let begun = ''
    if (writing.before === '') {
      if (writing.kind !== 'reasoning' || !this.#showsThinking) return ''
      begun = this.#beginAs(writing, { type: 'thinking', thinking: '', signature: '' }, THINKING)
    }
    return begun + writing.before + JSON.stringify(text) + AFTER
  }

  #detail({ mark, citations }: PartDetail): string {
    const writing = this.#writing
    if (writing === undefined) return ''
    if (mark !== undefined && writing.kind === 'reasoning') writing.mark = mark
    if (citations === undefined || writing.kind !== 'text') return ''
    let out = ''
    for (const given of citations) {
      const citation = writeCitation(given)
      if (citation === undefined) continue
      const delta = { type: 'citations_delta', citation }
      out += sse('content_block_delta', {
        type: 'content_block_delta',
        index: this.#index,
        delta,
      })
    }
    return out
  }

  #close(): string {
    const writing = this.#writing
    this.#writing = undefined
    if (writing === undefined) return ''
    const { kind, before, packed } = writing
    if (kind === 'reasoning') return this.#closeReasoning(writing)
    if (before === '') return ''
    if (packed === undefined) return this.#stopped()
    return before + JSON.stringify(packedInput(packed.join(''))) + AFTER + this.#stopped()
  }

  #closeReasoning({ before, mark }: Writing): string {
    if (before === '')
      return mark === undefined || !this.#thinks ? '' : this.#whole(thinkingBlock('', mark))
    if (mark === undefined) return this.#stopped()
    // Behind a text every mark is a signature.
    const { signature } = thinkingBlock('-', { ...mark, redacted: false })
    return this.#deltaBefore(SIGNATURE) + JSON.stringify(signature) + AFTER + this.#stopped()
  }

  #whole(block: Block): string {
    return this.#started(block) + this.#stopped()
  }

  #started(block: Block): string {
    this.#index++
    return sse('content_block_start', {
      type: 'content_block_start',
      index: this.#index,
      content_block: block,
    })
  }

  #stopped(): string {
    return sse('content_block_stop', { type: 'content_block_stop', index: this.#index })
  }

  #deltaBefore(delta: string): string {
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${this.#index},"delta":{${delta}:`
  }
}

const TEXT_DELTA = '"type":"text_delta","text"'
const INPUT_DELTA = '"type":"input_json_delta","partial_json"'
const THINKING = '"type":"thinking_delta","thinking"'
const SIGNATURE = '"type":"signature_delta","signature"'

function textOf(part: AssistantPart): string {
  switch (part.kind) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      return part.text
    case 'tool_call':
      return part.input
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return ''
  }
}
