import type { Citation, JsonObject } from '../neutral/request.ts'
import { MOST_CITATIONS, writeGrounding } from './grounding.ts'

/** To clients all texts of a stream are one, and citations count in it. */
export interface CitedText {
  /** Another text begins, with this. */
  begin(text: string): void
  add(piece: string): void
  /** In the text that was begun last. */
  cite(citations: readonly Citation[]): void
  grounding(): JsonObject | undefined
}

export function createCitedText(): CitedText {
  let said = ''
  let begun = 0
  const cited: Citation[] = []

  /** From its own text into the whole. One without a place is about what was said by now. */
  function moved(citation: Citation): Citation {
    const { start, end, quoted } = citation
    const before = pointsIn(said.slice(0, begun))
    if (start === undefined && end === undefined) {
      const text = quoted ?? said.slice(begun)
      return { ...citation, start: before, end: pointsIn(said), quoted: text }
    }
    return {
      ...citation,
      start: (start ?? 0) + before,
      ...(end !== undefined && { end: end + before }),
    }
  }

  return {
    begin: (text) => {
      begun = said.length
      said += text
    },
    add: (piece) => {
      said += piece
    },
    cite: (citations) => {
      for (const citation of citations) {
        if (cited.length < MOST_CITATIONS) cited.push(moved(citation))
      }
    },
    grounding: () => writeGrounding([{ kind: 'text', text: said, citations: cited }]),
  }
}

/** Code points. */
const pointsIn = (text: string): number => [...text].length
