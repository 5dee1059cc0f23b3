import { DatabaseError } from 'pg'
import type { Clock } from '../lanes/clock.ts'
import {
  type LaneSettled,
  type Lanes,
  type LedgerCalls,
  type Move,
  type Moved,
  NotApplied,
  type Recall,
  type Settle,
} from '../lanes/ledger-calls.ts'
import type { Settlement } from '../store.ts'
import { NUMBERS, TEXTS } from '../wire.ts'

/** Runs one statement on a connection; rows as arrays, numbers as numbers. */
export type RunArrays = (sql: string, parameters: readonly unknown[]) => Promise<readonly Values[]>
type Values = readonly (number | string | boolean | null)[]

export interface LedgerCallsParts {
  /** A connection of its own for each lane, so that neither waits for the other or for anything else. */
  readonly moveLane: RunArrays
  readonly settleLane: RunArrays
  readonly others: RunArrays
  readonly clock: Pick<Clock, 'wall'>
  /** Hears what `recall` says to all nodes. */
  readonly onNotification: (listener: (recall: Recall) => void) => void
}

/** The channel of notifications that carries recalled entities. */
export const RECALL_CHANNEL = 'turnpike_recall'
/** A notification carries at most 8 000 bytes; what does not fit is found by polling. */
const MOST_TOLD = 400

/** As `12,13,;5`: nodes of a former version read the entities, and beside them one that nobody knows. */
const tellRecall = ({ entities, by }: Recall): string => `${entities.join(',')},;${by}`

export function readRecall(told: string): Recall {
  const [entities = '', by = '0'] = told.split(';')
  return { entities: entities.split(',').filter(Boolean).map(Number), by: Number(by) }
}

/** The shared ledger's calls on PostgreSQL: one function each, see ledger-functions.ts and settle-functions.ts. */
export function createLedgerCalls(parts: LedgerCallsParts): LedgerCalls {
  const { moveLane, settleLane, others, clock } = parts
  return {
    async register({ name, url, version }, former) {
      const seconds = Math.floor(clock.wall() / 1000)
      const [row] = await others('select turnpike_register($1, $2, $3, $4, $5)', [
        name,
        url,
        version,
        seconds,
        arrayOf(former),
      ])
      return Number(row?.[0])
    },
    move: (call) => asking(() => move(moveLane, call)),
    settle: (call) => asking(() => settle(settleLane, call)),
    async lanes() {
      const rows = await others(
        `select m.epoch, m.seq, s.seq from node_lane m join node_lane s on s.epoch = m.epoch
          where m.lane = 'move' and s.lane = 'settle'`,
        [],
      )
      return rows.map(([epoch, moved, settled]) => ({
        epoch: Number(epoch),
        move: Number(moved),
        settle: Number(settled),
      }))
    },
    async reap({ epoch, move: moved, settle: settled }: Lanes) {
      const [row] = await asking(() =>
        others('select turnpike_reap($1, $2, $3)', [epoch, moved, settled]),
      )
      return row?.[0] === true
    },
    async locked(entities) {
      const rows = await others(
        `with free as (select entity from balance where entity = any($1) for update skip locked)
          select entity from balance where entity = any($1) except select entity from free`,
        [arrayOf(entities)],
      )
      return rows.map(([entity]) => Number(entity))
    },
    async recall({ entities, by }) {
      await others(
        `with asked as (
          insert into recall (entity, at, epoch) select unnest($1::bigint[]), now(), $2::bigint
          on conflict (entity) do update set at = excluded.at, epoch = excluded.epoch returning entity
        ) select pg_notify('${RECALL_CHANNEL}', $3) from (select count(*) from asked) as all_of_them`,
        [arrayOf(entities), by, tellRecall({ entities: entities.slice(0, MOST_TOLD), by })],
      )
    },
    async recalled(by) {
      const rows = await others(
        `with old as (delete from recall where at < now() - interval '1 minute')
          select entity from recall where at > now() - interval '1 second' and epoch <> $1::bigint`,
        [by],
      )
      return rows.map(([entity]) => Number(entity))
    },
    onRecall: parts.onNotification,
  }
}

