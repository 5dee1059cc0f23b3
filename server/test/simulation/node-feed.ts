import { type Feed, startFeed } from '../../src/storage/postgres/feed.ts'
import { createFeedLine, type FeedConnection } from '../../src/storage/postgres/feed-line.ts'
import type { Change } from '../../src/storage/tables.ts'
import type { Database } from './database.ts'
import type { Connection } from './network.ts'
import type { NodeClock } from './node-clock.ts'

export interface NodeFeedParts {
  readonly connection: Connection
  readonly database: Database
  readonly clock: NodeClock
  readonly onChange: (change: Change) => Promise<void>
  readonly onBehind: () => Promise<void>
}

/** The feed as it is, on connections of the simulation, which end with the server that they were made to. */
export function startNodeFeed(parts: NodeFeedParts): Promise<Feed> {
  const { connection, database, clock, onChange, onBehind } = parts
  const { weakness } = database
  return startFeed({
    line: (wake) => createFeedLine(() => open(connection, database, wake)),
    onChange: (change) =>
      weakness === 'feed' && change.kind === 'balance' ? Promise.resolve() : onChange(change),
    onBehind: () => (weakness === 'behind' ? Promise.resolve() : onBehind()),
    clock: {
      monotonic: () => clock.monotonic(),
      wall: () => clock.wall(),
      after: (ms, call) => clock.after(weakness === 'poll' ? Number.POSITIVE_INFINITY : ms, call),
    },
  })
}

async function open(
  { ask, listen }: Connection,
  database: Database,
  wake: () => void,
): Promise<FeedConnection> {
  const incarnation = await ask('listen', () => database.incarnation)
  const stop = listen({ incarnation, onChange: wake })
  const asking = <T>(what: string, apply: () => T): Promise<T> =>
    ask(what, () => {
      if (incarnation !== database.incarnation) throw new Error('the connection broke')
      return apply()
    })
  return {
    newest: () => asking('newest change', () => newestOf(database)),
    changesAfter: (number) => asking('changes', () => changesAfter(database, number)),
    async end() {
      stop()
    },
  }
}

const newestOf = ({ newest, incarnation }: Database) => ({ newest, life: String(incarnation) })

function changesAfter(database: Database, number: number) {
  const { changes, newest } = database
  const found: { seq: number; change: Change }[] = []
  for (let seq = number + 1; seq <= newest; seq++) {
    const change = changes.get(seq)
    if (change !== undefined) found.push({ seq, change })
  }
  return { ...newestOf(database), changes: found }
}
