import { createSimulator } from '../channels/simulator.ts'
import { createObjects } from '../objects/objects.ts'
import { createTokenizer } from '../prices/tokenizer.ts'
import type { Deadlines } from '../relay/forward/deadlines.ts'
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
  { rooms, dispatcher, deadlines }: Built,
  opened: AsyncDisposableStack,
): BuiltRelay {
  const tokenizer = createTokenizer()
  opened.defer(() => tokenizer.close())
  const simulate = createSimulator({ now: rooms.now })
  const running = createRunningCalls()
  cutRevokedCalls({ ...rooms, running, onChange: rooms.store.onChange })
  const steps = createSteps({
    ...rooms,
    ...{ tokenizer, dispatcher, simulate, deadlines, running },
    objects: createObjects(rooms),
    chance: Math.random,
  })
  return { relay: createRelay(steps), deadlines }
}
