import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { BudgetWish } from '../../src/budgets/budget.ts'
import { createOpening } from '../../src/budgets/opening.ts'
import { accountEntity, budgetEntity, budgetPeriodOf, keyEntity } from '../../src/ledger/entity.ts'
import { createRefund } from '../../src/ledger/refund.ts'
import { type Lanes, NotApplied } from '../../src/storage/lanes/ledger-calls.ts'
import type { Settlement, Store } from '../../src/storage/store.ts'
import { recordOf } from '../ledger/record.ts'
import { openReal } from './real-twin.ts'
import { openSimulated, type Stored, type Twin } from './twins.ts'

const RUNS = Number(process.env.TURNPIKE_TWIN_RUNS ?? 80)
/** The same steps each time, unless one asks for others: chance alone would now and then miss what must be seen. */
const SEED = Number(process.env.TURNPIKE_TWIN_SEED ?? 2)

/** Which number a call of a lane carries: the next one, that of the last call, or one of the past or the future. */
const TURNS = ['next', 'next', 'next', 'next', 'next', 'again', 'behind', 'ahead'] as const

interface OnLane {
  readonly node: number
  /** Under the epoch that the node has, or one that it had. */
  readonly former: boolean
  readonly turn: (typeof TURNS)[number]
}

interface Ask {
  readonly entity: number
  readonly units: number
  readonly leave: boolean
}

interface Ended {
  readonly key: number
  readonly account: number
  readonly unlimited: readonly [key: boolean, account: boolean]
  readonly budgets: readonly number[]
  readonly cost: number
  readonly atMost: number
  /** What it holds, it holds under an epoch that the node had; then it may be one that was settled before. */
  readonly late: boolean
  readonly before: number | undefined
  readonly odd: boolean
}

type Step =
  | { readonly kind: 'register'; readonly node: number; readonly anew: boolean }
  | ({ readonly kind: 'move'; readonly asks: readonly Ask[] } & OnLane)
  | ({ readonly kind: 'settle'; readonly calls: readonly Ended[] } & OnLane)
  | {
      readonly kind: 'reap'
      readonly node: number
      readonly former: boolean
      readonly stale: boolean
    }
  | { readonly kind: 'set'; readonly entity: number; readonly amount: number }
  | { readonly kind: 'change'; readonly entity: number; readonly delta: number }
  | { readonly kind: 'budgets'; readonly owner: number; readonly after: readonly BudgetWish[] }
  | { readonly kind: 'delete'; readonly key: number }
  | { readonly kind: 'open'; readonly entities: readonly number[] }
  | { readonly kind: 'refund'; readonly call: number }

const NODES = 3
const KEYS = [1, 2].map(keyEntity)
const ACCOUNT = accountEntity(1)
/** Of which no row was ever made. */
const STRANGER = keyEntity(9)
const AT_MS = Date.UTC(2026, 10, 25, 12)
const DAY = Math.floor(AT_MS / 86_400_000)
const PERIODS = [keyEntity(1), ACCOUNT].flatMap((owner) => [
  budgetEntity({ owner, period: 'day', number: DAY }),
  budgetEntity({ owner, period: 'day', number: DAY + 1 }),
])
const TODAYS = PERIODS.filter((_, at) => at % 2 === 0)
const ENTITIES = [...KEYS, ACCOUNT, ...PERIODS]
const MOST = 1e15

const node = fc.nat(NODES - 1)
const rarely = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true))
const hardlyEver = fc.oneof({ weight: 10, arbitrary: fc.constant(false) }, fc.constant(true))
const entity = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...ENTITIES) },
  fc.constant(STRANGER),
)
/** Periods are opened before anybody else changes them. */
const managed = fc.constantFrom(...KEYS, ACCOUNT, ...TODAYS, STRANGER)
/** A budget is adjusted by the ends of jobs alone. */
const adjusted = fc.constantFrom(...KEYS, ACCOUNT, STRANGER)
const onLane = { node, former: hardlyEver, turn: fc.constantFrom(...TURNS) }
const ask = fc.record({ entity, units: fc.integer({ min: -30, max: 60 }), leave: rarely })
const ended: fc.Arbitrary<Ended> = fc.record({
  key: fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...KEYS) }, fc.constant(STRANGER)),
  account: fc.constant(ACCOUNT),
  unlimited: fc.tuple(rarely, rarely),
  budgets: fc.subarray(PERIODS, { maxLength: 2 }),
  ...{ cost: fc.nat(40), atMost: fc.nat(40), late: rarely, odd: hardlyEver },
  before: fc.option(fc.nat(5), { nil: undefined }),
})
const budgets: fc.Arbitrary<readonly BudgetWish[]> = fc
  .record({ day: fc.option(fc.integer({ min: 1, max: 90 })), month: fc.boolean() })
  .map(({ day, month }) => [
    ...(day === null ? [] : [{ period: 'day' as const, amount: day }]),
    ...(month ? [{ period: 'month' as const, amount: 90 }] : []),
  ])
