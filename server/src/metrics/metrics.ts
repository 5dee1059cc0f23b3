import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Directory } from '../channels/directory.ts'
import type { BreakerState } from '../channels/health/breaker.ts'
import type { Health } from '../channels/health/health.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Uploads } from '../uploads/uploads.ts'
import type { AttemptOutcome } from '../usage/attempt-list.ts'
import { createLatency } from './latency.ts'
import { createTally } from './tally.ts'

/** A finished model call or management call, as the metrics see it. */
export interface Served {
  /** From a fixed list (`chat.completions`, `models`, `manage`); never a path that a caller chose. */
  readonly endpoint: string
  readonly status: number
  /** Our refusal code, or `''`. */
  readonly code: string
  readonly seconds: number
}

/** What a model call used. */
export interface Used {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens: number
  readonly units: number
  readonly shortfall: number
}

export interface Metrics {
  served(call: Served): void
  used(use: Used): void
  /** One try at a channel. */
  attempted(channelId: number, outcome: AttemptOutcome): void
  /** A call would go to another channel, and the retry budget lets it or does not. */
  triedAgain(isWithinBudget: boolean): void
  /** A call that was late: which attempt answered, or that there was none beside it for want of retry budget. */
  hedged(outcome: 'first' | 'second' | 'none' | 'over_budget'): void
  /** The text of `/metrics` and its content type. */
  text(): Promise<{ readonly type: string; readonly body: string }>
  close(): void
}

const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
/** Channels are few, but an operator's script may make and delete them for ever. */
const MOST_CHANNELS = 500

export interface MetricsParts {
  readonly ledger: Pick<Ledger, 'outstanding'>
  readonly directory: Pick<Directory, 'all'>
  readonly health: Pick<Health, 'standing' | 'openings'>
  readonly uploads: Pick<Uploads, 'bytes'>
}

/** Builds the metrics in a registry of their own, so that two gateways in one process do not mix. */
export function createMetrics(parts: MetricsParts): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const meters = createMeters(registry)
  const latency = createLatency(
    'turnpike_request_seconds',
    'Time from a request to the end of its answer.',
    SECONDS,
  )
  watchLedger(registry, parts.ledger)
  watchUploads(registry, parts.uploads)
  watchBreakers(registry, parts)
  const channels = new Set<number>()
  return {
    served({ endpoint, status, code, seconds }) {
      meters.requests(1, endpoint, String(status), code)
      latency.observe(endpoint, seconds)
    },
    used(use) {
      meters.tokens(use.promptTokens, 'prompt')
      meters.tokens(use.completionTokens, 'completion')
      meters.tokens(use.cachedTokens, 'cached')
      meters.units(use.units)
      meters.shortfall(use.shortfall)
    },
    attempted(channelId, outcome) {
      const known = channels.has(channelId) || channels.size < MOST_CHANNELS
      if (known) channels.add(channelId)
      meters.attempts(1, known ? String(channelId) : 'other', outcome)
    },
    triedAgain: (isWithinBudget) => (isWithinBudget ? meters.retries(1) : meters.unretried(1)),
    hedged: (outcome) => meters.hedges(1, outcome),
    text: async () => ({
      type: registry.contentType,
      body: `${await registry.metrics()}\n${latency.text()}`,
    }),
    close: () => registry.clear(),
  }
}

function createMeters(registry: Registry) {
  return {
    requests: createTally({
      name: 'turnpike_requests_total',
      help: 'Answered requests by endpoint, status and refusal code.',
      labelNames: ['endpoint', 'status', 'code'],
      registry,
    }),
    tokens: createTally({
      name: 'turnpike_tokens_total',
      help: 'Tokens of model calls by kind; cached ones are part of the prompt.',
      labelNames: ['kind'],
      registry,
    }),
    units: createTally({
      name: 'turnpike_quota_units_total',
      help: 'Quota units charged; 500 000 are one US dollar.',
      labelNames: [],
      registry,
    }),
    shortfall: createTally({
      name: 'turnpike_shortfall_units_total',
      help: 'Units of cost that neither key nor account had left.',
      labelNames: [],
      registry,
    }),
    attempts: createTally({
      name: 'turnpike_upstream_attempts_total',
      help: 'Tries at upstreams by channel and outcome.',
      labelNames: ['channel', 'outcome'],
      registry,
    }),
    retries: createTally({
      name: 'turnpike_retries_total',
      help: 'Calls that went on to another channel.',
      labelNames: [],
      registry,
    }),
    hedges: createTally({
      name: 'turnpike_hedges_total',
      help: 'Calls whose first byte was late, by which attempt answered: first, second, none; over_budget: no second was made.',
      labelNames: ['outcome'],
      registry,
    }),
    unretried: createTally({
      name: 'turnpike_retry_budget_refusals_total',
      help: 'Calls that could have gone on to another channel, had the retry budget not been spent.',
      labelNames: [],
      registry,
    }),
  }
}

const STATE_FIGURES: Readonly<Record<BreakerState, number>> = { closed: 0, half_open: 1, open: 2 }

/** Read when somebody asks: a breaker that was open half-opens by itself. */
function watchBreakers(registry: Registry, { directory, health }: MetricsParts): void {
  new Gauge({
    name: 'turnpike_channel_breaker_state',
    help: 'Breaker of each enabled channel, at this node: 0 closed, 1 half open, 2 open.',
    labelNames: ['channel'],
    registers: [registry],
    collect() {
      this.reset()
      const enabled = directory.all().filter((channel) => channel.enabled)
      for (const channel of enabled.slice(0, MOST_CHANNELS)) {
        this.set({ channel: String(channel.id) }, STATE_FIGURES[health.standing(channel).state])
      }
    },
  })
  new Counter({
    name: 'turnpike_breaker_openings_total',
    help: 'How often breakers of channels and of upstream keys opened, by reason.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [reason, count] of health.openings) this.inc({ reason }, count)
    },
  })
}

/** Read when somebody asks: what running calls hold changes with each of them. */
function watchUploads(registry: Registry, uploads: Pick<Uploads, 'bytes'>): void {
  new Gauge({
    name: 'turnpike_upload_disk_bytes',
    help: 'Bytes of files in forms that are on the disk until their calls are over.',
    registers: [registry],
    collect() {
      this.set(uploads.bytes())
    },
  })
}

function watchLedger(registry: Registry, ledger: Pick<Ledger, 'outstanding'>): void {
  new Gauge({
    name: 'turnpike_reservations',
    help: 'Reservations of running calls.',
    registers: [registry],
    collect() {
      this.set(ledger.outstanding().reservations)
    },
  })
  new Gauge({
    name: 'turnpike_reserved_units',
    help: 'Quota units that running calls hold.',
    registers: [registry],
    collect() {
      this.set(ledger.outstanding().units)
    },
  })
}
