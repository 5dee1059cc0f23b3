import {
  type LedgerCalls,
  NotApplied,
  type Recall,
  type Settle,
} from '../../src/storage/lanes/ledger-calls.ts'
import type { Database } from './database.ts'
import { settle } from './database-settle.ts'
import { createHealth, type Health } from './health.ts'
import type { NodeClock } from './node-clock.ts'
import type { Profile } from './profile.ts'
import type { Owner, World } from './world.ts'

/** After so long a node gives a connection up, as lane-connection.ts does. */
const ANSWER_MS = 5_000
const USUAL_MS = 1
/** The same by the slowest clock, and a little. */
const GIVEN_UP_MS = 5_200
/** The latest that a notification is heard. */
const LATE_TOLD_MS = 3_000
/** Chance of a notification to be lost, on good days too: polling finds what it said. */
const LOST = 0.1

export interface Network {
  /** While false every message arrives, once and soon. */
  troubled: boolean
  /** Messages that are going to arrive. */
  underway: number
  /** No message of this process arrives, nor reaches it, until then. */
  cutOff(owner: Owner, until: number): void
  /** What this process asks arrives, and is done; no answer reaches it, until then. */
  deafen(owner: Owner, until: number): void
  /** A process's connection to the database. */
  connect(owner: Owner, clock: NodeClock): Connection
  readonly health: Health
  /** Notifications: a change was written; units of entities are wanted. */
  announce(): void
  recall(recall: Recall): void
}

/** Who hears notifications, while the server is the one that it connected to. */
interface Listener {
  readonly incarnation: number
  readonly onChange: () => void
}

export interface Connection {
  readonly calls: LedgerCalls
  /** Asks the database for one transaction; rejects when nobody knows what became of it. */
  ask<T>(what: string, apply: () => T): Promise<T>
  /** The answer ends it. */
  listen(listener: Listener): () => void
}

export function createNetwork(world: World, database: Database, profile: Profile): Network {
  const cut = new Map<Owner, number>()
  const deaf = new Map<Owner, number>()
  const isCut = (owner: Owner) => (cut.get(owner) ?? 0) > world.now
  const hearsNothing = (owner: Owner) => isCut(owner) || (deaf.get(owner) ?? 0) > world.now
  const health = createHealth(world)
  const listeners = new Set<Listener & { readonly owner: Owner }>()
  const recalled = new Map<(recall: Recall) => void, Owner>()

  /** A notification may be lost, come late, when nobody waits any more, or twice. */
  function notify(owner: Owner, hear: () => void): void {
    const { random } = world
    const isTroubled = network.troubled
    for (let left = isTroubled && random.chance(0.05) ? 2 : 1; left > 0; left--) {
      if (owner.gone || hearsNothing(owner) || random.chance(LOST)) continue
      const isLate = isTroubled && random.chance(0.1)
      const ms = isLate ? random.next() * LATE_TOLD_MS : random.around(USUAL_MS)
      world.after(ms, () => hearsNothing(owner) || hear(), owner)
    }
  }

  /** What was on its way when it began is given up only after a while. */
  const cutFor = (of: Map<Owner, number>) => (owner: Owner, until: number) => {
    if (until > world.now) {
      health.waits(owner, until - world.now + GIVEN_UP_MS)
    }
    of.set(owner, until)
  }

  const network: Network = {
    troubled: true,
    underway: 0,
    health,
    announce() {
      for (const { owner, incarnation, onChange } of listeners)
        if (incarnation === database.incarnation) notify(owner, onChange)
    },
    recall(recall) {
      for (const [tell, owner] of recalled) notify(owner, () => tell(recall))
    },
    cutOff: cutFor(cut),
    deafen: cutFor(deaf),
    connect(owner, clock) {
      const travel = createTravel({ world, database, profile, network, isCut, hearsNothing })
      const ask = <T>(what: string, apply: () => T) => travel({ owner, clock, what, apply })
      return {
        ask,
        calls: {
          ...callsOn(ask, database, network),
          onRecall: (listener) => void recalled.set(listener, owner),
        },
        listen(listener) {
          const one = { ...listener, owner }
          listeners.add(one)
          return () => void listeners.delete(one)
        },
      }
    },
  }
  return network
}

function callsOn(
  ask: Connection['ask'],
  database: Database,
  network: Network,
): Omit<LedgerCalls, 'onRecall'> {
  const { world } = database
  return {
    register: (_node, former) => ask('register', () => database.register(former)),
    move: (call) => ask(`move ${call.epoch}#${call.seq}`, () => database.move(call)),
    settle: (call) => ask(`settle ${call.epoch}#${call.seq}`, () => settleOn(database, call)),
    lanes: () => ask('lanes', () => [...database.lanes.rows()].map(([, lanes]) => lanes)),
    reap: (lanes) => ask(`reap ${lanes.epoch}`, () => database.reap(lanes)),
    // Others lock rows for a moment, and people for longer.
    locked: (entities) =>
      ask('locked', () => entities.filter(() => network.troubled && world.random.chance(0.2))),
    recall: (recall) =>
      ask('recall', () => {
        if (database.weakness === 'recall') return
        database.recall(recall)
        network.recall(recall)
      }),
    recalled: (by) => ask('recalled', () => database.recalled(by)),
  }
}

