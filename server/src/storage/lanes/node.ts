import type { Log } from '../commit-queue.ts'
import type { Loans } from '../loans.ts'
import { type Clock, hasPassed, type Moment, momentOn, pauseOn } from './clock.ts'
import { Lane } from './lane.ts'
import type { Ask, LedgerCalls, Moved, NodeFacts } from './ledger-calls.ts'
import { createReaper } from './reaper.ts'

export interface NodeParts {
  readonly calls: LedgerCalls
  readonly facts: NodeFacts
  readonly clock: Clock
  readonly log?: Log | undefined
}

/** This process as one of the nodes that share a ledger. */
export interface LedgerNode extends Loans {
  readonly settleLane: Lane
  /** True when others may take it for dead soon: it must not reserve any more. */
  fenced(): boolean
  /** What was spent of a hold, as a settlement's answer said. */
  spent(spent: { entity: number; spent: number; epoch: number }): void
  /** Gives everything back and ends the epoch. */
  close(): Promise<void>
}

/** A node reserves for so long after it sent its last call that was applied. */
export const FENCE_MS = 10_000
const BEAT_MS = 2_000
const POLL_MS = 250
const COALESCE_MS = 20
const REGISTER_AGAIN_MS = 500

/** Registers with the shared ledger. Rejects when the database can't be asked. */
export async function createNode(parts: NodeParts): Promise<LedgerNode> {
  const { calls, clock, facts } = parts
  const began = momentOn(clock)
  const state: State = {
    epoch: await calls.register(facts, []),
    acknowledged: began,
    renewing: false,
    closed: false,
  }
  const lost = createLost(parts, state)
  const laneParts = {
    clock,
    epoch: () => state.epoch,
    acknowledged(sent: Moment) {
      if (sent.monotonic > state.acknowledged.monotonic) state.acknowledged = sent
    },
    lost: lost.renew,
  }
  const moveLane = new Lane(laneParts)
  const settleLane = new Lane(laneParts)
  const reaper = createReaper({ ...parts, own: () => state.epoch })
  const recalls = createRecalls(parts, state)
  const spent = createListeners<{ entity: number; spent: number; epoch: number }>()
  const missing = createMissing()

  const stopBeat = every(clock, BEAT_MS, async () => {
    await beat(parts, state, moveLane)
    await reaper.look()
  })
  return {
    get epoch() {
      return state.epoch
    },
    settleLane,
    fenced: () => isFenced(clock, state),
    async move(asks) {
      const asked = state.epoch
      const moved = await moveLane.send(async (epoch, seq) => {
        // Nobody would give back what a closing node still borrowed.
        if (state.closed) throw new Error('this node closes')
        // In line behind others the epoch may have ended: what was asked for was worked out from what it held.
        return calls.move({ epoch, seq, asks: epoch === asked ? asks : [] })
      })
      return moved === 'lost' || asked !== state.epoch ? undefined : missing.told(asks, moved)
    },
    onMissing: missing.on,
    onLost: lost.on,
    spent: spent.tell,
    onSpent: spent.on,
    recall: recalls.ask,
    onRecall: recalls.on,
    nodes: reaper.nodes,
    async close() {
      state.closed = true
      stopBeat()
      recalls.close()
      moveLane.close()
      settleLane.close()
      // In line behind what is on its way, so that both numbers are known.
      await moveLane.send(async (epoch) => {
        await calls.reap({ epoch, move: moveLane.seq, settle: settleLane.seq })
        return true
      })
    },
  }
}

interface State {
  epoch: number
  acknowledged: Moment
  /** The epoch has ended, and there is no new one yet. */
  renewing: boolean
  closed: boolean
}

const isFenced = (clock: Clock, { acknowledged, renewing }: State): boolean =>
  renewing || hasPassed(clock, acknowledged, FENCE_MS)

/** One that was sent long ago and is answered only now has shown the others nothing new: the next one does. */
async function beat({ calls, clock }: NodeParts, state: State, lane: Lane): Promise<void> {
  const send = () => lane.send((epoch, seq) => calls.move({ epoch, seq, asks: [] }))
  await send()
  if (isFenced(clock, state)) await send()
}

