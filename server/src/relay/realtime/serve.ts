import type { Proven } from '../authenticate.ts'
import { ClientLeft } from '../client-left.ts'
import { ATTEMPTS, inHeader, MODEL } from '../forward/answer-way.ts'
import { rateHeaders } from '../rate-headers.ts'
import type { Steps } from '../relay.ts'
import type { Admitted, Asked, Upgrade } from '../values.ts'
import { type Connected, type ConnectParts, createConnect } from './connect.ts'
import { readSession } from './read-session.ts'
import { runSession, type SessionParts } from './session.ts'

export interface ServeSessionParts extends ConnectParts, SessionParts {
  readonly deadlines: ConnectParts['deadlines']
  readonly settings: ConnectParts['settings']
  readonly prices: ConnectParts['prices'] & SessionParts['prices']
  readonly log: ConnectParts['log'] & SessionParts['log']
  readonly steps: Omit<Steps, 'realtime'>
}

/**
 * A realtime session, from the key to its last charge: the steps of a call (relay.ts), of which the middle takes long. The
 * client's WebSocket is accepted when a provider's is open, so that every refusal is an answer over HTTP.
 */
export function createServeSession(parts: ServeSessionParts) {
  const { steps } = parts
  const connect = createConnect(parts)

  async function serve(admitted: Admitted, proven: Proven): Promise<void> {
    const reserved = await steps.reserve(admitted)
    try {
      steps.authoriseAgain(await proven.again(), reserved)
      const outcome = await connect(reserved)
      if (outcome.kind !== 'connected') {
        const settled = await steps.settle(reserved, outcome)
        return steps.finish(reserved, outcome, settled)
      }
      const client = accept(outcome)
      try {
        await runSession(parts, { client, connected: outcome, proven })
      } catch (failure) {
        // A defect of ours: nobody else closes them.
        client.terminate()
        outcome.socket.terminate()
        throw failure
      }
    } finally {
      // Does nothing where the units were settled.
      reserved.reservation.release()
    }
  }

  return async function serveSession(asked: Asked, proven: Proven): Promise<void> {
    const call = readSession(asked)
    const candidates = steps.route(steps.authorise(proven.key, call))
    const admitted = await steps.admit(candidates)
    try {
      await serve(admitted, proven)
    } finally {
      steps.leave(admitted)
    }
  }
}

/** Opens the client's side; the provider's is closed where there is nobody any more. */
function accept(connected: Connected) {
  const { reserved, offer, attempts, socket } = connected
  const { call, admission } = reserved
  const headers = [...call.client.headers, ...rateHeaders(admission.standings())]
  if (attempts > 1) headers.push(ATTEMPTS, String(attempts))
  if (offer.model !== call.parsed.model) headers.push(MODEL, inHeader(offer.model))
  const accepted = (call.upgrade as Upgrade).accept(headers)
  if (accepted !== undefined) return accepted
  socket.terminate()
  throw new ClientLeft()
}
