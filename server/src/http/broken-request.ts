import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { openai } from '../dialects/openai.ts'
import { type RefusalCode, Refused } from '../errors.ts'
import { answerHeaders } from './answer-headers.ts'
import { refusalOf } from './refuse.ts'

/** What Node's parser says, as we say it. The rest is no HTTP. */
const CODES: Readonly<Record<string, RefusalCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
}
/**
 * Time for the caller to read the answer: closing while its bytes are still coming in resets the connection, and the
 * answer is lost with it.
 */
const LINGER_MS = 1000

export interface BrokenRequestParts {
  readonly nextId: () => string
  /** Setting `errors.type`. */
  readonly errorType: () => string
}

/** Answers what could not be read as a request, and closes the connection. */
export function createBrokenRequest({ nextId, errorType }: BrokenRequestParts) {
  return function answerBroken(error: NodeJS.ErrnoException, socket: Socket): void {
    // Answered already: these are the bytes that still come in.
    if (socket.writableEnded) return
    if (!socket.writable || isAnswering(socket)) {
      socket.destroy()
      return
    }
    const code = CODES[error.code ?? '']
    const refused =
      code === undefined
        ? new Refused('invalid_request', 'this is not valid HTTP')
        : new Refused(code)
    const requestId = nextId()
    const { status, headers, body } = refusalOf(
      {
        dialect: openai,
        requestId,
        type: errorType(),
        headers: [...answerHeaders(requestId, false), 'Connection', 'close'],
      },
      refused,
    )
    const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`]
    for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`)
    socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
  }
}

/** Whether another answer is half out on this connection. Node's own default asks the same of the same field. */
const isAnswering = (socket: Socket): boolean =>
  (socket as { _httpMessage?: { headersSent: boolean } | null })._httpMessage?.headersSent === true
