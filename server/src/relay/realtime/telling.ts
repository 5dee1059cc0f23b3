import type { WebSocket } from 'ws'
import { errorEvent } from '../../dialects/realtime.ts'
import { type Refused, statusOf, todoOf } from '../../errors.ts'
import type { ErrorType } from '../finish.ts'

export interface TellingParts {
  readonly errorType: ErrorType
  /** The session's. */
  readonly requestId: string
}

/** Says no within a session. `about`: the id of the client's event that is refused, if it is about one. */
export function tellRefusal(
  { errorType, requestId }: TellingParts,
  client: WebSocket,
  { code, message, retryAfter }: Refused,
  about: string | null,
): void {
  if (client.readyState !== client.OPEN) return
  const spoken = {
    ...{ code, status: statusOf(code), requestId, type: errorType() },
    // Where time is known to help, the sentence names it.
    message: retryAfter === undefined ? `${message}. ${todoOf(code)}` : message,
  }
  client.send(errorEvent(spoken, about))
}
