import type { Refused } from '../errors.ts'
import type { ApiKey } from '../keys/api-key.ts'
import type { Candidates, ModelCall, Offer } from './values.ts'

/** A call from its admission to its end. Who serves it listens for its being cut. */
export class RunningCall {
  /** Neighbours among the running; both undefined when it has ended. */
  before: RunningCall | undefined
  after: RunningCall | undefined
  /** As it was when it was last asked whether the call may go on. */
  key: ApiKey
  readonly call: ModelCall
  /** Where and with which model it is served, or will be. */
  offer: Offer
  #refusal: Refused | undefined
  #listener: ((refusal: Refused) => void) | undefined

  constructor({ key, call, offers }: Candidates) {
    this.key = key
    this.call = call
    this.offer = offers[0]
  }

  /** Why it may not go on; `undefined` while it may. */
  get refusal(): Refused | undefined {
    return this.#refusal
  }

  /** Ends it at once. The first reason counts. */
  cut(refusal: Refused): void {
    if (this.#refusal !== undefined) return
    this.#refusal = refusal
    this.#listener?.(refusal)
  }

  /** A later listener replaces the former. */
  onCut(listener: (refusal: Refused) => void): void {
    this.#listener = listener
  }
}

/** The calls that are running. */
export interface RunningCalls {
  begin(candidates: Candidates): RunningCall
  /** Harmless when it has ended already. */
  end(call: RunningCall): void
  /** Looks at all of them. */
  of(belongs: (key: ApiKey) => boolean): readonly RunningCall[]
}

/** A chain, for the reason that forward/deadlines.ts names. Asked for whose calls they are so rarely that it needs no index. */
export function createRunningCalls(): RunningCalls {
  let newest: RunningCall | undefined
  return {
    begin(candidates) {
      const call = new RunningCall(candidates)
      call.after = newest
      if (newest !== undefined) newest.before = call
      newest = call
      return call
    },
    end(call) {
      const { before, after } = call
      if (before !== undefined) before.after = after
      else if (newest === call) newest = after
      if (after !== undefined) after.before = before
      call.before = undefined
      call.after = undefined
    },
    of(belongs) {
      const found: RunningCall[] = []
      for (let call = newest; call !== undefined; call = call.after) {
        if (belongs(call.key)) found.push(call)
      }
      return found
    },
  }
}
