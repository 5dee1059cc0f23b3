import type { Channel } from '../../channels/channel.ts'
import { TYPE_RULES } from '../../channels/types/types.ts'
import { placeOfMark } from '../../channels/upstream-keys.ts'
import type { Loose } from '../../dialects/dialect.ts'
import { isObject } from '../../dialects/judged.ts'
import { upstreamStatus } from '../../errors.ts'
import type { Job } from '../../jobs/job.ts'
import { type AloneParts, attemptAlone } from '../forward/attempt-alone.ts'
import { parseLatin1 } from '../meter/json-text.ts'
import type { Meter } from '../meter/meter.ts'
import { WholeBody } from '../meter/whole-body.ts'
import type { Client } from '../values.ts'

export type AskParts = AloneParts

/** What is asked of a provider on nobody's behalf. */
export interface Question {
  readonly channel: Channel
  /** The key it is about, as `upstreamKeyMark` says it. */
  readonly upstreamKey: Job['upstreamKey']
  /** `/videos/video_1` */
  readonly path: string
}

/** `gone`: the provider knows nothing of it. `unheard`: nothing can be said now. */
export type Answer<A> =
  | { readonly kind: 'said'; readonly said: A }
  | { readonly kind: 'gone' | 'unheard' }

/** Answers of Responses hold all that was written, and pictures. */
const LONGEST = 64 * 1024 * 1024
const HEADERS: readonly string[] = ['accept', 'application/json', 'accept-encoding', 'identity']

/** Asks for one JSON object. Never rejects. */
export async function askOne(parts: AskParts, question: Question): Promise<Answer<Loose>> {
  const answer = await askInto(parts, question, new WholeBody(LONGEST))
  if (answer.kind !== 'said') return answer
  const said = parseLatin1(Buffer.concat(answer.said.held()).toString('latin1'))
  return isObject(said) ? { kind: 'said', said } : { kind: 'unheard' }
}

/** Asks for whatever the meter reads. Never rejects. */
export async function askInto<M extends Meter>(
  parts: AskParts,
  { channel, upstreamKey, path }: Question,
  meter: M,
): Promise<Answer<M>> {
  const whole = TYPE_RULES[channel.type].objectPath?.(channel.baseUrl, path, '')
  if (whole === undefined) return { kind: 'gone' }
  const ended = await attemptAlone(parts, {
    client: NOBODY,
    channel,
    keyAt: placeOfMark(channel.authorization, upstreamKey) ?? 0,
    request: { method: 'GET', path: whole, headers: HEADERS, body: undefined },
    meterFor: () => meter,
  })
  if (ended.kind === 'answered') return { kind: 'said', said: meter }
  const isGone = ended.kind === 'refused' && upstreamStatus.hasNoSuchPath(ended.answer.status)
  return { kind: isGone ? 'gone' : 'unheard' }
}

/** No caller waits for it, and none can leave. */
const NOBODY: Client = {
  get response(): never {
    throw new Error('there is nobody to answer')
  },
  headers: [],
  left: false,
  onLeave: () => undefined,
}
