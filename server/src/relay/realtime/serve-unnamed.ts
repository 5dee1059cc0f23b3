import { errorEvent } from '../../dialects/realtime.ts'
import { Refused } from '../../errors.ts'
import type { Settings } from '../../settings/settings.ts'
import { CODECS } from '../../translate/codecs.ts'
import { isObject, parsedJson } from '../../translate/json.ts'
import type { Proven } from '../authenticate.ts'
import { ClientLeft } from '../client-left.ts'
import { type ErrorType, refusalOf } from '../finish.ts'
import type { Deadlines } from '../forward/deadlines.ts'
import { scrubbed } from '../forward/scrub.ts'
import type { Steps } from '../relay.ts'
import type { Asked, Unserved, Upgrade } from '../values.ts'
import { isBeta, type SessionAsked } from './read-session.ts'
import type { Converse, Way } from './serve.ts'
import { WaitingClient } from './waiting.ts'

export interface ServeUnnamedParts {
  readonly deadlines: Deadlines
  readonly errorType: ErrorType
  readonly settings: Pick<Settings, 'get'>
  readonly draining: () => boolean
  readonly steps: Pick<Steps, 'finish'>
}

/**
 * A session that says its model itself. Until then it is nobody's: its client is let in first, and what would be an answer over
 * HTTP elsewhere ends the session.
 */
export function createServeUnnamed(parts: ServeUnnamedParts, converse: Converse) {
  return async function serveUnnamed(
    asked: Asked,
    proven: Proven,
    toCall: SessionAsked['toCall'],
  ): Promise<void> {
    const socket = (asked.upgrade as Upgrade).accept(asked.client.headers)
    if (socket === undefined) throw new ClientLeft()
    const requestId = asked.id
    const waiting = new WaitingClient(
      { ...parts, requestId, isBeta: isBeta(asked.headers) },
      socket,
    )
    const way: Way = {
      letIn: () => ({ client: socket, said: waiting.take() }),
      finish(reserved, outcome, settled) {
        const isTheirs = outcome.kind === 'unserved' && refusalOf(outcome) === undefined
        if (!isTheirs) return parts.steps.finish(reserved, outcome, settled)
        waiting.end(theirWords(outcome, requestId), 'upstream_invalid')
      },
    }
    try {
      const model = await waiting.model
      if (model !== undefined) await converse(toCall(model), proven, way)
    } catch (failure) {
      if (failure instanceof Refused) return waiting.refuse(failure)
      socket.terminate()
      throw failure
    }
  }
}

/** A provider's refusal, as an event. */
function theirWords({ answer, answeredBy }: Unserved, requestId: string): string {
  const status = answer?.status ?? 0
  const said = parsedJson(answer?.body?.toString('utf8') ?? '')
  const error = isObject(said) ? CODECS.openai.readError(said) : undefined
  const { type = 'upstream_invalid', message = `the provider answered with status ${status}` } =
    error ?? {}
  return scrubbed(errorEvent({ code: type, message, status, requestId, type }), answeredBy)
}
