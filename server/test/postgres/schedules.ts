import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { accountEntity, budgetEntity, keyEntity } from '../../src/ledger/entity.ts'
import { machineClock } from '../../src/storage/lanes/clock.ts'
import { Lane } from '../../src/storage/lanes/lane.ts'
import { type LedgerCalls, NotApplied, type Settle } from '../../src/storage/lanes/ledger-calls.ts'
import { createLedgerCalls, type RunArrays } from '../../src/storage/postgres/ledger-calls.ts'
import type { Settlement } from '../../src/storage/store.ts'
import { recordOf } from '../ledger/record.ts'
import { openSession, type Session } from './sessions.ts'

/** What one session does next. `heldMs`: how long its transaction stays open behind it. */
export type Turn =
  | { readonly kind: 'move'; readonly asks: readonly Wish[]; readonly heldMs: number }
  | { readonly kind: 'settle'; readonly calls: readonly Ended[]; readonly heldMs: number }
  | { readonly kind: 'reap'; readonly node: number }
  | {
      readonly kind: 'set'
      readonly entity: number
      readonly amount: number
      readonly heldMs: number
    }
  | {
      readonly kind: 'budgets'
      readonly amount: number
      readonly key: number
      readonly heldMs: number
    }
  | {
      readonly kind: 'change'
      readonly entity: number
      readonly delta: number
      readonly heldMs: number
    }

interface Wish {
  readonly entity: number
  readonly units: number
  readonly leave: boolean
}

/** A call that ended; `late`: it ran under the node's epoch before this one. */
interface Ended {
  readonly key: number
  readonly account: number
  readonly cost: number
  readonly atMost: number
  readonly unlimited: readonly [key: boolean, account: boolean]
  readonly budgets: readonly number[]
  readonly late: boolean
}

/** Turns of the two lanes of each node, of two managers, and of somebody who takes nodes for dead. */
export interface Schedule {
  readonly nodes: readonly { readonly moves: readonly Turn[]; readonly settles: readonly Turn[] }[]
  readonly managers: readonly (readonly Turn[])[]
  readonly reaps: readonly Turn[]
}

/** Keys before and behind their accounts by number: the lock order is not the order of numbers. */
const KEYS = [1, 2, 3].map(keyEntity)
const ACCOUNTS = [1, 2].map(accountEntity)
/** Larger by number than all keys, and locked before them. */
const BUDGETS = [keyEntity(1), accountEntity(1)].map((owner) =>
  budgetEntity({ owner, period: 'day', number: 1 }),
)
const ALL = [...KEYS, ...ACCOUNTS, ...BUDGETS]

const key = fc.constantFrom(...KEYS)
const account = fc.constantFrom(...ACCOUNTS)
const entity = fc.constantFrom(...ALL)
const kept = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 8 }))
const leave = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true))
const wish = fc.record({ entity, units: fc.integer({ min: -30, max: 60 }), leave })
const move: fc.Arbitrary<Turn> = fc.record({
  kind: fc.constant('move'),
  asks: fc.uniqueArray(wish, { maxLength: 5, selector: (one) => one.entity }),
  heldMs: kept,
})
const rarely = fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true))
const ended = fc.record({
  ...{ key, account, cost: fc.nat(40), atMost: fc.nat(40) },
  ...{ unlimited: fc.tuple(rarely, rarely), late: rarely, budgets: fc.subarray(BUDGETS) },
})
const settle: fc.Arbitrary<Turn> = fc.record({
  kind: fc.constant('settle'),
  calls: fc.array(ended, { maxLength: 5 }),
  heldMs: kept,
})
const manage: fc.Arbitrary<Turn> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), entity, amount: fc.nat(200), heldMs: kept }),
  fc.record({ kind: fc.constant('budgets' as const), key, amount: fc.nat(200), heldMs: kept }),
  fc.record({
    kind: fc.constant('change' as const),
    ...{ entity, delta: fc.integer({ min: -60, max: 60 }), heldMs: kept },
  }),
)
const reap: fc.Arbitrary<Turn> = fc.record({ kind: fc.constant('reap'), node: fc.nat(1) })

const lane = (turn: fc.Arbitrary<Turn>) => fc.array(turn, { minLength: 2, maxLength: 8 })
const node = fc.record({ moves: lane(move), settles: lane(settle) })

/** A node begins by borrowing of everything while its first calls end: both lanes make the same holds. */
const BORROWING: Turn = {
  kind: 'move',
  asks: ALL.map((one) => ({ entity: one, units: 10, leave: false })),
  heldMs: 0,
}
const CALLS: readonly (readonly [key: number, account: number])[] = [
  [keyEntity(1), accountEntity(2)],
  [keyEntity(3), accountEntity(1)],
]
const ENDING: Turn = {
  kind: 'settle',
  calls: CALLS.map(([key, account]) => ({
    ...{ key, account, cost: 5, atMost: 5, unlimited: [false, false] as const, late: false },
    budgets: BUDGETS,
  })),
  heldMs: 0,
}