const kind = <T extends Step['kind']>(name: T) => fc.constant(name)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: kind('register'), node, anew: rarely }) },
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ kind: kind('move'), ...onLane },
      asks: fc.uniqueArray(ask, { maxLength: 6, selector: (one) => one.entity }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ kind: kind('settle'), ...onLane },
      calls: fc.array(ended, { maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kind('reap'), node, former: hardlyEver, stale: rarely }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kind('set'), entity: managed, amount: amountUpTo(80) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind('change'), entity: adjusted, delta: deltaUpTo(60) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ kind: kind('budgets'), owner: fc.constantFrom(keyEntity(1), ACCOUNT), after: budgets },
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('delete'), key: fc.constantFrom(...KEYS) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ kind: kind('open'), entities: fc.subarray(PERIODS, { minLength: 1 }) },
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: kind('refund'), call: fc.nat(3) }) },
)

function amountUpTo(most: number) {
  return fc.oneof({ weight: 12, arbitrary: fc.nat(most) }, fc.constant(MOST))
}

function deltaUpTo(most: number) {
  const usual = fc.integer({ min: -most, max: most })
  return fc.oneof({ weight: 12, arbitrary: usual }, fc.constantFrom(MOST, -MOST))
}

/** A call as it was settled, whatever the numbers of epochs are. */
interface Call extends Ended {
  readonly id: string
}

/** A twin, and what a test must remember of it. */
interface Side {
  readonly twin: Twin
  /** By node: all that it ever had, the present one last. */
  readonly epochs: readonly number[][]
}

interface Pair {
  readonly sides: readonly Side[]
  lastCall: number
  readonly calls: Call[]
  /** What the last call on each lane was, by its epoch and lane: sent again it is the same. */
  readonly last: Map<string, readonly Ask[] | readonly Call[]>
  /** Those that were not deleted. */
  readonly owners: Map<number, readonly BudgetWish[]>
  /** What came of steps. */
  readonly seen: Set<string>
}

const FACTS = { name: 'twin', url: '', version: '' }

async function openPair(twins: readonly Twin[], seen: Set<string>): Promise<Pair> {
  const owners = new Map<number, readonly BudgetWish[]>([
    [keyEntity(1), [{ period: 'day', amount: 60 }]],
    [keyEntity(2), []],
    [ACCOUNT, [{ period: 'day', amount: 90 }]],
  ])
  const sides: Side[] = []
  for (const twin of twins) {
    for (const [owner, wishes] of owners) await twin.openOwner(owner, 100, wishes)
    const epochs: number[][] = []
    await open(twin, TODAYS)
    for (let n = 0; n < NODES; n++) {
      const epoch = await twin.calls.register(FACTS, [])
      epochs.push([epoch])
      // Several nodes hold some of everything.
      const asks = ENTITIES.map((entity) => ({ entity, units: 15 }))
      if (n > 0) await twin.calls.move({ epoch, seq: 1, asks })
    }
    sides.push({ twin, epochs })
  }
  return { sides, lastCall: 0, calls: [], last: new Map(), owners, seen }
}

/** Takes a step on one side after the other, and compares what they said and what they have stored. */
async function take(pair: Pair, step: Step): Promise<void> {
  const act = prepare(pair, step)
  const said: unknown[] = []
  for (const side of pair.sides) said.push(await act(side))
  pair.seen.add(`${step.kind}: ${inShort(said[0])}`)
  expect(said[1]).toEqual(said[0])
  const [first, second] = await Promise.all(pair.sides.map(standing))
  expect(second).toEqual(first)
}

