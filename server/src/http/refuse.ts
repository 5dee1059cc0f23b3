import type { ServerResponse } from 'node:http'
import type { Dialect } from '../dialects/dialect.ts'
import { type Refused, statusOf, todoOf } from '../errors.ts'

export interface Refusing {
  readonly response: ServerResponse
  readonly dialect: Dialect
  readonly requestId: string
  /** Setting `errors.type`. */
  readonly type: string
  /** Headers that every answer to this caller carries. */
  readonly headers: readonly string[]
}

/** Writes a refusal in the caller's dialect: what is wrong, and what to do about it. */
export function refuse(refusing: Refusing, refused: Refused): void {
  const { response, dialect, requestId, type, headers } = refusing
  const { code, message, retryAfter } = refused
  const status = statusOf(code)
  const body = Buffer.from(
    dialect.shapeError({ code, message: `${message}. ${todoOf(code)}`, requestId, type }),
  )
  const sent = ['Content-Type', 'application/json', 'X-Error-Code', code]
  // The two that time may cure say when (contract 3.1).
  if (status === BUSY || status === DOWN) sent.push('Retry-After', String(retryAfter ?? 1))
  else sent.push('x-should-retry', 'false')
  sent.push('Content-Length', String(body.length), ...headers)
  response.writeHead(status, sent)
  response.end(body)
}

const BUSY = statusOf('rate_limited')
const DOWN = statusOf('draining')