export const schedules: fc.Arbitrary<Schedule> = fc.record({
  nodes: fc.tuple(node, node),
  managers: fc.tuple(lane(manage), lane(manage)),
  reaps: fc.array(reap, { maxLength: 3 }),
})

/** A node of a schedule: what the program's lanes do, without its waiting and beating. */
interface TestNode {
  epoch: number
  readonly former: number[]
  readonly calls: LedgerCalls
  readonly moveLane: Lane
  readonly settleLane: Lane
  readonly sessions: { readonly moves: Session; readonly settles: Session }
  /** Entities of the call that is on its way on the lane of settlements. */
  settling: ReadonlySet<number>
  /** Entities that are being given back whole. */
  leaving: ReadonlySet<number>
}

export interface Stage {
  readonly nodes: readonly TestNode[]
  readonly managers: readonly Session[]
  /** Asks, ends epochs and cleans up. */
  readonly other: Session
  /** SQLSTATEs that told of two transactions in each other's way. */
  readonly collisions: string[]
  /** What answers should not have said, and what should not be left behind. */
  readonly complaints: string[]
  settled: number
  /** Also what calls of this moment hold is given back whole, which no node does on purpose. */
  readonly leaveAnytime: boolean
}

/** Connections that are the same for many schedules. */
export async function openStage(url: string, leaveAnytime: boolean): Promise<Stage> {
  const collisions: string[] = []
  const open = () => openSession(url, collisions)
  const other = await open()
  for (const one of ALL) {
    await other.run('insert into balance (entity, remain, used, requests) values ($1, 0, 0, 0)', [
      one,
    ])
  }
  const nodes = await Promise.all(
    [0, 1].map(async () => nodeOn(await open(), await open(), other.run)),
  )
  return {
    nodes,
    managers: [await open(), await open()],
    other,
    collisions,
    complaints: [],
    settled: 0,
    leaveAnytime,
  }
}

async function nodeOn(moves: Session, settles: Session, others: RunArrays): Promise<TestNode> {
  const calls = createLedgerCalls({
    ...{ moveLane: moves.run, settleLane: settles.run, others },
    ...{ clock: machineClock, onNotification: () => undefined },
  })
  const facts = { name: 'scheduled', url: '', version: '' }
  let renewing: Promise<void> | undefined
  const renew = async (epoch: number) => {
    const next = await calls.register(facts, [...node.former, epoch])
    node.former.push(epoch)
    node.epoch = next
    renewing = undefined
  }
  const parts = {
    clock: machineClock,
    epoch: () => node.epoch,
    acknowledged: () => undefined,
    async lost(epoch: number) {
      if (epoch !== node.epoch) return
      renewing ??= renew(epoch)
      await renewing
    },
  }
  const node: TestNode = {
    epoch: await calls.register(facts, []),
    former: [],
    ...{ calls, moveLane: new Lane(parts), settleLane: new Lane(parts) },
    sessions: { moves, settles },
    settling: new Set(),
    leaving: new Set(),
  }
  return node
}

/** Runs everything at once, each session in its order, and tidies up: no epoch is left. */
export async function play(stage: Stage, schedule: Schedule): Promise<void> {
  const { nodes, managers, other } = stage
  for (const one of ALL) {
    await other.run('select turnpike_set_balance($1, $2, $3, $4, 1)', [one, 100, 'test', 'test'])
  }
  const lanes = schedule.nodes.flatMap(({ moves, settles }, at) => [
    inTurn([BORROWING, ...moves], (turn) => onLane(stage, nodes[at] as TestNode, turn)),
    inTurn([ENDING, ...settles], (turn) => onLane(stage, nodes[at] as TestNode, turn)),
  ])
  const managing = schedule.managers.map((turns, at) =>
    inTurn(turns, (turn) => manageBy(managers[at] as Session, turn)),
  )
  await Promise.all([...lanes, ...managing, inTurn(schedule.reaps, (turn) => reapOne(stage, turn))])
  for (const lanes of await (nodes[0] as TestNode).calls.lanes()) {
    await (nodes[0] as TestNode).calls.reap(lanes)
  }
  const left = await other.run('select * from hold', [])
  if (left.length > 0) stage.complaints.push(`holds that nobody returns: ${JSON.stringify(left)}`)
}

async function inTurn(turns: readonly Turn[], take: (turn: Turn) => Promise<void>): Promise<void> {
  for (const turn of turns) await take(turn)
}

async function reapOne({ nodes }: Stage, turn: Turn): Promise<void> {
  if (turn.kind !== 'reap') return
  await pause(3)
  const node = nodes[turn.node] as TestNode
  const seen = (await node.calls.lanes()).find(({ epoch }) => epoch === node.epoch)
  // Fails where the lanes moved on meanwhile, as it must.
  if (seen !== undefined) await node.calls.reap(seen)
}

