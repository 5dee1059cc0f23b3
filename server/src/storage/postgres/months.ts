import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from 'pg'
import type { MonthsAsked } from '../store.ts'
import { stateOf } from './failures.ts'
import { LOCKS } from './locks.ts'
import { connect } from './pool.ts'

/** Folding a month of a hundred million records takes minutes. */
const LONGEST_MS = 24 * 3_600_000
/** How long settlements may wait behind us for the table, and what they have for themselves then. */
const LOCK_WAIT = '50ms'
const PAUSE_MS = 1_000
const ATTEMPTS = 20
const WATCH_MS = 250
/** Somebody else holds a lock, or it went round in a circle. */
const IN_THE_WAY = new Set(['55P03', '40P01'])
/** Another node has dropped it while this one waited. */
const NO_SUCH_TABLE = '42P01'

/** Months whose partitions end before a time, by the clock of the database also, oldest first. */
const ENDED = `
  select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
  where inhparent = 'usage'::regclass and relname ~ '^usage_[0-9]{4}_[0-9]{2}$'
    and extract(epoch from to_date(right(relname, 7), 'YYYY_MM') + interval '1 month') * 1000
      <= least($1::numeric, extract(epoch from now() at time zone 'utc') * 1000)
  order by relname`

/**
 * Drops months of usage records one by one, each in a transaction with what must be written of it first. Locks come in one
 * order: retention, the month, rows of payers, and last the whole table, which every settlement needs: it is asked for in
 * short attempts, so that whoever reads for long holds up us and not the calls. Nothing is done when that fails.
 * Resolves with whether no month is left for later.
 */
export async function dropMonths(url: string, asked: MonthsAsked): Promise<boolean> {
  const client = await connect(url, LONGEST_MS)
  const watch = setInterval(() => {
    // The database undoes what was not committed.
    if (asked.over()) void client.end().catch(() => undefined)
  }, WATCH_MS).unref()
  try {
    const { rows } = await client.query<{ name: string }>(ENDED, [asked.before])
    for (const { name } of rows)
      if (asked.over() || !(await dropMonth(client, name, asked))) return false
    return true
  } catch (failure) {
    if (asked.over()) return false
    throw failure
  } finally {
    clearInterval(watch)
    await client.end().catch(() => undefined)
  }
}

async function dropMonth(client: Client, name: string, asked: MonthsAsked): Promise<boolean> {
  await client.query('begin')
  try {
    await client.query(`set local statement_timeout = 0; set local lock_timeout = '2s';
      set local idle_in_transaction_session_timeout = 0`)
    await client.query('select pg_advisory_xact_lock($1)', [LOCKS.retention])
    // Records of that time that come now, from a clock that is months behind, wait and go to the rest.
    await client.query(`lock table ${name} in share mode`)
    const isDone = (await closed(client, name, asked)) && (await dropped(client, name, asked))
    await client.query(isDone ? 'commit' : 'rollback')
    return isDone
  } catch (failure) {
    const isGone = stateOf(failure) === NO_SUCH_TABLE
    if (!isGone && !isInTheWay(failure)) throw failure
    await client.query('rollback')
    return isGone
  }
}

async function closed(client: Client, name: string, { closing }: MonthsAsked): Promise<boolean> {
  for (const { sql, parameters, must } of closing(name)) {
    const { rowCount } = await client.query(sql, [...parameters])
    if (must === 'row' && rowCount === 0) return false
  }
  return true
}

async function dropped(client: Client, name: string, { over }: MonthsAsked): Promise<boolean> {
  await client.query(`set local lock_timeout = '${LOCK_WAIT}'`)
  for (let attempt = 1; attempt <= ATTEMPTS && !over(); attempt++) {
    await client.query('savepoint before_drop')
    try {
      await client.query(`drop table ${name}`)
      return true
    } catch (failure) {
      if (!isInTheWay(failure)) throw failure
      await client.query('rollback to savepoint before_drop')
      await pause(PAUSE_MS)
    }
  }
  return false
}

const isInTheWay = (failure: unknown) => IN_THE_WAY.has(stateOf(failure))

/** For a write that must not run while a month is dropped: it would wait for the payers' rows, and others for it. */
export const NO_MONTH_IS_DROPPED = `select 1 as free where pg_try_advisory_xact_lock(${LOCKS.retention})`