/** Whether something was done, in a word or two. */
function inShort(said: unknown): string {
  if (said === undefined) return 'nothing'
  if (typeof said !== 'object' || said === null)
    return typeof said === 'number' ? 'done' : `${said}`
  if ('ofItsOwn' in said) return 'refused'
  const isOfRefund = Array.isArray(said) && typeof said[0] !== 'object'
  if (isOfRefund && said.length > 0) return String(said[0])
  return Object.keys(said).length === 0 ? 'nothing' : 'done'
}

/** What must have come about in so many runs, else they say little. */
const MUST_BE_SEEN = [
  ...['move: done', 'move: lost', 'settle: done', 'settle: lost', 'settle: refused'],
  ...[
    'reap: true',
    'reap: false',
    'change: done',
    'change: nothing',
    'open: done',
    'open: nothing',
  ],
  ...['refund: true', 'refund: false'],
]

type Act = (side: Side) => Promise<unknown>

function prepare(pair: Pair, step: Step): Act {
  switch (step.kind) {
    case 'register':
      return async ({ twin, epochs }) => {
        const had = epochs[step.node] as number[]
        // A process that was started anew knows nothing of those before.
        had.push(await twin.calls.register(FACTS, step.anew ? [] : had))
        if (step.anew) had.splice(0, had.length - 1)
      }
    case 'move':
      return move(pair, step)
    case 'settle':
      return settle(pair, step)
    case 'reap':
      return reap(step)
    case 'set':
      return ({ twin }) => twin.setBalance(step.entity, step.amount)
    case 'change':
      return ({ twin }) => twin.changeBalance(step.entity, step.delta)
    case 'delete':
      pair.owners.delete(step.key)
      return ({ twin }) => twin.deleteKey(step.key)
    case 'budgets': {
      const before = pair.owners.get(step.owner)
      // Of what was deleted nothing is changed: the write is stopped.
      if (before === undefined) return async () => undefined
      pair.owners.set(step.owner, step.after)
      return ({ twin }) => twin.changeBudgets({ ...step, before, atMs: AT_MS })
    }
    case 'open':
      return ({ twin }) => open(twin, step.entities)
    case 'refund':
      return refund(pair, step.call)
  }
}

const laneOf = ({ node, former }: OnLane, lane: string) => `${node} ${former} ${lane}`

const epochOf = ({ epochs }: Side, { node, former }: { node: number; former: boolean }): number => {
  const had = epochs[node] ?? []
  return (former ? had.at(-2) : undefined) ?? had.at(-1) ?? 0
}

/** How far an epoch's lanes are; both at 0 when it has ended. */
async function lanesOf({ twin }: Side, epoch: number): Promise<Lanes> {
  const all = await twin.calls.lanes()
  return all.find((lanes) => lanes.epoch === epoch) ?? { epoch, move: 0, settle: 0 }
}

const BY_TURN = { next: 1, again: 0, behind: -1, ahead: 2 } as const

function move(pair: Pair, step: Extract<Step, { kind: 'move' }>): Act {
  const asks = sent(pair, laneOf(step, 'move'), step) as readonly Ask[]
  return (side) =>
    answered(async () => {
      const epoch = epochOf(side, step)
      const seq = (await lanesOf(side, epoch)).move + BY_TURN[step.turn]
      const moved = await side.twin.calls.move({ epoch, seq, asks })
      return moved === 'lost' ? moved : moved.toSorted((a, b) => a.entity - b.entity)
    })
}

function settle(pair: Pair, step: Extract<Step, { kind: 'settle' }>): Act {
  const calls = sent(pair, laneOf(step, 'settle'), step) as readonly Call[]
  return (side) =>
    answered(async () => {
      const epoch = epochOf(side, step)
      const seq = (await lanesOf(side, epoch)).settle + BY_TURN[step.turn]
      const held = (call: Call) => (call.late ? (side.epochs[step.node]?.at(-2) ?? 1) : epoch)
      const settlements = calls.map((call) => settlementOf(call, held(call)))
      return side.twin.calls.settle({ epoch, seq, settlements })
    })
}

/** What a call carries; sent again it carries what it did the first time. */
function sent(
  pair: Pair,
  lane: string,
  step: Extract<Step, { kind: 'move' | 'settle' }>,
): readonly Ask[] | readonly Call[] {
  const before = pair.last.get(lane)
  if (step.turn === 'again' && before !== undefined) return before
  const now = step.kind === 'move' ? step.asks : named(pair, step.calls)
  pair.last.set(lane, now)
  return now
}

