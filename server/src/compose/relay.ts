import { createSimulator } from '../channels/simulator.ts'
import { createObjects } from '../objects/objects.ts'
import { createTokenizer } from '../prices/tokenizer.ts'
import type { Deadlines } from '../relay/forward/deadlines.ts'
import { createUpstreamForward } from '../relay/forward/upstream.ts'
import { createWatch } from '../relay/jobs/watch.ts'
import { createRelay, type Relay } from '../relay/relay.ts'
import { cutRevokedCalls } from '../relay/revoke.ts'
import { createRunningCalls } from '../relay/running.ts'
import { createSteps } from '../relay/steps.ts'
import type { Built } from './rooms.ts'

/** The relay, and the clock that its deadlines and its door share. */
export interface BuiltRelay {
  readonly relay: Relay
  readonly deadlines: Deadlines
}

/** Builds the relay on the rooms. */
export function buildRelay(
  { rooms, dispatcher, dial, deadlines }: Built,
  opened: AsyncDisposableStack,
): BuiltRelay {
  const tokenizer = createTokenizer()
  opened.defer(() => tokenizer.close())
  const simulate = createSimulator({ now: rooms.now })
  const running = createRunningCalls()
  const { onChange, onBehind } = rooms.store
  cutRevokedCalls({ ...rooms, running, onChange, onBehind })
  const objects = createObjects(rooms)
  const parts = { ...rooms, tokenizer, dispatcher, dial, deadlines, objects }
  const steps = createSteps({
    ...parts,
    ...{ simulate, running, chance: Math.random },
    accepting: rooms.store.accepting,
    draining: rooms.program.draining,
  })
  const watch = createWatch({ ...parts, forward: createUpstreamForward(dispatcher) })
  opened.defer(() => watch.close())
  return { relay: createRelay(steps), deadlines }
}
