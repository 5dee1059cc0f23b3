import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { resultCode } from './sqlite-open.ts'
import { createSettler, isRefusal } from './sqlite-settle.ts'
import type { Row, SqlValue, Written } from './store.ts'
import {
  type AskedWrite,
  type Batch,
  type BatchAnswer,
  type PlainStatement,
  type RefusedWrite,
  SETTLED,
  toRows,
} from './wire.ts'

const UNIQUE = new Set([2067, 1555, 2579])
/** Changes are followed by polling every 250 ms; a follower further behind than this drops its caches. */
const CHANGES_KEPT_SECONDS = 3600
const MOST_STATEMENTS = 300

/**
 * Commits everything that waited in one transaction, so that one disk sync serves all. A write that fails undoes only
 * itself; when the disk refuses, nothing was written and the answer says so.
 */
export function createBatchCommit(database: DatabaseSync, now: () => number) {
  const settler = createSettler(database)
  const statements = createStatements(database)
  const begin = database.prepare('begin immediate')
  const commit = database.prepare('commit')
  const swept = { at: 0 }

  function runBatch(batch: Batch): Extract<BatchAnswer, { durable: true }> {
    const taken = { settled: new Float64Array(countOf(batch) * SETTLED), budgets: [] }
    const writes: (Written | RefusedWrite)[] = []
    const mended: { index: number; because: string }[] = []
    let index = 0
    for (const part of batch.order) {
      if (typeof part !== 'number') {
        settler.flush()
        writes.push(runWrite(database, statements, part, now()))
        settler.forget()
        continue
      }
      for (const end = index + part; index < end; index++) {
        const because = settler.settle(batch, index, taken)
        if (because !== undefined) mended.push({ index, because })
      }
    }
    settler.flush()
    return { durable: true, ...taken, writes, mended }
  }

  return (batch: Batch): BatchAnswer => {
    try {
      begin.run()
      const answer = runBatch(batch)
      if (answer.writes.length > 0) sweepChanges(statements, now(), swept)
      commit.run()
      return answer
    } catch (failure) {
      if (database.isTransaction) database.exec('rollback')
      return {
        durable: false,
        because: failure instanceof Error ? failure.message : String(failure),
      }
    } finally {
      settler.forget()
    }
  }
}

function runWrite(
  database: DatabaseSync,
  statements: Statements,
  asked: AskedWrite,
  nowMs: number,
): Written | RefusedWrite {
  database.exec('savepoint one')
  try {
    const written = runStatements(statements, asked.statements)
    if (!written.done) {
      database.exec('rollback to one; release one')
      return written
    }
    noteChanges(statements, asked, nowMs)
    database.exec('release one')
    return written
  } catch (failure) {
    // A disk that refuses takes the whole transaction with it, and so the whole batch.
    if (!database.isTransaction || !isRefusal(failure)) throw failure
    database.exec('rollback to one; release one')
    return refusedWrite(failure)
  }
}

function runStatements(statements: Statements, asked: readonly PlainStatement[]): Written {
  const rows: (readonly Row[])[] = []
  const changed: number[] = []
  for (const [index, { sql, parameters, must }] of asked.entries()) {
    const { statement, returns } = statements.of(sql)
    if (returns) {
      const found = toRows(statement.all(...parameters))
      rows.push(found)
      changed.push(found.length)
    } else {
      rows.push([])
      changed.push(Number(statement.run(...parameters).changes))
    }
    if (must && changed[index] === 0) return { done: false, stoppedAt: index }
  }
  return { done: true, rows, changed }
}

/** The counter is bumped last in its write, so that numbers are given in the order of commits. */
function noteChanges(statements: Statements, { changes }: AskedWrite, nowMs: number): void {
  for (const { kind, subject } of changes) {
    statements.run('update change_counter set seq = seq + 1')
    statements.run(
      'insert into change (seq, kind, subject, created_at) select seq, ?, ?, ? from change_counter',
      kind,
      subject,
      Math.floor(nowMs / 1000),
    )
  }
}

function sweepChanges(statements: Statements, nowMs: number, swept: { at: number }): void {
  if (nowMs - swept.at < 60_000) return
  swept.at = nowMs
  statements.run(
    'delete from change where created_at < ?',
    Math.floor(nowMs / 1000) - CHANGES_KEPT_SECONDS,
  )
}

function refusedWrite(failure: unknown): RefusedWrite {
  const refused = failure instanceof Error ? failure.message : String(failure)
  if (!UNIQUE.has(resultCode(failure))) return { refused }
  const [, named = ''] = refused.split('constraint failed: ')
  return { refused, columns: named.split(', ') }
}

const countOf = (batch: Batch): number =>
  batch.order.reduce<number>((sum, part) => (typeof part === 'number' ? sum + part : sum), 0)

interface Statements {
  of(sql: string): { readonly statement: StatementSync; readonly returns: boolean }
  run(sql: string, ...parameters: SqlValue[]): void
}

/** Prepared statements by their text, the oldest forgotten first. */
function createStatements(database: DatabaseSync): Statements {
  const held = new Map<string, { statement: StatementSync; returns: boolean }>()
  function of(sql: string) {
    const known = held.get(sql)
    if (known) return known
    const [oldest] = held.keys()
    if (held.size >= MOST_STATEMENTS && oldest !== undefined) held.delete(oldest)
    const statement = database.prepare(sql)
    const made = { statement, returns: statement.columns().length > 0 }
    held.set(sql, made)
    return made
  }
  return { of, run: (sql, ...parameters) => void of(sql).statement.run(...parameters) }
}