async function move(
  run: RunArrays,
  { epoch, seq, asks }: Move,
): Promise<readonly Moved[] | 'lost'> {
  const rows = await run('select * from turnpike_move($1, $2, $3, $4, $5)', [
    epoch,
    seq,
    arrayOf(asks.map(({ entity }) => entity)),
    arrayOf(asks.map(({ units }) => units)),
    arrayOf(asks.map(({ leave }) => leave ?? false)),
  ])
  if (rows[0]?.[0] === LOST) return 'lost'
  return rows.map(([entity, granted, spent, remain, elsewhere]) => ({
    entity: Number(entity),
    granted: Number(granted),
    spent: Number(spent),
    remain: Number(remain),
    elsewhere: Number(elsewhere),
  }))
}

const LOST = -1

async function settle(
  run: RunArrays,
  { epoch, seq, settlements }: Settle,
): Promise<readonly LaneSettled[] | 'lost'> {
  const { at, budgets } = budgetsOf(settlements)
  const lists = textsBy(settlements, 'attempt_list')
  const details = textsBy(settlements, 'details')
  const rows = await run(
    'select * from turnpike_settle($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
    [
      epoch,
      seq,
      settlements.length,
      arrayOf(settlements.flatMap(numbersOf)),
      settlements.flatMap(textsOf),
      arrayOf(at),
      arrayOf(budgets),
      arrayOf(lists.at),
      lists.texts,
      arrayOf(details.at),
      details.texts,
    ],
  )
  if (rows[0]?.[0] === LOST) return 'lost'
  return rows.map(([charged, shortfall, keySpent, accountSpent, budgetsSpent]) => ({
    charged: Number(charged),
    shortfall: Number(shortfall),
    keySpent: Number(keySpent),
    accountSpent: Number(accountSpent),
    budgetsSpent: budgetsSpent === '' ? NONE : String(budgetsSpent).split(',').map(Number),
  }))
}

const NONE: readonly number[] = []

/** Which settlement has which budgets, as pairs. */
function budgetsOf(settlements: readonly Settlement[]): { at: number[]; budgets: number[] } {
  const at: number[] = []
  const all: number[] = []
  for (const [place, { budgets }] of settlements.entries()) {
    for (const budget of budgets) {
      at.push(place)
      all.push(budget)
    }
  }
  return { at, budgets: all }
}

/** Which settlement has a text in a column that is null for most, and the text. */
function textsBy(
  settlements: readonly Settlement[],
  column: 'attempt_list' | 'details',
): { at: number[]; texts: string[] } {
  const at: number[] = []
  const texts: string[] = []
  for (const [place, { record }] of settlements.entries()) {
    const text = record[column]
    if (text === null) continue
    at.push(place)
    texts.push(text)
  }
  return { at, texts }
}

function numbersOf(settlement: Settlement): number[] {
  const { cost, atMost, key, account, keyUnlimited, accountUnlimited, epoch, record } = settlement
  const numbers = [
    cost,
    atMost,
    key,
    account,
    Number(keyUnlimited),
    Number(accountUnlimited),
    epoch,
  ]
  for (const name of NUMBERS) numbers.push(record[name])
  return numbers
}

/** PostgreSQL takes neither NUL nor half a character; nobody else needs them. */
const textsOf = ({ record }: Settlement): string[] =>
  TEXTS.map((name) => record[name].replaceAll('\0', '').toWellFormed())

/** As the database reads arrays: the driver would look at each element. */
const arrayOf = (values: readonly (number | boolean)[]): string => `{${values.join(',')}}`

/** Errors of the connection leave open what happened; errors of the database say that nothing did. */
async function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (failure) {
    const { code } = failure instanceof DatabaseError ? failure : {}
    if (code === undefined || ENDS_CONNECTIONS.test(code)) throw failure
    throw new NotApplied(String(failure), OF_ITS_OWN.test(code), code === LOCK_TIMEOUT)
  }
}

/** Administrators' and crashes' shutdowns (57P): the commit may have been under way. */
const ENDS_CONNECTIONS = /^(?:57P|08)/
/** Values that a column does not take (22), constraints (23). */
const OF_ITS_OWN = /^(?:22|23)/
const LOCK_TIMEOUT = '55P03'