/** Each call has a name of its own, but for those that are settled late a second time. */
function named(pair: Pair, calls: readonly Ended[]): readonly Call[] {
  const names = new Set<string>()
  return calls.map((call) => {
    const before = call.before === undefined ? undefined : pair.calls.at(-1 - call.before)
    const again = call.late && before !== undefined && !names.has(before.id) ? before : undefined
    const id = again?.id ?? `call-${++pair.lastCall}`
    names.add(id)
    const one = { ...(again ?? call), id, late: call.late }
    if (again === undefined) pair.calls.push(one)
    return one
  })
}

function settlementOf(call: Call, epoch: number): Settlement {
  const { id, key, account, unlimited, cost, atMost, odd } = call
  const plain = recordOf(id)
  return {
    ...{ key, account, budgets: call.budgets, cost, atMost, epoch },
    ...{ keyUnlimited: unlimited[0], accountUnlimited: unlimited[1] },
    record: {
      ...{ ...plain, key_id: Math.floor(key / 4), account_id: Math.floor(account / 4) },
      prompt_tokens: odd ? 0.5 : plain.prompt_tokens,
    },
  }
}

function reap(step: Extract<Step, { kind: 'reap' }>): Act {
  return async (side) => {
    const lanes = await lanesOf(side, epochOf(side, step))
    return side.twin.calls.reap({ ...lanes, settle: lanes.settle + Number(step.stale) })
  }
}

/** As the first calls of periods open them. */
async function open({ store }: Twin, entities: readonly number[]): Promise<unknown> {
  const found: Record<number, number> = {}
  const opening = createOpening({
    store,
    ...{ now: () => AT_MS, doubts: () => 0 },
    found: (entity, remain) => {
      found[entity] = remain
    },
  })
  await opening(entities.map((entity) => ({ entity, budget: budgetPeriodOf(entity) })))
  return found
}

/** As a call is refunded that was renounced. Where nothing was charged nobody looks a second time. */
function refund({ calls }: Pair, at: number): Act {
  const call = calls.at(-1 - at)
  return async ({ twin }) => {
    if (call === undefined) return
    const did: unknown[] = []
    const write: Store['write'] = async (statements) => {
      try {
        const written = await twin.store.write(statements)
        did.push(written.done)
      } catch (failure) {
        did.push(String(failure))
      }
      return { done: true, rows: [], changed: [] }
    }
    const clock = { after: () => () => undefined, idly: () => undefined }
    await createRefund({ ...twin.store, write }, () => AT_MS, clock)(settlementOf(call, 0))
    return did
  }
}

/** A refusal counts as what lanes take it for. */
async function answered(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask()
  } catch (failure) {
    if (!(failure instanceof NotApplied)) throw failure
    return { ofItsOwn: failure.ofItsOwn, inTheWay: failure.inTheWay }
  }
}

/** What is stored, with epochs by the names of their nodes. */
async function standing({ twin, epochs }: Side): Promise<unknown> {
  const names = new Map<number | string, string>()
  for (const [at, had] of epochs.entries()) {
    for (const [nth, epoch] of had.entries()) names.set(epoch, `node ${at}, ${nth}`)
  }
  const stored: Stored = await twin.stored()
  const named = (epoch: number | string = 0) => names.get(epoch) ?? 'one before'
  const holds = stored.holds.map(([epoch, ...rest]) => [named(epoch), ...rest])
  const lanes = (await twin.calls.lanes()).map((one) => [named(one.epoch), one.move, one.settle])
  // In which order one write names the balances that it changed, nobody asks; what is compared is each write.
  const changes = stored.changes.map(([, ...change]) => change)
  const numbers = stored.changes.map(([number = 0]) => [number])
  return Object.fromEntries(
    Object.entries({ ...stored, holds, lanes, changes, numbers }).map(([name, rows]) => [
      name,
      rows.map((row) => row.join(' ')).toSorted(),
    ]),
  )
}

it('the database of the simulation does what the functions of PostgreSQL do, in whatever order they are called', {
  timeout: 240_000,
}, async () => {
  const real = await openReal()
  const seen = new Set<string>()
  let runs = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 45, size: 'max' }),
      async (steps) => {
        await real.empty()
        const pair = await openPair([real, openSimulated(++runs)], seen)
        for (const next of steps) await take(pair, next)
      },
    ),
    { numRuns: RUNS, seed: SEED },
  )
  expect([...seen]).toEqual(expect.arrayContaining(MUST_BE_SEEN))
})
