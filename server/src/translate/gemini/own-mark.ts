import type { ForeignMark } from '../neutral/foreign-mark.ts'

export type OwnMark = string | undefined

/** What Gemini itself issued; it can do nothing with other marks. */
export const ownMark = (mark: ForeignMark | undefined): OwnMark =>
  mark?.issuer === 'gemini' ? mark.value : undefined
