import { isCustomTool, unpackedInput } from '../custom-tools.ts'
import type { Finish, PartDetail } from '../neutral/answer.ts'
import type { ForeignMark } from '../neutral/foreign-mark.ts'
import type { AssistantPart, JsonObject, NeutralRequest, ToolCallPart } from '../neutral/request.ts'
import { lengthOf, writeAnnotation } from './annotations.ts'
import { writeFinish } from './finishes.ts'
import { extraContent } from './gemini-marks.ts'
import { writeDetail } from './reasoning.ts'
import { isImage } from './write-answer.ts'
import { imagePart, type Written } from './write-parts.ts'

/** A part that is open. */
interface Open {
  readonly kind: AssistantPart['kind']
  /** What stands before and behind its texts; `''`: they are not shown, or not yet. */
  readonly before: string
  readonly after: string
  /** Of a call, counted within the choice. */
  readonly index: number
  /** Of a text: where it begins in all that was said. */
  readonly from: number
  /** A custom tool's input that comes as JSON, and reasoning, are told again when they are whole. */
  held: string
  mark: ForeignMark | undefined
}

/** One choice of a stream, in chunks. Its parts may be open at the same time. */
export class ChoiceWriter {
  readonly #request: NeutralRequest
  readonly #head: string
  readonly #tail: string
  readonly #open = new Map<number, Open>()
  #hasBegun = false
  #hasRefusal = false
  #calls = 0
  #reasonings = 0
  #said = ''

  /**
   * @param head all of a chunk up to its delta.
   * @param tail all of it after `finish_reason` and its value.
   */
  constructor(request: NeutralRequest, head: string, tail: string) {
    this.#request = request
    this.#head = head
    this.#tail = tail
  }

  open(part: number, opens: AssistantPart): string {
    const begun = this.#begin()
    switch (opens.kind) {
      case 'text':
        return begun + this.#openText(part, opens)
      case 'refusal':
        this.#hasRefusal = true
        this.#add(part, opens.kind, '"refusal":', '')
        return begun + this.more(part, opens.text)
      case 'reasoning':
        return begun + this.#openReasoning(part, opens)
      case 'tool_call':
        return begun + this.#openCall(part, opens)
      case 'image':
        return isImage(opens) ? begun + this.#chunk({ images: [imagePart(opens)] }) : begun
      case 'audio':
      case 'video':
      case 'file':
        return begun
    }
  }

  more(part: number, text: string): string {
    const open = this.#open.get(part)
    if (open === undefined || text === '') return ''
    if (open.kind === 'text') this.#said += text
    else if (open.kind === 'reasoning' || open.before === '') open.held += text
    return open.before === '' ? '' : open.before + JSON.stringify(text) + open.after
  }

  detail(part: number, { mark, citations }: PartDetail): string {
    const open = this.#open.get(part)
    if (open === undefined) return ''
    if (mark !== undefined && open.kind === 'reasoning') open.mark = mark
    let out = ''
    if (mark !== undefined && open.kind === 'text')
      out += this.#chunk({ extra_content: extraContent(mark) })
    if (mark !== undefined && open.kind === 'tool_call')
      out += this.#chunk({ tool_calls: [{ index: open.index, extra_content: extraContent(mark) }] })
    if (citations === undefined || open.kind !== 'text') return out
    const from = lengthOf(this.#said.slice(0, open.from))
    const to = lengthOf(this.#said)
    const annotations: JsonObject[] = []
    for (const citation of citations) {
      const annotation = writeAnnotation(citation, from, to)
      if (annotation !== undefined) annotations.push(annotation)
    }
    return annotations.length === 0 ? out : out + this.#chunk({ annotations })
  }

  close(part: number): string {
    const open = this.#open.get(part)
    if (open === undefined) return ''
    this.#open.delete(part)
    if (open.kind === 'reasoning') return this.#closeReasoning(open)
    if (open.before !== '') return ''
    const custom = { input: unpackedInput(open.held) }
    return this.#chunk({ tool_calls: [{ index: open.index, custom }] })
  }

  logprobs(logprobs: JsonObject): string {
    const told = JSON.stringify(logprobs)
    return `${this.#begin()}${this.#head}{},"logprobs":${told},"finish_reason":null${this.#tail}`
  }

  finish(finish: Finish): string {
    const reason = writeFinish(finish, this.#hasRefusal)
    return `${this.#begin()}${this.#head}{},"logprobs":null,"finish_reason":"${reason}"${this.#tail}`
  }

  #begin(): string {
    if (this.#hasBegun) return ''
    this.#hasBegun = true
    return this.#chunk({ role: 'assistant', content: '', refusal: null })
  }

  #chunk(delta: Written): string {
    return `${this.#head}${JSON.stringify(delta)},"logprobs":null,"finish_reason":null${this.#tail}`
  }

  #add(part: number, kind: AssistantPart['kind'], before: string, after: string): Open {
    const open: Open = {
      kind,
      before: before === '' ? '' : `${this.#head}{${before}`,
      after: `${after}},"logprobs":null,"finish_reason":null${this.#tail}`,
      index: this.#calls,
      from: this.#said.length,
      held: '',
      mark: undefined,
    }
    this.#open.set(part, open)
    return open
  }

  #openText(part: number, { text, mark }: Extract<AssistantPart, { kind: 'text' }>): string {
    this.#add(part, 'text', '"content":', '')
    const said = this.more(part, text)
    return mark === undefined ? said : said + this.detail(part, { mark })
  }

  #openReasoning(
    part: number,
    { text, mark }: Extract<AssistantPart, { kind: 'reasoning' }>,
  ): string {
    if (this.#request.reasoning?.shows === 'nothing') return ''
    this.#add(part, 'reasoning', '"reasoning_content":', '').mark = mark
    return this.more(part, text)
  }

  /** The text again, with its signature, as one detail: that is what clients send back. */
  #closeReasoning({ held, mark }: Open): string {
    if (mark === undefined) return ''
    const detail = writeDetail({ kind: 'reasoning', text: held, mark }, this.#reasonings++)
    return this.#chunk({ reasoning_details: [detail] })
  }

  #openCall(part: number, call: ToolCallPart): string {
    const { id, name, mark } = call
    const index = this.#calls
    const isCustom = call.custom === true || isCustomTool(this.#request, name)
    const member = isCustom ? '"custom":{"input":' : '"function":{"arguments":'
    const isPacked = isCustom && call.custom !== true
    const before = isPacked ? '' : `"tool_calls":[{"index":${index},${member}`
    this.#add(part, 'tool_call', before, '}}]')
    this.#calls++
    const written: Written = isCustom
      ? { index, id, type: 'custom', custom: { name, input: '' } }
      : { index, id, type: 'function', function: { name, arguments: '' } }
    if (mark !== undefined) written.extra_content = extraContent(mark)
    return this.#chunk({ tool_calls: [written] }) + this.more(part, call.input)
  }
}
