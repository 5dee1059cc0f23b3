import { Refused } from '../errors.ts'
import type { ApiKey } from '../keys/api-key.ts'
import type { Settled } from '../ledger/ledger.ts'
import type { Proven } from './authenticate.ts'
import type {
  Admitted,
  Asked,
  Body,
  Candidates,
  Grant,
  ModelCall,
  Outcome,
  Reserved,
} from './values.ts'

/** What happens to a call, step by step. `compose.ts` fills it. */
export interface Steps {
  authenticate(asked: Asked): Proven | Refused | Promise<Proven | Refused>
  models(key: ApiKey, asked: Asked): void
  object(asked: Asked, proven: Proven): Promise<void>
  realtime(asked: Asked, proven: Proven): Promise<void>
  read(asked: Asked, body: Body): ModelCall
  locate(accountId: number, call: ModelCall): Promise<ModelCall>
  authorise(key: ApiKey, call: ModelCall): Grant
  authoriseAgain(key: ApiKey, admitted: Admitted): void
  route(grant: Grant): Candidates
  count(candidates: Candidates): Promise<void>
  admit(candidates: Candidates): Admitted | Promise<Admitted>
  reserve(admitted: Admitted): Reserved | Promise<Reserved>
  begin(reserved: Reserved): Promise<Reserved>
  forward(reserved: Reserved): Promise<Outcome>
  settle(reserved: Reserved, outcome: Outcome): Promise<Settled | undefined> | undefined
  keep(reserved: Reserved, outcome: Outcome): Promise<void> | undefined
  finish(reserved: Reserved, outcome: Outcome, settled: Settled | undefined): void
  leave(admitted: Admitted): void
}

/** Answers one request of a caller, or says at once what there is to refuse. START HERE. */
export type Relay = (asked: Asked) => Refused | Promise<void>

/**
 * A model call, from the key to the charge. Whoever may not go on is told by a `Refused` that is thrown, or returned
 * where it comes at once; the door writes it down in the caller's dialect. Steps that mostly need not wait are awaited
 * only when they do: an `await` of something that is there costs a call more than most of its steps.
 */
export function createRelay(steps: Steps): Relay {
  async function answer(asked: Asked, proven: Proven | Refused): Promise<void> {
    if (proven instanceof Refused) throw proven
    if (asked.endpoint === 'models' || asked.endpoint === 'model') {
      return steps.models(proven.key, asked)
    }
    if (asked.endpoint === 'object') return steps.object(asked, proven)
    if (asked.endpoint === 'realtime') return steps.realtime(asked, proven)
    let call = steps.read(asked, await asked.body())
    // Few calls name what a provider keeps: those can go nowhere else.
    if (call.parsed.names !== undefined) call = await steps.locate(proven.key.accountId, call)
    // The body may have taken its time, and a key can be revoked in between.
    let key = proven.again()
    if (key instanceof Promise) key = await key
    const candidates = steps.route(steps.authorise(key, call))
    if (asked.endpoint === 'count') return steps.count(candidates)
    const admitting = steps.admit(candidates)
    const admitted = admitting instanceof Promise ? await admitting : admitting
    let reserved: Reserved | undefined
    try {
      const reserving = steps.reserve(admitted)
      reserved = reserving instanceof Promise ? await reserving : reserving
      // Places and units that others hold are waited for, and a key can be revoked meanwhile, too.
      if (admitted !== admitting || reserved !== reserving)
        steps.authoriseAgain(await proven.again(), reserved)
      // What goes on behind its answer is written down before anybody is asked for it.
      if (call.parsed.job !== undefined) reserved = await steps.begin(reserved)
      // The answer goes out while it comes in, except for its end: that waits for the charge.
      const outcome = await steps.forward(reserved)
      const kept = steps.keep(reserved, outcome)
      const settled = await steps.settle(reserved, outcome)
      if (kept !== undefined) await kept
      steps.finish(reserved, outcome, settled)
    } catch (failure) {
      // Does nothing where the call was settled.
      reserved?.reservation.release()
      await reserved?.job?.drop()
      throw failure
    } finally {
      steps.leave(admitted)
    }
  }
  return (asked) => {
    // Nobody waits here in the usual case, so that a flood of wrong keys costs neither a promise nor a throw.
    const proven = steps.authenticate(asked)
    if (proven instanceof Refused) return proven
    return proven instanceof Promise
      ? proven.then((known) => answer(asked, known))
      : answer(asked, proven)
  }
}