async function manageBy({ run, hold }: Session, turn: Turn): Promise<void> {
  if (turn.kind !== 'set' && turn.kind !== 'change' && turn.kind !== 'budgets') return
  hold(turn.heldMs)
  // The budgets and the quota of a key, as one update of it changes them.
  const entity = turn.kind === 'budgets' ? turn.key : turn.entity
  const sql =
    turn.kind !== 'change'
      ? `select entity, remain from turnpike_set_balance(${entity}, ${turn.amount}, 'test', 'test', 1)`
      : `select entity, remain from turnpike_change_balance(${entity}, ${turn.delta}, 1000000)`
  const statements: object[] = [{ sql, returns: true, must: true }]
  if (turn.kind === 'budgets') {
    const [entities, amounts] = [BUDGETS, BUDGETS.map(() => turn.amount)]
    const set = `select entity, remain from turnpike_set_budgets(
      '{${entities}}'::bigint[], '{${amounts}}'::bigint[], '{${entity}}'::bigint[], 'test', 1)`
    statements.unshift({ sql: set, returns: true, must: false })
  }
  if (turn.kind === 'change') {
    const entry = `insert into entry (entity, delta, kind, reason, actor, created_at)
      values (${entity}, ${turn.delta}, 'adjust', 'test', 'test', 1)`
    statements.push({ sql: entry, returns: false, must: true })
  }
  await run('select turnpike_write($1, $2)', [JSON.stringify(statements), '[]']).catch(
    () => undefined,
  )
}

const entitiesOf = ({ key, account, budgets }: Ended) => [key, account, ...budgets]

/** One call on a lane, until it was applied: under a new epoch when the old one has ended. */
async function onLane(stage: Stage, node: TestNode, turn: Turn): Promise<void> {
  if (turn.kind === 'move') {
    const isFree = ({ entity, leave }: Wish) =>
      stage.leaveAnytime || !leave || !node.settling.has(entity)
    const asks = turn.asks.filter(isFree)
    node.leaving = new Set(asks.filter(({ leave }) => leave).map(({ entity }) => entity))
    node.sessions.moves.hold(turn.heldMs)
    await tryHard(() => node.moveLane.send((epoch, seq) => node.calls.move({ epoch, seq, asks })))
    node.leaving = new Set()
  }
  if (turn.kind !== 'settle') return
  const isHeld = (call: Ended) => entitiesOf(call).every((one) => !node.leaving.has(one))
  const calls = turn.calls.filter((call) => stage.leaveAnytime || isHeld(call))
  node.settling = new Set(calls.flatMap(entitiesOf))
  const settlements = calls.map((call) => settlementOf(stage, node, call))
  for (let done = false; !done; ) {
    node.sessions.settles.hold(turn.heldMs)
    const answer = await tryHard(() =>
      node.settleLane.send((epoch, seq) =>
        sendTwice(node, { epoch, seq, settlements }, stage.complaints),
      ),
    )
    done = answer !== 'lost'
  }
  node.settling = new Set()
}

/** Sent again under its number, as after a lost answer: both must say the same. */
async function sendTwice({ calls }: TestNode, call: Settle, complaints: string[]) {
  const first = await calls.settle(call)
  if (first === 'lost') return first
  const again = await calls.settle(call)
  const charges = (said: typeof first) => said.map(({ charged, shortfall }) => [charged, shortfall])
  const costs = charges(first).map(([charged = 0, shortfall = 0]) => charged + shortfall)
  const said = JSON.stringify({ call, first, again })
  // Whatever is thrown here, the lane would take for a broken connection and try again.
  if (again !== 'lost' && !isDeepStrictEqual(charges(again), charges(first))) {
    complaints.push(`another answer the second time: ${said}`)
  }
  if (costs.some((cost, at) => cost !== call.settlements[at]?.cost)) {
    complaints.push(`neither charged nor shortfall: ${said}`)
  }
  return first
}

async function tryHard<T>(send: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await send()
    } catch (failure) {
      if (!(failure instanceof NotApplied) || attempt === 5) throw failure
    }
  }
}

function settlementOf(stage: Stage, node: TestNode, call: Ended): Settlement {
  const { key, account, cost, atMost, late } = call
  const [keyUnlimited, accountUnlimited] = call.unlimited
  const record = {
    ...recordOf(`scheduled-${++stage.settled}`),
    key_id: key / 4,
    account_id: (account - 1) / 4,
  }
  const epoch = (late ? node.former.at(-1) : undefined) ?? node.epoch
  const unlimited = { keyUnlimited, accountUnlimited }
  return { record, key, account, cost, atMost, ...unlimited, budgets: call.budgets, epoch }
}
