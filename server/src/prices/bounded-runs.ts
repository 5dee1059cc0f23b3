/** Merging a run of n characters takes n x n steps, so runs that no language has are cut. */
const LONGEST_RUN = 96

/**
 * The text in pieces, cut only inside runs of more than LONGEST_RUN letters, signs or blanks: a text of one repeated
 * character would otherwise keep the tokenizer busy for minutes. Other texts come back whole, and count exactly.
 */
export function boundedRuns(text: string): readonly string[] {
  const pieces: string[] = []
  let begin = 0
  // How long the run before this character is, were it of letters, of signs, of blanks. Beyond ASCII it may be any.
  let letters = 0
  let signs = 0
  let blanks = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const kind = code < 128 ? (ASCII_KINDS[code] as number) : ANY
    letters = kind & LETTER ? letters + 1 : 0
    signs = kind & SIGN ? signs + 1 : 0
    blanks = kind & BLANK ? blanks + 1 : 0
    if (letters < LONGEST_RUN && signs < LONGEST_RUN && blanks < LONGEST_RUN) continue
    // Never between the halves of a surrogate pair: both would count as broken text.
    if (isHigh(code) && isLow(text.charCodeAt(at + 1))) continue
    pieces.push(text.slice(begin, at + 1))
    begin = at + 1
    letters = signs = blanks = 0
  }
  if (begin === 0) return [text]
  if (begin < text.length) pieces.push(text.slice(begin))
  return pieces
}

const isHigh = (code: number): boolean => code >= 0xd800 && code < 0xdc00
const isLow = (code: number): boolean => code >= 0xdc00 && code < 0xe000

const LETTER = 1
const SIGN = 2
const BLANK = 4
const ANY = LETTER | SIGN | BLANK
/** Digits are none of them: the tokenizer takes at most three at a time. */
const ASCII_KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  if (/[a-z]/i.test(character)) return LETTER
  if (/\d/.test(character)) return 0
  return /\s/.test(character) ? BLANK : SIGN
})
