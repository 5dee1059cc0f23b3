import { Kysely } from 'kysely'
import type { Client } from 'pg'
import { openBudget, setBudgets } from '../../src/ledger/budget-statements.ts'
import { budgetEntity } from '../../src/ledger/entity.ts'
import { createRefund } from '../../src/ledger/refund.ts'
import { changeBalance, setBalance } from '../../src/ledger/statements.ts'
import { StorageUnavailable } from '../../src/storage/failures.ts'
import { machineClock } from '../../src/storage/lanes/clock.ts'
import { createReadingDialect } from '../../src/storage/postgres/dialect.ts'
import { stateOf, writeFailure } from '../../src/storage/postgres/failures.ts'
import { dropMonths, NO_MONTH_IS_DROPPED } from '../../src/storage/postgres/months.ts'
import { writeAtOnce } from '../../src/storage/postgres/write.ts'
import {
  type Compilable,
  type Settlement,
  type Statement,
  type Store,
  toPlain,
} from '../../src/storage/store.ts'
import type { Tables } from '../../src/storage/tables.ts'
import { createRetention } from '../../src/usage/retention.ts'
import { createRollUp } from '../../src/usage/roll-up.ts'
import { BUDGETS, type ManagedTurn, ownerOf, type Period, type Turn } from './schedule-turns.ts'
import { COLLISIONS, type Session } from './sessions.ts'

/** Of each owner's budget. */
export const BUDGET_AMOUNT = 60
const DAY_MS = 86_400_000
const BY = { actor: 'test', seconds: 1 } as const

/** What managers and calls have in common while a schedule is played. */
export interface Played {
  readonly url: string
  /** What was charged so far, and may be given back. */
  readonly charged: Settlement[]
  readonly complaints: string[]
  /** Periods that were opened: who uses one waits for that. */
  readonly opened: Set<number>
  /** How many schedules were begun on this database. */
  plays: number
}

/** Whether calls may use it by now. */
export const isThere = (played: Played, entity: number): boolean =>
  entity >= 0 || played.opened.has(entityIn(played, entity))

/** The entity itself, also of a period that is another one in each schedule. */
export function entityIn({ plays }: Played, entity: number): number {
  if (entity >= 0) return entity
  const owner = ownerOf(entity as Period)
  return budgetEntity({ owner, period: 'day', number: numberIn(plays) })
}
const numberIn = (plays: number) => 10 + plays

/** A month that is over, of which nothing was used before: another one in each schedule. */
export function monthOf({ plays }: Played): { readonly from: number; readonly until: number } {
  const now = new Date()
  const first = (ago: number) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago)
  return { from: first(plays + 2), until: first(plays + 1) }
}

/** Makes the table of a month. */
export async function openMonth(played: Played, { run }: Session): Promise<void> {
  const { from, until } = monthOf(played)
  const name = `usage_${new Date(from).toISOString().slice(0, 7).replace('-', '_')}`
  const values = `for values from (${from}) to (${until})`
  await run(`create table if not exists ${name} partition of usage ${values}`, [])
}

/** As much of a store as writes through a session need. */
function storeOn(session: Session, url: string): Store {
  const { client } = session
  const read = async (sql: string, parameters: readonly unknown[]) =>
    (await client.query(sql, [...parameters])).rows
  const store: Pick<Store, 'db' | 'dialect' | 'write' | 'newestUsage' | 'months' | 'onBehind'> = {
    db: new Kysely<Tables>({ dialect: createReadingDialect(read) }),
    dialect: 'postgres',
    async write(statements) {
      const plain = statements.map(toPlain)
      const { written } = await writeAtOnce(connectionOf(session), plain, [])
      return written
    },
    newestUsage: async () =>
      Number((await read('select turnpike_newest_usage() as id', []))[0]?.id),
    months: {
      drop: (asked) => dropMonths(url, asked),
      noneIsDropped: { sql: NO_MONTH_IS_DROPPED, parameters: [], must: 'row' },
    },
    onBehind: () => undefined,
  }
  return store as Store
}

/** The session's statements, which may be held open, in the shape that writes ask for. */
function connectionOf({ run }: Session): Parameters<typeof writeAtOnce>[0] {
  const query = async (sql: string, values: readonly unknown[]) => {
    const [row] = await run(sql, values)
    return { rows: [{ answer: row?.[0] }] }
  }
  return {
    async run(work) {
      try {
        return await work({ query } as unknown as Client)
      } catch (failure) {
        throw writeFailure(failure)
      }
    },
    close: async () => undefined,
  }
}

