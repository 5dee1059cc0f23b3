import type { WebSocket } from 'ws'
import type { Proven } from '../authenticate.ts'
import { ClientLeft } from '../client-left.ts'
import { ATTEMPTS, inHeader, MODEL } from '../forward/answer-way.ts'
import { rateHeaders } from '../rate-headers.ts'
import type { Steps } from '../relay.ts'
import type { Admitted, Asked, ModelCall, Upgrade } from '../values.ts'
import { type Connected, type ConnectParts, createConnect } from './connect.ts'
import { readSession } from './read-session.ts'
import { createServeUnnamed } from './serve-unnamed.ts'
import { runSession, type SessionParts, type Sides } from './session.ts'

export interface ServeSessionParts extends ConnectParts, SessionParts {
  readonly deadlines: ConnectParts['deadlines']
  readonly settings: ConnectParts['settings']
  readonly prices: ConnectParts['prices'] & SessionParts['prices']
  readonly log: ConnectParts['log'] & SessionParts['log']
  readonly steps: Omit<Steps, 'realtime'>
}

/** How a client is let in when its provider is there, and hears that it is not. */
export interface Way {
  letIn(connected: Connected): Pick<Sides, 'client' | 'said'>
  readonly finish: Steps['finish']
}

export type Converse = (call: ModelCall, proven: Proven, way: Way) => Promise<void>

/**
 * A realtime session, from the key to its last charge: the steps of a call (relay.ts), of which the middle takes long. The
 * client's WebSocket is accepted when a provider's is open, so that every refusal is an answer over HTTP; unless the session
 * itself has to say its model.
 */
export function createServeSession(parts: ServeSessionParts) {
  const { steps } = parts
  const connect = createConnect(parts)
  const atDoor: Way = {
    letIn: (connected) => ({ client: accept(connected) }),
    finish: steps.finish,
  }

  async function serve(admitted: Admitted, proven: Proven, way: Way): Promise<void> {
    const reserved = await steps.reserve(admitted)
    try {
      steps.authoriseAgain(await proven.again(), reserved)
      const outcome = await connect(reserved)
      if (outcome.kind !== 'connected') {
        const settled = await steps.settle(reserved, outcome)
        return way.finish(reserved, outcome, settled)
      }
      const sides = { ...way.letIn(outcome), connected: outcome, proven }
      try {
        await runSession(parts, sides)
      } catch (failure) {
        // A defect of ours: nobody else closes them.
        sides.client.terminate()
        outcome.socket.terminate()
        throw failure
      }
    } finally {
      // Does nothing where the units were settled.
      reserved.reservation.release()
    }
  }

  const converse: Converse = async (call, proven, way) => {
    const candidates = steps.route(steps.authorise(await proven.again(), call))
    const admitted = await steps.admit(candidates)
    try {
      await serve(admitted, proven, way)
    } finally {
      steps.leave(admitted)
    }
  }

  const serveUnnamed = createServeUnnamed(parts, converse)
  return async function serveSession(asked: Asked, proven: Proven): Promise<void> {
    const { model, toCall } = readSession(asked)
    if (model === undefined) await serveUnnamed(asked, proven, toCall)
    else await converse(toCall(model), proven, atDoor)
  }
}

/** Opens the client's side; the provider's is closed where there is nobody any more. */
function accept(connected: Connected): WebSocket {
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
