import type { Logger } from 'pino'
import type { HashCost } from './accounts/passwords.ts'
import type { FirstStart } from './cli/first-start.ts'
import { openDoor } from './compose/door.ts'
import { buildRelay } from './compose/relay.ts'
import { buildRooms } from './compose/rooms.ts'
import type { Config } from './config.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { Store } from './storage/store.ts'

/** What touches the world outside. */
export interface Outside {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds of a clock that nobody sets: rate limits go by it, and chores. The process's own, unless a test brings one. */
  readonly steady?: () => number
  /** Bytes nobody can guess. */
  readonly random: (bytes: number) => Uint8Array
  readonly log: Logger
  /** What hashing a password takes: what is right for people's, unless a test brings less. */
  readonly passwordCost?: HashCost
  /** Aborted when the program is to stop: a start does not wait for a database that is away, then. */
  readonly stopping?: AbortSignal
}

/** A running gateway. */
export interface Gateway {
  readonly url: string
  readonly store: Store
  readonly ledger: Ledger
  /** What the first start made; undefined on every later one. */
  readonly first: FirstStart | undefined
  /** A model that can be called, for whoever wants to try; `undefined` while there is none. */
  modelToTry(): Promise<string | undefined>
  /** Drains: no new calls, running ones may end, everything is written. */
  close(): Promise<void>
}

/** Builds the whole gateway and starts it. What was opened is closed again, last first, also when something fails. */
export async function compose(config: Config, outside: Outside): Promise<Gateway> {
  await using opened = new AsyncDisposableStack()
  const built = await buildRooms(config, outside, opened)
  const { rooms, draining } = built
  const relay = buildRelay(built, opened)
  const url = await openDoor({ config, built, relay }, opened)
  built.tellOwner(url)
  const owned = opened.move()
  let closing: Promise<void> | undefined
  return {
    url,
    store: rooms.store,
    ledger: rooms.ledger,
    first: built.first,
    async modelToTry() {
      await rooms.directory.asked
      const models = rooms.directory.models('default')
      return models.find((model) => rooms.prices.priceOf(model) !== undefined)
    },
    close() {
      draining.begin()
      closing ??= owned.disposeAsync()
      return closing
    },
  }
}