/** Weakened, it forgets now and then what it answers. */
function settleOn(database: Database, call: Settle) {
  const settled = settle(database, call)
  if (database.weakness === 'durable' && database.world.random.chance(0.02))
    database.journal.lose(1)
  return settled
}

interface Journey {
  /** Absent: lost. */
  readonly there: number | undefined
  readonly again: number | undefined
  readonly back: number | undefined
  /** The connection breaks for the one who asked, whatever became of the message. */
  readonly breaks: number | undefined
  readonly refused: boolean
}

function plan({ random }: World, profile: Profile, troubled: boolean): Journey {
  const usual = () => random.around(USUAL_MS)
  if (!troubled) {
    return { there: usual(), again: undefined, back: usual(), breaks: undefined, refused: false }
  }
  const slow = () => (random.chance(profile.slow) ? random.next() * 4_000 : usual())
  const late = () => random.next() * 20_000
  return {
    there: random.chance(profile.requestLost)
      ? undefined
      : random.chance(profile.veryLate)
        ? late()
        : slow(),
    again: random.chance(profile.twice)
      ? random.chance(0.3)
        ? late()
        : random.next() * 300
      : undefined,
    back: random.chance(profile.answerLost) ? undefined : slow(),
    breaks: random.chance(profile.breaks) ? random.next() * 10 : undefined,
    refused: random.chance(profile.refused),
  }
}

/** Whether the answer comes when it should. */
const isGood = ({ there, back, breaks, refused }: Journey): boolean =>
  breaks === undefined && !refused && Math.max(there ?? Infinity, back ?? Infinity) <= 10 * USUAL_MS

interface Asking<T> {
  readonly owner: Owner
  readonly clock: NodeClock
  readonly what: string
  readonly apply: () => T
}

/** What is asked all the time, and seldom says anything. */
const OFTEN = new Set(['recalled', 'lanes', 'changes'])

interface TravelParts {
  readonly world: World
  readonly database: Database
  readonly profile: Profile
  readonly network: Network
  readonly isCut: (owner: Owner) => boolean
  readonly hearsNothing: (owner: Owner) => boolean
}

/** A message's way to the database and its answer's way back. */
function createTravel(parts: TravelParts) {
  const { world, database, profile, network, isCut, hearsNothing } = parts
  return <T>({ owner, clock, what, apply }: Asking<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      let over = false
      const waitsForever = database.weakness === 'time-out'
      const stop = clock.after(waitsForever ? Infinity : ANSWER_MS, () =>
        end('no answer in time', () => reject(unknown(what))),
      )
      const end = (says: string, answer: () => void) => {
        if (over) return
        over = true
        stop()
        if (!OFTEN.has(what)) world.note(owner.name, () => `${what}: ${says}`)
        answer()
      }
      const journey = plan(world, profile, network.troubled)
      const { there, again, back, breaks } = journey
      if (!isGood(journey)) network.health.waits(owner, GIVEN_UP_MS)
      const answered = (says: string, answer: () => void) => {
        if (back === undefined) return
        const { incarnation } = database
        const arrive = () => {
          if (hearsNothing(owner)) return
          if (incarnation === database.incarnation) end(says, answer)
          else end('the connection broke', () => reject(unknown(what)))
        }
        world.after(back, arrive, owner)
      }
      const arrive = () => {
        if (!database.up) return answered('no database', () => reject(unknown(what)))
        if (journey.refused)
          return answered('refused', () => reject(new NotApplied('lock_timeout', false, true)))
        try {
          const did = apply()
          world.note('database', () => `${what} of ${owner.name}: ${JSON.stringify(did) ?? 'done'}`)
          answered('answered', () => resolve(did))
        } catch (failure) {
          answered(String(failure), () => reject(failure))
        }
      }
      // Only the first answer counts; a second arrival comes from a connection that nobody listens to.
      for (const ms of [there, again]) {
        if (ms === undefined || isCut(owner)) continue
        network.underway++
        world.quietly(ms, () => {
          network.underway--
          arrive()
        })
      }
      if (breaks !== undefined)
        world.after(breaks, () => end('the connection broke', () => reject(unknown(what))), owner)
    })
}

const unknown = (what: string): Error => new Error(`nobody knows what became of ${what}`)
