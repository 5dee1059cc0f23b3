import type { NeutralEvent } from '../neutral/answer.ts'
import type { ForeignMark } from '../neutral/foreign-mark.ts'
import type { AssistantPart, Citation } from '../neutral/request.ts'

/**
 * Gemini's pieces as parts: those that follow each other and are of one kind are one part. All of it appends what happened.
 */
export interface Saying {
  say(piece: string, thought: boolean, out: NeutralEvent[]): void
  /** A signature is about what was said before it, if it is alone. */
  sign(mark: ForeignMark, out: NeutralEvent[]): void
  /** `place`: finds citations in the open text. */
  cite(find: (text: string) => readonly Citation[], out: NeutralEvent[]): void
  whole(opens: AssistantPart, input: string | undefined, out: NeutralEvent[]): void
  close(out: NeutralEvent[]): void
}

export function createSaying(choice: number): Saying {
  let part = -1
  let open: 'text' | 'reasoning' | undefined
  let marked = false
  /** Of the open text, for the places of its citations. */
  let text = ''

  function close(out: NeutralEvent[]): void {
    if (open !== undefined) out.push({ kind: 'close', choice, part })
    open = undefined
  }

  function begin(kind: 'text' | 'reasoning', out: NeutralEvent[]): void {
    close(out)
    part++
    open = kind
    marked = false
    text = ''
    const opens: AssistantPart =
      kind === 'text' ? { kind, text: '' } : { kind, text: '', mark: undefined }
    out.push({ kind: 'open', choice, part, opens })
  }

  return {
    close,
    say(piece, thought, out) {
      const kind = thought ? 'reasoning' : 'text'
      if (open !== kind || marked) begin(kind, out)
      if (kind === 'text') text += piece
      out.push({ kind: 'more', choice, part, text: piece })
    },
    sign(mark, out) {
      if (open === undefined || marked || mark.redacted === true) begin('reasoning', out)
      marked = true
      out.push({ kind: 'detail', choice, part, detail: { mark } })
    },
    cite(find, out) {
      const citations = open === 'text' ? find(text) : []
      if (citations.length > 0) {
        out.push({ kind: 'detail', choice, part, detail: { citations } })
      }
    },
    whole(opens, input, out) {
      close(out)
      part++
      out.push({ kind: 'open', choice, part, opens })
      if (input !== undefined) out.push({ kind: 'more', choice, part, text: input })
      out.push({ kind: 'close', choice, part })
    },
  }
}
