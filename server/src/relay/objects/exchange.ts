import type { Health } from '../../channels/health/health.ts'
import { TYPE_RULES } from '../../channels/types/types.ts'
import { Refused } from '../../errors.ts'
import type { Admission } from '../../rates/admission.ts'
import { Upload } from '../../uploads/upload.ts'
import type { UpstreamRequest } from '../forward/answer.ts'
import type { Attempted } from '../forward/attempt.ts'
import { type AloneParts, attemptAlone } from '../forward/attempt-alone.ts'
import { headerOf, headersForClient, headersForUpstream } from '../forward/headers.ts'
import { type AnswerOutlet, ClientOutlet } from '../forward/outlet.ts'
import { tellHealth } from '../forward/tell-health.ts'
import type { Meter } from '../meter/meter.ts'
import { PassedBody } from '../meter/passed-body.ts'
import { WholeBody } from '../meter/whole-body.ts'
import { rateHeaders } from '../rate-headers.ts'
import type { Asked, Body } from '../values.ts'
import type { Place } from './places.ts'

export interface ExchangeParts extends AloneParts {
  readonly health: Pick<Health, 'of' | 'clock'>
}

/** What is sent about an object, wherever it goes. */
export interface Sending {
  readonly asked: Asked
  readonly admission: Admission
  readonly method: UpstreamRequest['method']
  /** `/files/file-1/content` */
  readonly path: string
  readonly body: Body | undefined
  /** The answer is read here before it goes on: it has to be short, and nothing of it is passed on while it comes. */
  readonly isRead: boolean
}

/** What became of it. `outlet` is there when a good answer began. */
export interface Exchanged {
  readonly place: Place
  /** The place of the key that it was made with. */
  readonly keyAt: number
  readonly ended: Attempted
  readonly outlet: AnswerOutlet | undefined
}

/** Sends one request about an object to one channel. */
export async function exchange(
  parts: ExchangeParts,
  sending: Sending,
  place: Place,
): Promise<Exchanged> {
  const { health, now } = parts
  const { channel } = place
  const tried = health.of(channel).begin(health.clock.now, place.keyAt)
  const { keyAt } = tried
  let outlet: AnswerOutlet | undefined
  const meterFor = (status: number, received: readonly string[]): Meter | undefined => {
    const encoding = headerOf(received, 'content-encoding')
    if (encoding !== undefined && encoding !== 'identity') return undefined
    outlet = outletFor(sending, status, received)
    return sending.isRead ? new WholeBody() : new PassedBody(outlet)
  }
  try {
    const ended = await attemptAlone(parts, {
      ...{ client: sending.asked.client, channel, keyAt, meterFor },
      request: requestFor(sending, place),
    })
    tellHealth(tried, ended, { now: health.clock.now, wall: now, isFirst: true })
    return { place, keyAt, ended, outlet }
  } finally {
    // Does nothing where its health was told.
    tried.untold()
  }
}

function requestFor({ asked, method, path, body }: Sending, { channel }: Place): UpstreamRequest {
  const { type, baseUrl } = channel
  const full = TYPE_RULES[type].objectPath?.(baseUrl, path, asked.query)
  if (full === undefined) {
    throw new Refused('object_not_found', 'the channel that keeps this object offers it no more')
  }
  const headers = headersForUpstream(asked.headers)
  const sent = body instanceof Upload ? body.edited([]) : body
  return { method, path: full, headers, body: bytesOf(body) === 0 ? undefined : sent }
}

/** The length of a body, if there is one. */
export function bytesOf(body: Body | undefined): number {
  if (body === undefined) return 0
  return Buffer.isBuffer(body) ? body.length : body.bytes
}

function outletFor(
  { asked, admission, isRead }: Sending,
  status: number,
  received: readonly string[],
): AnswerOutlet {
  const headers = headersForClient(received)
  headers.push(...rateHeaders(admission.standings()))
  const length = isRead ? undefined : headerOf(received, 'content-length')
  return new ClientOutlet(asked.client, status, headers, length)
}
