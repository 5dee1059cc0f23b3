import type { Logger } from 'pino'
import { CLIENT_LEFT_STATUS, type RefusalCode, statusOf } from '../errors.ts'
import type { Settled, UsageRecord } from '../ledger/ledger.ts'
import { type Units, units } from '../ledger/units.ts'
import type { ChargedPrices } from '../prices/charged-prices.ts'
import { countInput } from '../prices/input-tokens.ts'
import { cost } from '../prices/price.ts'
import type { Tokenizer } from '../prices/tokenizer.ts'
import { writeAttempts } from '../usage/attempt-list.ts'
import { writeDetails } from '../usage/details.ts'
import { NO_USAGE, type Usage, withBeside } from '../usage/usage.ts'
import { refusalFor, refusalOf } from './finish.ts'
import type { Deadlines, Watched } from './forward/deadlines.ts'
import { costOfJob, usageOfJob } from './jobs/cost.ts'
import { usageOfMedia } from './media-usage.ts'
import type { Meter } from './meter/meter.ts'
import { inputOf } from './reserve.ts'
import type { ModelCall, Outcome, Reserved, Tried } from './values.ts'

export interface SettleParts {
  readonly tokenizer: Pick<Tokenizer, 'count'>
  readonly deadlines: Deadlines
  readonly log: Pick<Logger, 'error'>
  readonly used: (usage: Usage, settled: Settled) => void
  readonly now: () => number
  readonly chargedPrices: Pick<ChargedPrices, 'note'>
  /** How long an answer waits for its charge to be durable. */
  readonly patienceMs?: number
}

/** Design 3, "Holding the end back". */
const PATIENCE_MS = 10_000
const NOTHING = units(0)
const NOTHING_WRITTEN = { texts: [], share: 1 }

/**
 * Charges what the call cost, once, however it ended. Resolves when the charge is durable; `undefined`: it did not come
 * in time, and was renounced. Only a whole answer waits for it.
 */
export function createSettle(parts: SettleParts) {
  return function settle(reserved: Reserved, outcome: Outcome): MaybeSettled {
    const usage = usageOf(parts, reserved, outcome)
    if (!(usage instanceof Promise)) return charge(parts, { reserved, outcome, usage })
    return usage.then((counted) => charge(parts, { reserved, outcome, usage: counted }))
  }
}

type MaybeSettled = Promise<Settled | undefined> | undefined

interface Settling {
  readonly reserved: Reserved
  readonly outcome: Outcome
  readonly usage: Usage
}

function charge(parts: SettleParts, settling: Settling): MaybeSettled {
  const { reserved, outcome, usage } = settling
  const { reservation, admission } = reserved
  // What a job may use is no word on what it does: the guess at its admission stands.
  if (reserved.job === undefined) admission.used(usage.prompt + usage.completion)
  const record = recordOf(parts, settling, endingOf(outcome))
  parts.chargedPrices.note(record, outcome.offer.price)
  const settled = reservation.settle(costOf(settling), record)
  const used = (done: Settled) => parts.used(usage, done)
  if (outcome.kind === 'answered') return inTime(parts, reserved, { settled, used })
  settled.then(used).catch((error: unknown) => notSettled(parts, reserved, error))
  return undefined
}

function notSettled(
  { log }: Pick<SettleParts, 'log'>,
  { call }: Pick<Reserved, 'call'>,
  error: unknown,
) {
  log.error({ request: call.id, error }, 'a call could not be settled')
}

export interface Charged {
  readonly settled: Promise<Settled>
  readonly used: (settled: Settled) => void
}

/** A plain race with the clock that all calls share; `undefined`: it was lost, and the charge renounced. */
export function inTime(
  parts: Pick<SettleParts, 'deadlines' | 'patienceMs' | 'log'>,
  reserved: Pick<Reserved, 'call' | 'reservation'>,
  { settled, used }: Charged,
): Promise<Settled | undefined> {
  const { deadlines, patienceMs = PATIENCE_MS } = parts
  const until = deadlines.now + patienceMs
  return new Promise((resolve) => {
    const watched: Watched = {
      before: undefined,
      after: undefined,
      tick(now: number) {
        if (now > until) giveUp()
      },
    }
    function giveUp() {
      deadlines.unwatch(watched)
      reserved.reservation.renounce()
      resolve(undefined)
    }
    deadlines.watch(watched)
    settled.then(
      (done) => {
        deadlines.unwatch(watched)
        used(done)
        resolve(done)
      },
      (error: unknown) => {
        notSettled(parts, reserved, error)
        giveUp()
      },
    )
  })
}

