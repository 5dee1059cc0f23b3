import { setTimeout as pause } from 'node:timers/promises'
import { Client, DatabaseError } from 'pg'
import { onTestFinished } from 'vitest'
import type { RunArrays } from '../../src/storage/postgres/ledger-calls.ts'
import { connectionTo } from '../../src/storage/postgres/pool.ts'

/** A connection of a test's own, whose transactions may stay open for a while. */
export interface Session {
  readonly client: Client
  readonly run: RunArrays
  /** The transaction of the next statement stays open for so long; 0: it ends with the statement. */
  hold(ms: number): void
}

/** Two transactions in each other's way, or one that waited too long. */
const COLLISIONS = new Set(['40P01', '40001', '55P03'])

/** Opens one, gone after the test. What went wrong between transactions is noted in `collisions`. */
export async function openSession(url: string, collisions: string[] = []): Promise<Session> {
  const client = new Client(connectionTo(url))
  client.on('error', () => undefined)
  await client.connect()
  onTestFinished(() => client.end())
  let heldMs = 0
  let last: Promise<unknown> = Promise.resolve()

  function noted(failure: unknown): never {
    const code = failure instanceof DatabaseError ? (failure.code ?? '') : ''
    if (COLLISIONS.has(code)) collisions.push(code)
    throw failure
  }

  async function inTransaction(ask: () => ReturnType<RunArrays>, ms: number) {
    await client.query('begin')
    try {
      const rows = await ask()
      await pause(ms)
      await client.query('commit')
      return rows
    } catch (failure) {
      await client.query('rollback')
      throw failure
    }
  }

  return {
    client,
    hold(ms) {
      heldMs = ms
    },
    run(sql, parameters) {
      const ms = heldMs
      heldMs = 0
      const ask = async () => {
        const asked = { text: sql, values: [...parameters], rowMode: 'array' as const }
        return (await client.query<(string | number | boolean | null)[]>(asked)).rows
      }
      const answer = last.then(() => (ms === 0 ? ask() : inTransaction(ask, ms))).catch(noted)
      last = answer.catch(() => undefined)
      return answer
    },
  }
}

/** Runs statements as they are, in a session of their own. */
export async function runOn(url: string, statements: string): Promise<void> {
  await rowsOn(url, statements)
}

/** What a statement returns, in a session of its own. */
export async function rowsOn(
  url: string,
  statement: string,
): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}
