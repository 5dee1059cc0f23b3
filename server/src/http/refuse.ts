import type { ServerResponse } from 'node:http'
import type { Dialect } from '../dialects/dialect.ts'
import { type Refused, statusOf, todoOf } from '../errors.ts'

/** Who is refused, and in which words. */
export interface Refusing {
  readonly dialect: Dialect
  readonly requestId: string
  /** Setting `errors.type`. */
  readonly type: string
  /** Headers that every answer to this caller carries. */
  readonly headers: readonly string[]
}

export interface Refusal {
  readonly status: number
  /** Names and values in turn. */
  readonly headers: readonly string[]
  /** Its bytes, one a character. */
  readonly body: string
}

/** A refusal in the caller's dialect: what is wrong, and what to do about it. */
export function refusalOf(
  { dialect, requestId, type, headers }: Refusing,
  refused: Refused,
): Refusal {
  const { code, message, retryAfter } = refused
  const status = statusOf(code)
  const said = dialect.shapeError({
    code,
    status,
    message: `${message}. ${todoOf(code)}`,
    requestId,
    type,
  })
  // Nearly always that is the text itself.
  const body = Buffer.byteLength(said) === said.length ? said : Buffer.from(said).toString('latin1')
  const sent = ['Content-Type', 'application/json', 'X-Error-Code', code]
  // The two that time may cure say when (contract 3.1).
  if (status === BUSY || status === DOWN) sent.push('Retry-After', String(retryAfter ?? 1))
  else sent.push('x-should-retry', 'false')
  sent.push('Content-Length', String(body.length), ...refused.headers, ...headers)
  return { status, headers: sent, body }
}

/** Writes a refusal. */
export function refuse(response: ServerResponse, { status, headers, body }: Refusal): void {
  response.writeHead(status, headers as string[])
  // Text goes out in one piece with its head; bytes would be a piece of their own, and cost half of a refusal.
  response.end(body, 'latin1')
}

const BUSY = statusOf('rate_limited')
const DOWN = statusOf('draining')
