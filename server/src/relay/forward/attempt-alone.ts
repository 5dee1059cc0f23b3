import type { Channel } from '../../channels/channel.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Meter } from '../meter/meter.ts'
import type { Client } from '../values.ts'
import type { Forward, UpstreamRequest } from './answer.ts'
import { type Attempted, attempt } from './attempt.ts'
import type { Deadlines } from './deadlines.ts'
import { patienceFor } from './try-channel.ts'

export interface AloneParts {
  readonly forward: Forward
  readonly deadlines: Deadlines
  readonly settings: Pick<Settings, 'get'>
  readonly now: () => number
}

/** A request that is no model call, and the one channel that gets it. */
export interface Alone {
  readonly client: Client
  readonly channel: Channel
  /** The place of the key that is sent. */
  readonly keyAt: number
  readonly request: UpstreamRequest
  /** As in `AttemptParts`. */
  readonly meterFor: (status: number, headers: readonly string[]) => Meter | undefined
}

/** Nobody's key is looked at again while it runs: it costs nothing and is soon over. */
const NEVER_CUT = { refusal: undefined, onCut: () => undefined }

/** Sends a request that costs nothing and is tried nowhere else; its health is the caller's to tell. */
export function attemptAlone(
  { forward, deadlines, settings, now }: AloneParts,
  { client, channel, keyAt, request, meterFor }: Alone,
): Promise<Attempted> {
  const patience = patienceFor({ settings }, channel, deadlines.now)
  return new Promise((ended) =>
    attempt(
      {
        ...{ forward, deadlines, now, client, patience, meterFor, ended },
        ...{ running: NEVER_CUT, race: undefined, won: undefined },
      },
      { channel, key: channel.authorization[keyAt] },
      request,
    ),
  )
}
