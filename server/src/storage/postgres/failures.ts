import { DatabaseError } from 'pg'
import { StorageUnavailable, UniqueViolation } from '../failures.ts'

/** Two transactions stood in each other's way, and this one was undone: it may be tried again as it was. */
const COLLIDED = new Set(['40P01', '40001'])
const UNIQUE = '23505'
const READ_ONLY = '25006'
/** Classes of SQLSTATE that are about the statement and its values: the same again would be refused again. */
const OF_ITS_OWN = new Set(['0A', '21', '22', '23', '2B', '42', '44', 'P0', 'TP'])
/** Columns of a key, in a sentence that may be in any language: `Key (a, b)=(1, 2) already exists.` */
const KEY_COLUMNS = /\(([^()]*)\)=\(/

/** Whether a call that failed so certainly changed nothing, and may succeed when it is made again at once. */
export const hasCollided = (failure: unknown): boolean => COLLIDED.has(stateOf(failure))

/**
 * Whether a call changed nothing because its connection may not write: it leads to a standby, or was made while the database
 * was set read-only, and stays like that. A new one may lead to a server that can.
 */
export const mayNotWrite = (failure: unknown): boolean => stateOf(failure) === READ_ONLY

/** What a failure of PostgreSQL, or of the way there, means to whoever asked for a write. */
export function writeFailure(failure: unknown): Error {
  if (failure instanceof StorageUnavailable) return failure
  const state = stateOf(failure)
  if (failure instanceof DatabaseError && state === UNIQUE) return uniqueViolation(failure)
  const message = reasonOf(failure)
  if (failure instanceof TypeError || OF_ITS_OWN.has(state.slice(0, 2))) {
    return new Error(`the database refused a statement: ${message}`, { cause: failure })
  }
  // Without a state the connection broke: whether the write was committed is not known, so it is never sent again.
  return new StorageUnavailable(message, true)
}

/** The same for a read: refused ones stay as they are. */
export function readFailure(failure: unknown): unknown {
  return OF_ITS_OWN.has(stateOf(failure).slice(0, 2)) || failure instanceof TypeError
    ? failure
    : writeFailure(failure)
}

/** What a failure says. A host with several addresses fails without a message of its own: then what each of them says. */
export function reasonOf(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure)
  if (failure.message !== '') return failure.message
  const each = failure instanceof AggregateError ? failure.errors.map(reasonOf) : []
  return each.join(', ') || String(failure)
}

/** Five characters of SQLSTATE; empty when the server said nothing. */
export const stateOf = (failure: unknown): string =>
  failure instanceof DatabaseError ? (failure.code ?? '') : ''

function uniqueViolation({ detail, table = '', constraint = '' }: DatabaseError): UniqueViolation {
  const [, columns] = KEY_COLUMNS.exec(detail ?? '') ?? []
  // A server may keep the values from this user, and the columns with them.
  const names = columns === undefined ? [constraint] : columns.split(', ')
  return new UniqueViolation(names.map((name) => `${table}.${name.replaceAll('"', '')}`))
}
