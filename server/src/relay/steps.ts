import type { Logger } from 'pino'
import type { Dispatcher } from 'undici'
import type { Budgets } from '../budgets/budgets.ts'
import type { Dial } from '../channels/dial.ts'
import type { Directory } from '../channels/directory.ts'
import type { Health } from '../channels/health/health.ts'
import { Refused } from '../errors.ts'
import type { Groups } from '../groups/groups.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { KeyCache } from '../keys/key-cache.ts'
import type { Vault } from '../keys/vault.ts'
import type { Ledger, Settled } from '../ledger/ledger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Objects } from '../objects/objects.ts'
import type { ChargedPrices } from '../prices/charged-prices.ts'
import type { PriceBook } from '../prices/price-book.ts'
import type { Tokenizer } from '../prices/tokenizer.ts'
import type { Rates } from '../rates/rates.ts'
import type { Settings } from '../settings/settings.ts'
import type { Usage } from '../usage/usage.ts'
import { createAdmit, createLeave } from './admit.ts'
import { createAuthenticate } from './authenticate.ts'
import { authorise, authoriseAgain } from './authorise.ts'
import { createCount } from './count.ts'
import { createFinish, type ErrorType } from './finish.ts'
import type { Forward } from './forward/answer.ts'
import type { Deadlines } from './forward/deadlines.ts'
import { createForwarding } from './forward/first-working.ts'
import { createUpstreamForward } from './forward/upstream.ts'
import { createBegin } from './jobs/begin.ts'
import { createComplete } from './jobs/complete.ts'
import { createJobHearing } from './jobs/hearing.ts'
import { createKeep } from './keep.ts'
import { createLocate } from './locate.ts'
import { createModels } from './models.ts'
import { createServeObject } from './objects/serve.ts'
import { read } from './read.ts'
import { createServeSession } from './realtime/serve.ts'
import type { Steps } from './relay.ts'
import { createReserve } from './reserve.ts'
import { createReserveFallback } from './reserve-fallback.ts'
import { createRoute } from './route.ts'
import type { RunningCalls } from './running.ts'
import { createSettle } from './settle.ts'
import { createTopUp } from './top-up.ts'

/** The nouns that the steps of a model call ask. */
export interface StepParts {
  readonly keys: Pick<KeyCache, 'find' | 'isUnknown' | 'touch'>
  readonly vault: Pick<Vault, 'digest'>
  readonly ledger: Pick<Ledger, 'available' | 'remaining' | 'lacks' | 'reserve' | 'reserveSoon'>
  readonly budgets: Pick<Budgets, 'running'>
  readonly directory: Pick<Directory, 'candidates' | 'models' | 'get' | 'all'>
  readonly objects: Objects
  readonly jobs: Jobs
  readonly groups: Pick<Groups, 'get'>
  readonly health: Pick<Health, 'of' | 'clock'>
  readonly prices: Pick<PriceBook, 'priceOf' | 'maxOutput' | 'contextWindow'>
  readonly tokenizer: Pick<Tokenizer, 'count'>
  readonly rates: Pick<Rates, 'admit' | 'standings'>
  readonly running: RunningCalls
  readonly settings: Pick<Settings, 'get'>
  readonly metrics: Pick<Metrics, 'used' | 'attempted' | 'triedAgain' | 'hedged'>
  /** Connects to upstreams under the address rules: see channels/address-rules.ts. */
  readonly dispatcher: Dispatcher
  /** Opens WebSockets to them, under the same rules. */
  readonly dial: Dial
  /** Answers in place of channels of type `simulator`. */
  readonly simulate: Forward
  readonly deadlines: Deadlines
  /** False: nothing that is remembered of a key may be gone by, and nothing can be charged. */
  readonly accepting: () => boolean
  /** The program was told to stop. */
  readonly draining: () => boolean
  readonly now: () => number
  readonly chargedPrices: Pick<ChargedPrices, 'note'>
  /** 0 <= x < 1. */
  readonly chance: () => number
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** How long an answer waits for its charge; tests have less time. */
  readonly settlePatienceMs?: number
}

/** Builds the steps that relay.ts takes. */
export function createSteps(parts: StepParts): Steps {
  const { directory, prices, metrics, now, chance: random } = parts
  const upstream = createUpstreamForward(parts.dispatcher)
  const forward: Forward = (to, request, sink) =>
    to.channel.type === 'simulator'
      ? parts.simulate(to, request, sink)
      : upstream(to, request, sink)
  const errorType: ErrorType = () => parts.settings.get('errors.type')
  const { settlePatienceMs } = parts
  const patience = settlePatienceMs === undefined ? {} : { patienceMs: settlePatienceMs }
  const used = (usage: Usage, settled: Settled) =>
    metrics.used({
      promptTokens: usage.prompt,
      completionTokens: usage.completion,
      cachedTokens: usage.cached,
      units: settled.charged,
      shortfall: settled.shortfall,
    })
  const reserve = createReserve(parts)
  const topUp = createTopUp(parts)
  const jobs = createJobHearing({ ...parts, forward })
  const steps = {
    authenticate: createAuthenticate(parts),
    models: createModels({ directory, prices, startedAt: Math.floor(now() / 1000) }),
    object: whileAccepting(parts, createServeObject({ ...parts, jobs, forward, errorType })),
    read,
    locate: createLocate({ ...parts, complete: createComplete({ ...parts, forward }) }),
    authorise,
    authoriseAgain,
    route: createRoute(parts),
    count: whileAccepting(parts, createCount({ ...parts, forward })),
    admit: createAdmit(parts),
    reserve: createReserveFallback(parts, reserve),
    begin: createBegin(parts),
    forward: createForwarding({ ...parts, forward, random, topUp }),
    settle: createSettle({ ...parts, used, ...patience }),
    keep: createKeep(parts),
    finish: createFinish(errorType),
    leave: createLeave(parts),
  }
  const session = { ...parts, random, topUp, used, errorType, ...patience }
  return { ...steps, realtime: createServeSession({ ...session, reserve, authoriseAgain, steps }) }
}

/** What is charged asks when it reserves; what costs nothing goes to providers with a key that may be revoked, too. */
function whileAccepting<Asks extends readonly unknown[]>(
  { accepting }: Pick<StepParts, 'accepting'>,
  answer: (...asks: Asks) => Promise<void>,
): (...asks: Asks) => Promise<void> {
  return async (...asks) => {
    if (!accepting()) throw new Refused('ledger_unavailable')
    await answer(...asks)
  }
}