/** The epoch ended: holds are void, and the node goes on under a new one. Both lanes may notice; it happens once. */
function createLost({ calls, clock, facts, log }: NodeParts, state: State) {
  const listeners: (() => void)[] = []
  let renewing: Promise<void> | undefined
  /**
   * Where a failover forgot what an epoch did, or that it ended, the epoch itself is still there, and calls of it that were
   * delayed may yet arrive and find their numbers free: what they charge would be charged twice. So all of them end each
   * time, also those that had ended before. That is a number for each time that this process was lost.
   */
  const former: number[] = []

  async function register(): Promise<void> {
    for (;;) {
      try {
        const sent = momentOn(clock)
        const epoch = await calls.register(facts, [...former, state.epoch])
        former.push(state.epoch)
        state.epoch = epoch
        state.acknowledged = sent
        state.renewing = false
        break
      } catch (failure) {
        if (state.closed) throw failure
        await pauseOn(clock, REGISTER_AGAIN_MS)
      }
    }
    log?.error(
      { epoch: state.epoch },
      'other nodes took this one for dead: it goes on as a new one',
    )
    for (const listener of listeners) listener()
  }

  return {
    on: (listener: () => void) => void listeners.push(listener),
    renew(epoch: number): Promise<void> {
      if (epoch !== state.epoch) return Promise.resolve()
      // Whoever closes would only leave a new epoch behind.
      if (state.closed) return Promise.reject(new Error('closed'))
      state.renewing = true
      renewing ??= register().finally(() => {
        renewing = undefined
      })
      return renewing
    },
  }
}

function createListeners<Told>() {
  const listeners: ((told: Told) => void)[] = []
  return {
    on: (listener: (told: Told) => void) => void listeners.push(listener),
    tell(told: Told) {
      for (const listener of listeners) listener(told)
    },
  }
}

/** Hears of entities that were asked for and have no balance. */
function createMissing() {
  const { on, tell } = createListeners<readonly number[]>()
  return {
    on,
    told(asks: readonly Ask[], moved: readonly Moved[]): readonly Moved[] {
      if (moved.length === asks.length) return moved
      const there = new Set(moved.map(({ entity }) => entity))
      // Who gives it back needs nothing of it.
      const missing = asks.filter(({ entity, leave }) => leave !== true && !there.has(entity))
      if (missing.length > 0) tell(missing.map(({ entity }) => entity))
      return moved
    },
  }
}

/** Asks for units back and hears who asks. Many wishes at once are one call. */
function createRecalls({ calls, clock }: NodeParts, state: State) {
  const listeners: ((entities: readonly number[]) => void)[] = []
  const wanted = new Set<number>()
  let underway = false

  const tell = (entities: readonly number[]) => {
    if (entities.length > 0) for (const listener of listeners) listener(entities)
  }
  async function send(): Promise<void> {
    const entities = [...wanted]
    wanted.clear()
    // A recall that is lost is asked for again by whoever still waits.
    await calls.recall({ entities, by: state.epoch }).catch(() => undefined)
    underway = false
    if (wanted.size > 0 && !state.closed) later()
  }
  function later(): void {
    underway = true
    clock.after(COALESCE_MS, () => void send())
  }
  // Who gave back what it waits for would have to borrow it again.
  calls.onRecall(({ entities, by }) => by !== state.epoch && tell(entities))
  const stop = every(clock, POLL_MS, async () => tell(await calls.recalled(state.epoch)))
  return {
    ask(entities: readonly number[]) {
      for (const entity of entities) wanted.add(entity)
      if (!underway) later()
    },
    on: (listener: (entities: readonly number[]) => void) => void listeners.push(listener),
    close: stop,
  }
}

/** Again and again, never twice at once; what fails is tried at the next turn. */
function every(clock: Clock, ms: number, run: () => Promise<void>): () => void {
  let stopped = false
  let cancel = () => {}
  const turn = () => {
    cancel = clock.after(ms, () => {
      run()
        .catch(() => undefined)
        .finally(() => {
          if (!stopped) turn()
        })
    })
  }
  turn()
  return () => {
    stopped = true
    cancel()
  }
}
