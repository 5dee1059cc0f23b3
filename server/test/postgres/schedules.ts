import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { machineClock } from '../../src/storage/lanes/clock.ts'
import { Lane } from '../../src/storage/lanes/lane.ts'
import { createLateSettling } from '../../src/storage/lanes/late-settlements.ts'
import { type LedgerCalls, NotApplied, type Settle } from '../../src/storage/lanes/ledger-calls.ts'
import { createSettleBatches } from '../../src/storage/lanes/settle-batches.ts'
import { createLedgerCalls, type RunArrays } from '../../src/storage/postgres/ledger-calls.ts'
import type { Settled, Settlement } from '../../src/storage/store.ts'
import { recordOf } from '../ledger/record.ts'
import {
  ALL,
  BORROWING,
  ENDING,
  type Ended,
  type LaneTurn,
  type Schedule,
  type Turn,
  type Wish,
} from './schedule-turns.ts'
import {
  BUDGET_AMOUNT,
  entityIn,
  isThere,
  manageBy,
  monthOf,
  openMonth,
  type Played,
} from './schedule-writes.ts'
import { openSession, type Session } from './sessions.ts'

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

export interface Stage extends Played {
  readonly nodes: readonly TestNode[]
  readonly managers: readonly Session[]
  /** Asks, ends epochs and cleans up. */
  readonly other: Session
  /** What told of two transactions in each other's way: SQLSTATE, and where. */
  readonly collisions: string[]
  settled: number
  /** Also what calls of this moment hold is given back whole, which no node does on purpose. */
  readonly leaveAnytime: boolean
}

/** Connections that are the same for many schedules. */
export async function openStage(url: string, leaveAnytime: boolean): Promise<Stage> {
  const collisions: string[] = []
  const open = () => openSession(url, collisions)
  const other = await open()
  for (const owner of OWNING) await other.run(owner, [])
  for (const one of ALL) {
    await other.run('insert into balance (entity, remain, used, requests) values ($1, 0, 0, 0)', [
      one,
    ])
  }
  const nodes = await Promise.all(
    [0, 1].map(async () => nodeOn(await open(), await open(), other.run)),
  )
  return {
    ...{ url, nodes, other, collisions, leaveAnytime },
    managers: [await open(), await open(), await open()],
    ...{ complaints: [], charged: [], opened: new Set<number>(), settled: 0, plays: 0 },
  }
}

/** The key and the account of which budgets are. */
const RULES = JSON.stringify({ budgets: [{ period: 'day', amount: BUDGET_AMOUNT }] })
const OWNING = [
  `insert into account (id, username, role, status, group_name, groups, unlimited_quota, created_at, limits)
    values (1, 'scheduled', 'user', 1, 'default', '', 0, 1, '${RULES}')`,
  `insert into key (id, account_id, digest, pepper_id, hint, name, status, created_time, accessed_time, expired_time,
      unlimited_quota, model_limits_enabled, model_limits, group_name, cross_group_retry, extra)
    values (1, 1, 'd', 1, '', '', 1, 1, 1, -1, 0, 0, '', '', 0, '${RULES}')`,
]

