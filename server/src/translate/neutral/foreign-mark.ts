import { DIALECT_NAMES, type DialectName } from '../../dialects/dialect.ts'

/**
 * What a provider puts beside its reasoning and wants back unchanged: a signature, or everything encrypted. It means
 * something to its issuer alone, so it travels through the other dialects with the issuer's name on it, and is left out
 * towards everybody else.
 */
export interface ForeignMark {
  readonly issuer: DialectName
  readonly value: string
  /** Whether the value is all there is of it, and no signature beside a text (Anthropic's redacted blocks). */
  readonly redacted?: boolean | undefined
  /** An id that its issuer wants back beside it. */
  readonly id?: string | undefined
}

/** Base64 through and through, since Gemini's libraries may decode it; `tpk` in it says that it is ours. */
const OURS = 'dHBr'

/** A mark as a text that another dialect can carry in the place of its own. */
export function wrapMark({ issuer, value, redacted, id }: ForeignMark): string {
  const told = JSON.stringify([issuer, value, redacted === true ? 1 : 0, id ?? ''])
  return OURS + Buffer.from(told).toString('base64')
}

/** Whether a text is such a mark. */
export const isWrapped = (text: unknown): boolean =>
  typeof text === 'string' && text.startsWith(OURS) && marked(text) !== undefined

/** What stands where a dialect has its marks: one of ours unwrapped, or else one of the dialect's own. */
export function unwrapMark(text: string, dialect: DialectName): ForeignMark {
  if (text.startsWith(OURS)) {
    const ours = marked(text)
    if (ours !== undefined) return ours
  }
  return { issuer: dialect, value: text }
}

function marked(text: string): ForeignMark | undefined {
  try {
    const told: unknown = JSON.parse(
      Buffer.from(text.slice(OURS.length), 'base64').toString('utf8'),
    )
    if (!Array.isArray(told)) return undefined
    const [issuer, value, redacted, id] = told
    if (!isIssuer(issuer) || typeof value !== 'string') return undefined
    return {
      issuer,
      value,
      redacted: redacted === 1 ? true : undefined,
      id: typeof id === 'string' && id !== '' ? id : undefined,
    }
  } catch {
    return undefined
  }
}

const ISSUERS: ReadonlySet<unknown> = new Set(DIALECT_NAMES)
const isIssuer = (value: unknown): value is DialectName => ISSUERS.has(value)