/** The upstream's own figures, else counted. Before the first byte of an answer nothing was used. */
function usageOf(
  { tokenizer }: SettleParts,
  reserved: Reserved,
  outcome: Outcome,
): Usage | Promise<Usage> {
  const { call } = reserved
  const meter: Meter | undefined =
    outcome.kind === 'unserved' || outcome.firstByteAt === 0 ? undefined : outcome.meter
  if (meter === undefined) return NO_USAGE
  if (reserved.job !== undefined) return usageOfJob(reserved, meter)
  const { media } = call.parsed
  if (media !== undefined) return usageOfMedia(tokenizer.count, { call, media, outcome, meter })
  const reported = meter.reported()
  return reported === undefined
    ? counted(tokenizer, { call, outcome }, meter)
    : searched(call, reported)
}

/** OpenAI's chat completions that may search do so once, and don't tell. */
function searched({ dialect, parsed }: ModelCall, usage: Usage): Usage {
  if (dialect.name !== 'openai' || !parsed.spans.has('web_search_options')) return usage
  return usage.searches === undefined ? { ...usage, searches: 1 } : usage
}

async function counted(
  tokenizer: SettleParts['tokenizer'],
  { call, outcome }: Pick<Reserved, 'call'> & Pick<Settling, 'outcome'>,
  meter: Meter,
): Promise<Usage> {
  const { texts, share } = call.dialect.writesNothing === true ? NOTHING_WRITTEN : meter.produced()
  const reported = meter.reportedInput?.()
  const [input, output] = await Promise.all([
    countInput(inputOf(call, outcome.offer.model), tokenizer.count),
    tokenizer.count(texts),
  ])
  const completion = Math.max(Math.ceil(output / share), reported?.completion ?? 0)
  if (reported !== undefined) return { ...reported, completion, estimated: true }
  const prompt = input.tokens + (call.kept?.tokens ?? 0)
  const usage = { ...NO_USAGE, prompt, completion, estimated: true }
  return searched(call, withBeside(usage, meter.beside?.()))
}

/** What a call is charged by. */
export interface Recordable {
  readonly reserved: Pick<Reserved, 'call' | 'key'>
  readonly outcome: Tried & { readonly firstByteAt?: number }
  readonly usage: Usage
}

function costOf(settling: Settling): Units {
  const { reserved, outcome, usage } = settling
  const { price } = outcome.offer
  const isFree = usage === NO_USAGE || price === undefined || outcome.channel.free
  return reserved.job === undefined || isFree
    ? priceOf(settling)
    : costOfJob(reserved, price, usage)
}

export function priceOf({ outcome, usage }: Pick<Recordable, 'outcome' | 'usage'>): Units {
  const { price } = outcome.offer
  if (usage === NO_USAGE || price === undefined || outcome.channel.free) return NOTHING
  return cost(price, usage)
}

export function recordOf(
  { now }: Pick<SettleParts, 'now'>,
  { reserved, outcome, usage }: Recordable,
  { status, code }: Ending,
): UsageRecord {
  const { call, key } = reserved
  const ended = now()
  const { firstByteAt = 0 } = outcome
  return {
    created_at_ms: ended,
    request_id: call.id,
    account_id: key.accountId,
    key_id: key.id,
    key_name: key.name,
    model: outcome.offer.model,
    group_name: outcome.offer.group,
    channel_id: outcome.channel.id,
    prompt_tokens: usage.prompt,
    completion_tokens: usage.completion,
    cached_tokens: usage.cached,
    cache_write_tokens: usage.cacheWrite + usage.cacheWrite1h,
    reasoning_tokens: usage.reasoning,
    audio_tokens: usage.audioIn + usage.audioOut,
    image_tokens: usage.image,
    estimated: usage.estimated ? 1 : 0,
    is_stream: call.parsed.stream ? 1 : 0,
    use_time_ms: ended - call.startedAt,
    first_token_ms: firstByteAt > 0 ? firstByteAt - call.startedAt : 0,
    status,
    error_code: code,
    ip: call.ip ?? '',
    attempts: outcome.attempts,
    output_limit: outcome.outputLimit ?? 0,
    requested_model: outcome.offer.model === call.parsed.model ? '' : call.parsed.model,
    attempt_list: outcome.list === undefined ? null : writeAttempts(outcome.list),
    details: writeDetails(usage, call.parsed.job?.kind),
  }
}

/** How it ended, as a record says it. */
export interface Ending {
  readonly status: number
  readonly code: RefusalCode | ''
}

function endingOf(outcome: Outcome): Ending {
  switch (outcome.kind) {
    case 'answered':
      return { status: outcome.outlet.status, code: '' }
    case 'broke':
      return { status: outcome.outlet.status, code: refusalFor(outcome.failure).code }
    case 'left':
      return { status: CLIENT_LEFT_STATUS, code: '' }
    case 'cut': {
      const { outlet, refusal } = outcome
      const status = outlet?.begun ? outlet.status : statusOf(refusal.code)
      return { status, code: refusal.code }
    }
    case 'unserved': {
      const refusal = refusalOf(outcome)
      if (refusal !== undefined) return { status: statusOf(refusal.code), code: refusal.code }
      return { status: outcome.answer?.status ?? 0, code: '' }
    }
  }
}
