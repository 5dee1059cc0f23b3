import { escapeLiteral } from 'pg'
import type { SqlValue } from '../store.ts'

/** PostgreSQL's texts hold no NUL, and no half of a character. */
export const textOf = (text: string): string => text.replaceAll('\0', '').toWellFormed()

/** Quoted texts and names, which may hold something that looks like a placeholder, or a placeholder. */
const QUOTED_OR_PLACEHOLDER = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\d+)/g

/** A statement with its values in it, for `execute` in a function of the database. */
export function inlined(sql: string, parameters: readonly SqlValue[]): string {
  return sql.replace(QUOTED_OR_PLACEHOLDER, (found: string, place: string | undefined) =>
    place === undefined ? found : literalOf(parameters[Number(place) - 1]),
  )
}

function literalOf(value: SqlValue | boolean | undefined): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return escapeLiteral(textOf(value))
  if (typeof value === 'boolean') return String(value)
  // In parentheses: a minus behind a minus would begin a comment.
  if (typeof value === 'number' && Number.isFinite(value))
    return value < 0 ? `(${value})` : `${value}`
  throw new TypeError(`a statement can't carry ${typeof value} ${String(value)}`)
}
