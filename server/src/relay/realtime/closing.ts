import type { WebSocket } from 'ws'
import type { RefusalCode } from '../../errors.ts'

/** RFC 6455, 7.4.1: why a WebSocket is closed. */
const NORMAL = 1000
const POLICY = 1008
const INTERNAL = 1011
const RESTART = 1012
/** What is told of a connection that was closed without a code, or not closed at all; nobody may send these. */
const NO_CODE = 1005
const BROKEN = 1006
const RESERVED: ReadonlySet<number> = new Set([1004, NO_CODE, BROKEN, 1015])
const MOST_REASON_BYTES = 123

/** How a side of a session ended. */
export interface Closed {
  readonly code: number
  readonly reason: string
}

/** Whether the connection broke instead of being closed. */
export const isBroken = ({ code }: Closed): boolean => code === BROKEN

export const DONE: Closed = { code: NORMAL, reason: '' }

/** How the client's side is closed when we end the session for this reason. */
export function closedFor(code: RefusalCode): Closed {
  return { code: CODES[code] ?? POLICY, reason: code }
}

const CODES: { readonly [code in RefusalCode]?: number } = {
  session_expired: NORMAL,
  draining: RESTART,
  internal: INTERNAL,
  ledger_unavailable: INTERNAL,
  upstream_timeout: INTERNAL,
  upstream_unreachable: INTERNAL,
}

/** Passes the end of one side on to the other, as far as it may be sent. */
export function closeAs(socket: WebSocket, { code, reason }: Closed): void {
  if (socket.readyState !== socket.OPEN) return
  const isSendable = code >= NORMAL && !RESERVED.has(code) && (code < 1016 || code >= 3000)
  if (!isSendable) socket.close()
  else socket.close(code, Buffer.byteLength(reason) > MOST_REASON_BYTES ? '' : reason)
}
