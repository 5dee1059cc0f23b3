import type { Compilable, Store } from '../storage/store.ts'
import type { ObjectRow } from './objects.ts'

/** So few at a time that no settlement waits long for them. */
const MOST_A_WRITE = 200

interface Waiting {
  readonly rows: readonly ObjectRow[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes rows, those of many calls together: while one write is under way, all that come meanwhile wait for the next. The
 * writes of all nodes are serial, so that one a call would hold them up.
 */
export function createRecording(store: Pick<Store, 'db' | 'write'>) {
  let waiting: Waiting[] = []
  let isWriting = false

  async function run(): Promise<void> {
    isWriting = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MOST_A_WRITE)
      waiting = waiting.slice(MOST_A_WRITE)
      try {
        await store.write(batch.flatMap(({ rows }) => rows.map((row) => statementFor(store, row))))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    isWriting = false
  }

  return function write(rows: readonly ObjectRow[]): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.push({ rows, resolve, reject })
      if (!isWriting) void run()
    })
  }
}

/**
 * A provider that issues an id again has overwritten what it meant: nobody may reach by it what is now somebody else's.
 * Containers are told of whenever they are used, and items again with what they belong to, so that of those the first
 * account remains.
 */
function statementFor({ db }: Pick<Store, 'db'>, row: ObjectRow): Compilable {
  const { object_id: _id, kind: _kind, channel_id: _channel, created_at: _made, ...news } = row
  return db
    .insertInto('object')
    .values(row)
    .onConflict((on) => {
      const again = on.columns(['object_id', 'kind', 'channel_id']).doUpdateSet(news)
      if (row.kind !== 'container' && row.kind !== 'item') return again
      return again.where('object.account_id', '=', row.account_id)
    })
}
