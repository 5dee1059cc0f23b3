import type { Client } from 'pg'
import { StorageUnavailable } from '../failures.ts'
import { hasCollided, mayNotWrite, stateOf } from './failures.ts'
import type { RunArrays } from './ledger-calls.ts'
import { connect } from './pool.ts'

/** A connection for one lane's calls, one at a time. Connects anew after it broke. */
export interface LaneConnection {
  readonly run: RunArrays
  close(): Promise<void>
}

/** Half the time after which a node must not reserve any more: a connection that is gone is noticed before. */
const ANSWER_MS = 5_000
const MOST_ATTEMPTS = 5

export function createLaneConnection(url: string): LaneConnection {
  let client: Client | undefined
  let connecting: Promise<Client> | undefined
  let closed = false

  async function drop(broken: Client | undefined): Promise<void> {
    if (client === broken) client = undefined
    await broken?.end().catch(() => undefined)
  }

  /** Calls at once wait for the same one: nobody would end the others. */
  async function connected(): Promise<Client> {
    if (client !== undefined) return client
    connecting ??= connectAnew().finally(() => {
      connecting = undefined
    })
    return connecting
  }

  async function connectAnew(): Promise<Client> {
    const made = closed ? undefined : await connect(url, ANSWER_MS)
    if (closed || made === undefined) {
      await made?.end().catch(() => undefined)
      throw new StorageUnavailable('the store is closed', false)
    }
    made.once('end', () => void drop(made))
    client = made
    return made
  }

  async function attempt(
    sql: string,
    parameters: readonly unknown[],
    left: number,
  ): ReturnType<RunArrays> {
    const on = await connected()
    try {
      const { rows } = await on.query({ text: sql, values: [...parameters], rowMode: 'array' })
      return rows
    } catch (failure) {
      const mustGo = mayNotWrite(failure)
      // What the server said leaves the connection as it was; anything else may have left half an answer on it.
      if (stateOf(failure) === '' || mustGo) void drop(on)
      if ((hasCollided(failure) || mustGo) && left > 0) return attempt(sql, parameters, left - 1)
      throw failure
    }
  }

  return {
    run: (sql, parameters) => attempt(sql, parameters, MOST_ATTEMPTS),
    close() {
      closed = true
      return drop(client)
    },
  }
}
