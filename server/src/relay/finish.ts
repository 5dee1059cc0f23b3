import { TYPE_RULES } from '../channels/types/types.ts'
import type { DialectName } from '../dialects/dialect.ts'
import { Refused, statusOf, upstreamStatus } from '../errors.ts'
import type { Settled } from '../ledger/ledger.ts'
import type { Admission } from '../rates/admission.ts'
import { CODECS } from '../translate/codecs.ts'
import { isObject, parsedJson } from '../translate/json.ts'
import type { RefusedAnswer } from './forward/attempt.ts'
import type { Failure } from './forward/failure.ts'
import { headerOf, headersForClient, withoutDialect } from './forward/headers.ts'
import type { AnswerOutlet } from './forward/outlet.ts'
import { isOursToKnow } from './forward/refused.ts'
import { scrubbed } from './forward/scrub.ts'
import { rateHeaders } from './rate-headers.ts'
import { dialectFor } from './translate.ts'
import type { Asked, Outcome, Reserved, Unserved } from './values.ts'

/** Setting `errors.type`, asked each time. */
export type ErrorType = () => string

/** Says the last word to the client. @throws Refused where that is a refusal of ours and nothing was said before. */
export function createFinish(errorType: ErrorType) {
  return function finish(reserved: Reserved, outcome: Outcome, settled: Settled | undefined): void {
    switch (outcome.kind) {
      case 'left':
        return
      case 'unserved':
        passOnRefusal(errorType, reserved, outcome)
        return
      case 'broke':
        breakOff(errorType, {
          reserved,
          outlet: outcome.outlet,
          refusal: refusalFor(outcome.failure),
        })
        return
      case 'cut':
        breakOff(errorType, { reserved, ...outcome, isOurDoing: true })
        return
      case 'answered': {
        const { meter, outlet } = outcome
        if (settled === undefined) {
          const refusal = new Refused('ledger_unavailable')
          breakOff(errorType, { reserved, outlet, refusal, isOurDoing: true })
          return
        }
        outlet.end(meter.held(), ['X-Turnpike-Cost', String(settled.charged)], meter.heldText)
      }
    }
  }
}

const BROKE = 'the provider broke off its answer'
/** What is said of a provider's words that can't be passed on. */
const UNREAD = 'upstream_invalid'

interface Broken {
  readonly reserved: Reserved
  readonly outlet: AnswerOutlet | undefined
  readonly refusal: Refused
  /** Nothing is wrong with the upstream's part. */
  readonly isOurDoing?: boolean
}

/** A part of the answer may be out already: it must not look whole. */
function breakOff(errorType: ErrorType, broken: Broken): void {
  const { reserved, outlet, refusal, isOurDoing = false } = broken
  const { call } = reserved
  if (!outlet?.begun) throw refusal
  const spoken = {
    code: refusal.code,
    status: statusOf(refusal.code),
    message: refusal.message,
    requestId: call.id,
    type: errorType(),
  }
  const event = outlet.streams ? call.dialect.shapeErrorEvent(spoken) : ''
  // The event says all, and ends the stream in order, so that it is sure to arrive. It lacks its completion signal.
  if (isOurDoing && outlet.streams) outlet.endWith(event)
  else outlet.breakOff(event)
}

interface Answered {
  readonly call: Asked
  readonly admission: Admission
}

type Unanswered = Pick<Unserved, 'answer' | 'answeredBy' | 'failure' | 'attempts'>

/** Contract 3.3: the last upstream answer, unless it is between us and the provider. */
export function passOnRefusal(
  errorType: ErrorType,
  { call, admission }: Answered,
  outcome: Unanswered,
): void {
  const refusal = refusalOf(outcome)
  if (refusal !== undefined) throw refusal
  const { status, headers } = outcome.answer as RefusedAnswer
  const said = wordsOf(outcome, call.dialect.name)
  const isTheirs = typeof said === 'string'
  const sent = isTheirs ? headersForClient(headers) : withoutDialect(headersForClient(headers))
  sent.push(...rateHeaders(admission.standings()))
  if (outcome.attempts > 1) sent.push('X-Turnpike-Attempts', String(outcome.attempts))
  if (!isTheirs) {
    sent.push('Content-Type', 'application/json')
    if (said.code === UNREAD) sent.push('X-Error-Code', UNREAD)
  }
  const text = isTheirs
    ? said
    : call.dialect.shapeError({ ...said, status, requestId: call.id, type: errorType() })
  const clean = scrubbed(text, outcome.answeredBy)
  const bytes = Buffer.from(clean)
  sent.push('Content-Length', String(bytes.length), ...call.client.headers)
  call.client.response.writeHead(status, sent)
  call.client.response.end(bytes)
}

/** A provider's refusal as the caller can read it: its own text, or what it says, to be written in the caller's dialect. */
function wordsOf(
  { answer, answeredBy }: Unanswered,
  callers: DialectName,
): string | { readonly code: string; readonly message: string } {
  const { status, headers, body } = answer as RefusedAnswer
  const unread = {
    code: UNREAD,
    message: `the provider answered with status ${status} and a text that can't be passed on`,
  }
  if (body === undefined || headerOf(headers, 'content-encoding') !== undefined) return unread
  const text = body.toString('utf8')
  const dialect = dialectFor(answeredBy, callers)
  const isHosted = dialect === 'anthropic' && TYPE_RULES[answeredBy.type].hosts !== undefined
  if (dialect === callers && !isHosted) return text
  const parsed = parsedJson(text)
  // Clouds pass on what Anthropic's models say, and say themselves in their own words what concerns them.
  if (dialect === callers && isObject(parsed) && parsed.type === 'error') return text
  const error = isObject(parsed) ? CODECS[dialect].readError(parsed) : undefined
  return error === undefined ? unread : { code: error.type, message: error.message }
}

/** What we say ourselves when nobody served the call; `undefined` when the provider's own answer is passed on. */
export function refusalOf({
  answer,
  failure,
}: Pick<Unserved, 'answer' | 'failure'>): Refused | undefined {
  if (answer === undefined) return refusalFor(failure)
  // Its status is good: it was only written in a way that nobody asked for.
  if (upstreamStatus.isGood(answer.status)) return new Refused('upstream_invalid')
  if (isOursToKnow(answer)) return new Refused('channel_refused')
  return undefined
}

/** How we say that an upstream failed. */
export function refusalFor(failure: Failure | undefined): Refused {
  switch (failure?.kind) {
    case undefined:
    case 'unreachable':
      return new Refused('upstream_unreachable')
    case 'broke_off':
      return new Refused('upstream_unreachable', BROKE)
    case 'denied':
      return new Refused('channel_refused')
    case 'not_http':
      return new Refused('upstream_invalid')
    case 'too_slow':
      return new Refused('upstream_timeout')
  }
}