async function nodeOn(moves: Session, settles: Session, others: RunArrays): Promise<TestNode> {
  const calls = createLedgerCalls({
    ...{ moveLane: moves.run, settleLane: settles.run, others },
    ...{ clock: machineClock, onNotification: () => undefined },
  })
  const facts = { name: 'scheduled', url: '', version: '' }
  // One that has ended: calls may run under it still.
  const former = [await calls.register(facts, [])]
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
    epoch: await calls.register(facts, former),
    former,
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
  stage.plays += 1
  stage.charged.length = 0
  for (const one of ALL) {
    await other.run('select turnpike_set_balance($1, $2, $3, $4, 1)', [one, 100, 'test', 'test'])
  }
  if (schedule.managers.flat().some(({ kind }) => kind === 'drop')) await useUpMonth(stage)
  const lanes = schedule.nodes.flatMap(({ moves, settles }, at) => [
    inTurn([BORROWING, ...moves], (turn) => onLane(stage, nodes[at] as TestNode, turn)),
    inTurn([ENDING, ...settles], (turn) => onLane(stage, nodes[at] as TestNode, turn)),
  ])
  const managing = schedule.managers.map((turns, at) =>
    inTurn(turns, (turn) => manageBy(stage, managers[at] as Session, turn)),
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

/** A month that is over has calls, which were charged. */
async function useUpMonth(stage: Stage): Promise<void> {
  const [node] = stage.nodes as [TestNode]
  await openMonth(stage, stage.other)
  await onLane(stage, node, BORROWING)
  await onLane(stage, node, ENDING, monthOf(stage).from)
  // What is gone from the books can't be given back.
  stage.charged.length = 0
}

const entitiesOf = ({ key, account, budgets }: Ended) => [key, account, ...budgets]

/** One call on a lane, until it was applied: under a new epoch when the old one has ended. */
export async function onLane(
  stage: Stage,
  node: TestNode,
  turn: Turn,
  atMs?: number,
): Promise<void> {
  if (turn.kind === 'move') return moveOn(stage, node, turn)
  if (turn.kind !== 'settle' && turn.kind !== 'late') return
  const isHeld = (call: Ended) => entitiesOf(call).every((one) => !node.leaving.has(one))
  const calls = turn.calls.filter((call) => stage.leaveAnytime || isHeld(call))
  node.settling = new Set(calls.flatMap(entitiesOf))
  const isLate = turn.kind === 'late'
  const settlements = calls.map((call) =>
    settlementOf(stage, node, { ...call, late: isLate || call.late, atMs }),
  )
  if (isLate) await settleLate(stage, node, settlements)
  else await settleOn(stage, node, { settlements, heldMs: turn.heldMs })
  node.settling = new Set()
}

async function moveOn(
  stage: Stage,
  node: TestNode,
  turn: Extract<LaneTurn, { kind: 'move' }>,
): Promise<void> {
  const isFree = ({ entity, leave }: Wish) =>
    stage.leaveAnytime || !leave || !node.settling.has(entity)
  const wishes = turn.asks.filter((one) => isFree(one) && isThere(stage, one.entity))
  node.leaving = new Set(wishes.filter(({ leave }) => leave).map(({ entity }) => entity))
  const asks = wishes.map((one) => ({ ...one, entity: entityIn(stage, one.entity) }))
  node.sessions.moves.hold(turn.heldMs)
  await tryHard(() => node.moveLane.send((epoch, seq) => node.calls.move({ epoch, seq, asks })))
  node.leaving = new Set()
}

interface Batch {
  readonly settlements: readonly Settlement[]
  readonly heldMs: number
}

async function settleOn(stage: Stage, node: TestNode, { settlements, heldMs }: Batch) {
  for (;;) {
    node.sessions.settles.hold(heldMs)
    const answer = await tryHard(() =>
      node.settleLane.send((epoch, seq) =>
        sendTwice(node, { epoch, seq, settlements }, stage.complaints),
      ),
    )
    if (answer === 'lost') continue
    for (const [at, settlement] of settlements.entries()) {
      if ((answer[at]?.charged ?? 0) > 0) stage.charged.push(settlement)
    }
    return
  }
}

/** As the program does: nobody waits for a balance that somebody keeps locked but its own calls. */
async function settleLate(stage: Stage, node: TestNode, settlements: readonly Settlement[]) {
  const { calls, settleLane } = node
  const batches = createSettleBatches({
    ...{ calls, clock: machineClock },
    node: { settleLane, spent: () => undefined, epoch: node.epoch },
  })
  const settleAll = createLateSettling({
    ...{ calls, clock: machineClock, settleAll: batches },
    again: async (one) => (await settled([one]))[0] as Settled,
  })
  async function settled(these: readonly Settlement[]): Promise<readonly Settled[]> {
    for (;;) {
      try {
        const answered = await settleAll(these)
        return await Promise.all(answered.map(async (one) => one))
      } catch (failure) {
        if (!(failure instanceof NotApplied)) throw failure
        await pause(10)
      }
    }
  }
  for (const [at, { charged, shortfall }] of (await settled(settlements)).entries()) {
    const settlement = settlements[at] as Settlement
    if (charged > 0) stage.charged.push(settlement)
    if (charged + shortfall !== settlement.cost) {
      const said = JSON.stringify({ settlement, charged, shortfall })
      stage.complaints.push(`late, and neither charged nor shortfall: ${said}`)
    }
  }
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

interface Call extends Ended {
  readonly atMs: number | undefined
}

function settlementOf(stage: Stage, node: TestNode, call: Call): Settlement {
  const { key, account, cost, atMost, late, atMs = Date.now() } = call
  const [keyUnlimited, accountUnlimited] = call.unlimited
  const record = {
    ...recordOf(`scheduled-${++stage.settled}`),
    key_id: key / 4,
    account_id: (account - 1) / 4,
    created_at_ms: atMs,
  }
  const there = call.budgets.filter((one) => isThere(stage, one))
  const budgets = there.map((one) => entityIn(stage, one))
  const epoch = (late ? node.former.at(-1) : undefined) ?? node.epoch
  return { record, key, account, cost, atMost, keyUnlimited, accountUnlimited, budgets, epoch }
}
