import type { Logger } from 'pino'
import type { Channel } from '../../channels/channel.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Meter } from '../meter/meter.ts'
import { PlainMeter } from '../meter/plain.ts'
import { StreamMeter } from '../meter/stream.ts'
import { rateHeaders } from '../rate-headers.ts'
import { type Translated, translate } from '../translate.ts'
import type { Cut, Left, Outcome, Reserved, Served } from '../values.ts'
import type { Forward } from './answer.ts'
import { type Attempted, attempt, type Patience, type RefusedAnswer } from './attempt.ts'
import type { Deadlines } from './deadlines.ts'
import { type Failure, mayTryAnother } from './failure.ts'
import { headerOf, headersForClient, headersForUpstream } from './headers.ts'
import { ClientOutlet } from './outlet.ts'
import { accusesChannel } from './refused.ts'
import { scrubbed } from './scrub.ts'

export interface ForwardParts {
  readonly forward: Forward
  readonly deadlines: Deadlines
  readonly settings: Pick<Settings, 'get'>
  readonly log: Pick<Logger, 'warn'>
  readonly attempted: (channelId: number, outcome: string) => void
  readonly now: () => number
}

/** What is remembered of the tries before: contract 3.3 gives the client the last answer that there was. */
interface Before {
  answer: RefusedAnswer | undefined
  answeredBy: Channel
  failure: Failure | undefined
}

/** Tries one channel after the other until one answers, and pumps its answer to the client up to the end that is held. */
export function createForwarding(parts: ForwardParts) {
  return async function forward(reserved: Reserved): Promise<Outcome> {
    const { call, channels } = reserved
    const headers = headersForUpstream(call.headers)
    const before: Before = {
      answer: undefined,
      answeredBy: channels[0] as Channel,
      failure: undefined,
    }
    const beganAt = parts.deadlines.now
    let attempts = 0
    let channel = channels[0] as Channel
    for (channel of channels) {
      attempts++
      const translated = translate(reserved, channel, headers)
      const { outlet, ended } = await one(parts, {
        reserved,
        channel,
        translated,
        attempts,
        beganAt,
      })
      parts.attempted(channel.id, outcomeOf(ended))
      const outcome = lastingOutcome(ended, outlet, { channel, attempts })
      if (outcome !== undefined) return outcome
      if (ended.kind !== 'refused' && ended.kind !== 'failed' && ended.kind !== 'broke') break
      note(parts, reserved, channel, ended)
      if (ended.kind === 'refused') {
        before.answer = ended.answer
        before.answeredBy = channel
      } else before.failure = ended.failure
      const again =
        ended.kind === 'refused' ? accusesChannel(ended.answer) : mayTryAnother(ended.failure)
      if (!again) break
    }
    return { kind: 'unserved', channel, attempts, ...before }
  }
}

/** An outcome after which no other channel can be tried. */
function lastingOutcome(
  ended: Attempted,
  outlet: ClientOutlet | undefined,
  tried: { readonly channel: Channel; readonly attempts: number },
): Served | Left | Cut | undefined {
  if (ended.kind === 'left') return { ...ended, ...tried }
  if (ended.kind === 'cut') return { ...ended, ...tried, outlet }
  if (outlet === undefined || (ended.kind !== 'answered' && ended.kind !== 'broke'))
    return undefined
  // Nothing of it went out, so nobody will know.
  if (ended.kind === 'broke' && !outlet.begun) return undefined
  return { ...ended, ...tried, outlet }
}

interface One {
  readonly reserved: Reserved
  readonly channel: Channel
  readonly translated: Translated
  readonly attempts: number
  readonly beganAt: number
}

async function one(parts: ForwardParts, { reserved, channel, translated, attempts, beganAt }: One) {
  const { call, admission, running } = reserved
  let outlet: ClientOutlet | undefined
  const meterFor = (status: number, received: readonly string[]): Meter | undefined => {
    // We asked for plain bytes; what came in others can't be metered, hence not be served.
    const encoding = headerOf(received, 'content-encoding')
    if (encoding !== undefined && encoding !== 'identity') return undefined
    const headers = headersForClient(received)
    headers.push(...rateHeaders(admission.standings()))
    if (attempts > 1) headers.push('X-Turnpike-Attempts', String(attempts))
    if (reserved.outputLimit !== undefined)
      headers.push('X-Turnpike-Output-Limit', String(reserved.outputLimit))
    const { readUsage } = call.dialect
    if (!headerOf(received, 'content-type')?.toLowerCase().startsWith('text/event-stream')) {
      outlet = new ClientOutlet(call.client, status, headers, headerOf(received, 'content-length'))
      return new PlainMeter(outlet, readUsage)
    }
    outlet = new ClientOutlet(call.client, status, headers)
    outlet.streams = true
    return new StreamMeter(outlet, {
      choices: call.parsed.choices,
      hideUsage: translated.hideUsage,
      readUsage,
      scrub: (text) => scrubbed(text, channel),
    })
  }
  const { forward, deadlines, now } = parts
  const patience = patienceFor(parts, channel, beganAt)
  const { client } = call
  const attemptParts = { forward, deadlines, client, running, patience, meterFor, now }
  const ended = await attempt(attemptParts, channel, translated.request)
  return { outlet, ended }
}

function patienceFor({ settings }: ForwardParts, { timeouts }: Channel, beganAt: number): Patience {
  return {
    firstByteMs: timeouts.firstByteMs ?? settings.get('timeouts.first_byte_ms'),
    idleMs: timeouts.idleMs ?? settings.get('timeouts.idle_ms'),
    endAt: beganAt + (timeouts.totalMs ?? settings.get('timeouts.total_ms')),
  }
}

function outcomeOf(ended: Attempted): string {
  switch (ended.kind) {
    case 'answered':
    case 'left':
    case 'cut':
      return 'answered'
    case 'refused':
      return 'refused'
    case 'broke':
      return 'broke_off'
    case 'failed':
      return ended.failure.kind === 'too_slow' ? 'timeout' : ended.failure.kind
  }
}

function note({ log }: ForwardParts, { call }: Reserved, channel: Channel, ended: Attempted) {
  const told = { request: call.id, channel: channel.id, model: call.parsed.model }
  if (ended.kind === 'refused') {
    // The provider's own words: what they may hold of our keys is taken out for the log too.
    // Cut afterwards: half a key is not recognised.
    const said = scrubbed(ended.answer.body?.toString('utf8') ?? '', channel).slice(0, 1_000)
    log.warn({ ...told, status: ended.answer.status, said }, 'a channel refused')
  } else if (ended.kind === 'failed' || ended.kind === 'broke') {
    log.warn({ ...told, failure: ended.failure }, 'a channel failed')
  }
}