export async function manageBy(played: Played, session: Session, turn: Turn): Promise<void> {
  const store = storeOn(session, played.url)
  if ('heldMs' in turn) session.hold(turn.heldMs)
  try {
    if (turn.kind === 'refund') await refund(played, store, turn)
    else if (turn.kind === 'block') await block(played, session, turn)
    else if (turn.kind === 'drop') await drop(played, store)
    else await write(played, store, turn)
  } catch (failure) {
    // Two in each other's way: whoever keeps this session notes it. Anything else is a refusal that nobody expects.
    const cause = failure instanceof Error ? (failure.cause ?? failure) : failure
    if (!isPassing(failure))
      played.complaints.push(`${turn.kind}: ${String(failure)} ${String(cause)}`)
  }
}

const isPassing = (failure: unknown): boolean =>
  COLLISIONS.has(stateOf(failure)) || failure instanceof StorageUnavailable

/** What a write answers of balances that it has set is what they have then. */
async function write(played: Played, store: Store, turn: Turn): Promise<void> {
  if (turn.kind === 'set') {
    const { entity, amount } = turn
    await mustSay(played, store, setBalance(store, { entity, amount, ...BY }), turn)
  } else if (turn.kind === 'budgets') {
    // The budgets and the quota of a key, as one update of it changes them.
    const { key, amount } = turn
    const amounts = BUDGETS.map((entity) => ({ entity, amount }))
    const budgets = setBudgets(store, { amounts, also: [key], ...BY })
    const quota = setBalance(store, { entity: key, amount, ...BY })
    await mustSay(played, store, [...budgets, ...quota], { ...turn, entity: key })
  } else if (turn.kind === 'change') {
    const { entity, delta } = turn
    const wish = { entity, delta, kind: 'adjust', reason: 'test', ...BY } as const
    const [change, entry] = changeBalance(store, wish)
    // It leaves no range: then nothing is written.
    await store.write([{ ...toPlain(change), must: 'row' }, entry])
  } else if (turn.kind === 'open') await open(played, store, turn)
}

interface Said {
  readonly kind: string
  readonly entity: number
  readonly amount: number
}

async function mustSay(
  { complaints }: Played,
  store: Store,
  statements: readonly (Statement | Compilable)[],
  { kind, entity, amount }: Said,
): Promise<void> {
  const written = await store.write(statements)
  const said = JSON.stringify(written)
  const last = written.done ? written.rows.at(-1) : undefined
  if (last?.length !== 1 || last[0]?.entity !== entity || last[0].remain !== amount) {
    complaints.push(`${kind} of ${entity} to ${amount} was answered with ${said}`)
  }
  // Budgets that are set beside it keep no more than their new amount, besides what was given back.
  const others = written.done ? written.rows.slice(0, -1).flat() : []
  if (
    others.some(({ entity: one, remain }) => !isAmount(remain) || !BUDGETS.includes(Number(one)))
  ) {
    complaints.push(`budgets that were set beside ${entity}: ${said}`)
  }
}

const isAmount = (remain: unknown) => typeof remain === 'number' && remain >= 0

/** What a period has when it is open: its amount, less what calls have taken since. */
async function open(
  played: Played,
  store: Store,
  { period }: Extract<ManagedTurn, { kind: 'open' }>,
): Promise<void> {
  const [entity, owner] = [entityIn(played, period), ownerOf(period)]
  const budget = { owner, period: 'day', number: numberIn(played.plays) } as const
  const written = await store.write(openBudget(store, { entity, budget, seconds: 1 }))
  const last = written.done ? written.rows.at(-1)?.[0] : undefined
  const isRight = isAmount(last?.remain) && Number(last?.remain) <= BUDGET_AMOUNT
  if (last?.budget !== entity || !isRight) {
    played.complaints.push(`period ${entity} was opened with ${JSON.stringify(written)}`)
  }
  played.opened.add(entity)
}

async function refund(
  { charged }: Played,
  store: Store,
  { call }: Extract<ManagedTurn, { kind: 'refund' }>,
): Promise<void> {
  const settlement = charged[call % Math.max(charged.length, 1)]
  if (settlement === undefined) return
  await createRefund(store, Date.now, machineClock)(settlement)
}

/** Whoever wants the row waits, and nothing else does. */
async function block(
  played: Played,
  { run }: Session,
  { entity }: Extract<ManagedTurn, { kind: 'block' }>,
): Promise<void> {
  await run('select 1 from balance where entity = $1 for update', [entityIn(played, entity)])
}

async function drop(played: Played, store: Store): Promise<void> {
  const failed = (error: unknown) => void played.complaints.push(`a round failed: ${String(error)}`)
  const rollUp = createRollUp({ store, failed })
  const now = () => monthOf(played).until + DAY_MS
  const retention = createRetention({ store, settings: { get: () => 1 as never }, now, failed })
  try {
    await rollUp.run()
    await retention.run()
  } finally {
    await Promise.all([rollUp.close(), retention.close()])
  }
}
