import { createSimulator } from '../channels/simulator.ts'
import { createTokenizer } from '../prices/tokenizer.ts'
import { createAuthenticate } from '../relay/authenticate.ts'
import { authorise } from '../relay/authorise.ts'
import { createFinish } from '../relay/finish.ts'
import type { Forward } from '../relay/forward/answer.ts'
import { createDeadlines, type Deadlines } from '../relay/forward/deadlines.ts'
import { createForwarding } from '../relay/forward/first-working.ts'
import { createUpstreamForward } from '../relay/forward/upstream.ts'
import { createModels } from '../relay/models.ts'
import { read } from '../relay/read.ts'
import { createRelay, type Relay } from '../relay/relay.ts'
import { createReserve } from '../relay/reserve.ts'
import { createRoute } from '../relay/route.ts'
import { createSettle } from '../relay/settle.ts'
import type { Built } from './rooms.ts'

/** The relay, and the clock that its deadlines and its door share. */
export interface BuiltRelay {
  readonly relay: Relay
  readonly deadlines: Deadlines
}

/** Builds the steps of a model call on the rooms. */
export function buildRelay({ rooms, dispatcher }: Built, opened: AsyncDisposableStack): BuiltRelay {
  const { directory, keys, ledger, log, metrics, now, prices, settings, vault } = rooms
  const deadlines = createDeadlines()
  opened.defer(() => deadlines.close())
  const tokenizer = createTokenizer()
  opened.defer(() => tokenizer.close())
  const relay = createRelay({
    authenticate: createAuthenticate({ keys, vault, now }),
    models: createModels({ directory, prices, startedAt: Math.floor(now() / 1000) }),
    read,
    authorise,
    route: createRoute({ directory, prices, random: Math.random }),
    reserve: createReserve({ ledger, prices, tokenizer, settings }),
    forward: createForwarding({
      forward: anyForward(createUpstreamForward(dispatcher), createSimulator({ now })),
      deadlines,
      settings,
      log,
      attempted: metrics.attempted,
      now,
    }),
    settle: createSettle({
      tokenizer,
      deadlines,
      log,
      now,
      used: (usage, { charged, shortfall }) =>
        metrics.used({
          promptTokens: usage.prompt,
          completionTokens: usage.completion,
          cachedTokens: usage.cached,
          units: charged,
          shortfall,
        }),
    }),
    finish: createFinish(() => settings.get('errors.type')),
  })
  return { relay, deadlines }
}

/** The simulator answers inside the process, all other channels over HTTP. */
const anyForward =
  (http: Forward, simulate: Forward): Forward =>
  (channel, request, sink) =>
    (channel.type === 'simulator' ? simulate : http)(channel, request, sink)
