import type { NeutralEvent } from '../neutral/answer.ts'
import type { ForeignMark } from '../neutral/foreign-mark.ts'
import type { AssistantPart, Citation } from '../neutral/request.ts'

interface Open {
  readonly part: number
  filled: boolean
  cited: boolean
}

/** No item has more contents. A number costs less than a text on every delta. */
const MOST_CONTENTS = 4_096

/** Where a part stands in the output, as one number. */
export function at(output: unknown, content: unknown): number {
  const item = typeof output === 'number' ? output : 0
  return item * MOST_CONTENTS + (typeof content === 'number' ? content % MOST_CONTENTS : 0)
}

/** The parts that are on their way, by where they stand. What is asked of a part that is not open is passed over. */
export class OpenParts {
  readonly #open = new Map<number, Open>()
  #parts = 0
  #calls = false
  #refusal = false

  get has(): { readonly calls: boolean; readonly refusal: boolean } {
    return { calls: this.#calls, refusal: this.#refusal }
  }

  open(key: number, opens: AssistantPart, out: NeutralEvent[]): void {
    if (this.#open.has(key)) return
    const part = this.#begin(opens, out)
    this.#open.set(key, { part, filled: false, cited: false })
  }

  #begin(opens: AssistantPart, out: NeutralEvent[]): number {
    if (opens.kind === 'tool_call') this.#calls = true
    if (opens.kind === 'refusal') this.#refusal = true
    const part = this.#parts++
    out.push({ kind: 'open', choice: 0, part, opens })
    return part
  }

  /** Whether there is such a part. */
  more(key: number, text: string, out: NeutralEvent[]): boolean {
    const open = this.#open.get(key)
    if (open === undefined) return false
    open.filled = true
    out.push({ kind: 'more', choice: 0, part: open.part, text })
    return true
  }

  /** The whole text, where none of it was streamed. */
  fill(key: number, text: unknown, out: NeutralEvent[]): void {
    if (typeof text !== 'string' || text === '' || this.#open.get(key)?.filled !== false) return
    this.more(key, text, out)
  }

  cite(key: number, citation: Citation, out: NeutralEvent[]): void {
    const open = this.#open.get(key)
    if (open === undefined) return
    open.cited = true
    out.push({ kind: 'detail', choice: 0, part: open.part, detail: { citations: [citation] } })
  }

  /** All citations, where none of them was streamed. */
  citeAll(key: number, citations: readonly Citation[], out: NeutralEvent[]): void {
    const open = this.#open.get(key)
    if (open === undefined || open.cited || citations.length === 0) return
    out.push({ kind: 'detail', choice: 0, part: open.part, detail: { citations } })
  }

  mark(key: number, mark: ForeignMark | undefined, out: NeutralEvent[]): void {
    const open = this.#open.get(key)
    if (open === undefined || mark === undefined) return
    out.push({ kind: 'detail', choice: 0, part: open.part, detail: { mark } })
  }

  close(key: number, out: NeutralEvent[]): void {
    const open = this.#open.get(key)
    if (open === undefined) return
    this.#open.delete(key)
    out.push({ kind: 'close', choice: 0, part: open.part })
  }

  /** All parts of an item. */
  closeItem(output: unknown, out: NeutralEvent[]): void {
    const first = at(output, 0)
    for (const key of this.#open.keys()) {
      if (key >= first && key < first + MOST_CONTENTS) this.close(key, out)
    }
  }

  closeAll(out: NeutralEvent[]): void {
    for (const key of this.#open.keys()) this.close(key, out)
  }

  /** One that came all at once. */
  whole(whole: AssistantPart, out: NeutralEvent[]): void {
    const { opens, text } = emptied(whole)
    const part = this.#begin(opens, out)
    if (text !== '') out.push({ kind: 'more', choice: 0, part, text })
    if (whole.kind === 'text' && whole.citations !== undefined) {
      const { citations } = whole
      out.push({ kind: 'detail', choice: 0, part, detail: { citations } })
    }
    out.push({ kind: 'close', choice: 0, part })
  }
}

/** Parts are opened without their texts. */
function emptied(part: AssistantPart): { opens: AssistantPart; text: string } {
  switch (part.kind) {
    case 'text':
      return { opens: { kind: 'text', text: '' }, text: part.text }
    case 'refusal':
    case 'reasoning':
      return { opens: { ...part, text: '' }, text: part.text }
    case 'tool_call':
      return { opens: { ...part, input: '' }, text: part.input }
    default:
      return { opens: part, text: '' }
  }
}
