import { Refused } from '../../errors.ts'
import { type Clock, pauseOn } from '../../storage/lanes/clock.ts'
import { type Ask, type Moved, NotApplied } from '../../storage/lanes/ledger-calls.ts'
import type { Loans } from '../../storage/loans.ts'
import { freeOf } from '../balances.ts'
import type { Entity } from '../entity.ts'
import { type Apart, createApart } from './apart.ts'
import { follow, judgeSlack, type Loan } from './loan.ts'

/** What the next move does for one entity. */
interface Wish {
  /** Units that its callers need at hand, together. */
  need: number
  giveBack: boolean
  leave: boolean
  readonly answered: Answered[]
}

interface Answered {
  resolve(): void
  reject(failure: unknown): void
}

/** What a move that was answered did for a loan. `left`: it gave everything back, and nobody used it since. */
export type Did = 'asked' | 'left' | 'looked'

export interface MoverParts {
  readonly loans: Pick<Loans, 'move' | 'nodes'>
  readonly clock: Clock
  /** The node's loan of an entity, under the present epoch. */
  readonly loanOf: (entity: Entity) => Loan | undefined
  /** Keeps an entity known while a move of it is under way: else nobody would know of what it brings. */
  readonly keep: (entity: Entity) => void
  readonly letGo: (entity: Entity) => void
  readonly answered: (loan: Loan, did: Did) => void
  /** Units of these may have come. */
  readonly moved: (entities: readonly Entity[]) => void
  readonly fenced: () => boolean
}

interface Running extends MoverParts {
  /** What the next moves are to do; what this one says of these entities may be out of date. */
  readonly wishes: ReadonlyMap<Entity, Wish>
  readonly apart: Apart
}

export interface Mover {
  /** Borrows what is missing of `need`; resolves when a move has tried. Rejects while the ledger can't be reached. */
  bring(entity: Entity, need: number): Promise<void>
  /** Asks how an entity stands. */
  look(entity: Entity): Promise<void>
  /** Gives back what no call holds. */
  giveBack(entity: Entity): void
  /** Gives back everything, unless calls hold units of it by then. */
  leave(entity: Entity): void
}

const RETRY_MS = 50
const WATCH_MS = 250
/** A statement takes so many entities; the rest goes with the next. */
const MOST = 500
const MOST_BACK = 100

/** Gathers what entities need and have to spare into moves, one on its way at a time. */
export function createMover(outer: MoverParts): Mover {
  const { loans, clock } = outer
  const wishes = new Map<Entity, Wish>()
  const parts: Running = { ...outer, apart: createApart(clock), wishes }
  let underway: Map<Entity, Wish> | undefined
  let scheduled = false

  function wishFor(entity: Entity): Wish {
    const wish = wishes.get(entity) ?? { need: 0, giveBack: false, leave: false, answered: [] }
    wishes.set(entity, wish)
    if (underway === undefined) schedule()
    return wish
  }

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    clock.after(0, () => void send())
  }

  const answer = (entity: Entity, need: number): Promise<void> =>
    new Promise((resolve, reject) => {
      if (parts.fenced()) return reject(new Refused('ledger_unavailable'))
      const wish = wishFor(entity)
      wish.need += need
      wish.answered.push({ resolve, reject })
    })

  async function send(): Promise<void> {
    scheduled = false
    const taken = takeSome(wishes, parts.apart)
    if (taken.size === 0) return
    underway = taken
    const asked = askAll(parts, taken)
    for (const { ask } of asked) parts.keep(ask.entity)
    const stopWatch = watch(parts, taken)
    try {
      const moved = await loans.move(asked.map(({ ask }) => ask))
      parts.apart.remove(taken.keys())
      if (moved === undefined) again(taken, wishFor)
      else arrived(parts, taken, asked, moved)
    } catch (failure) {
      for (const { loan, returning } of asked) takeBack(loan, returning)
      if (mayAskAgain(parts, failure, taken)) {
        await pauseOn(clock, RETRY_MS)
        again(taken, wishFor)
      } else refuse(taken)
    } finally {
      stopWatch()
      for (const { ask } of asked) parts.letGo(ask.entity)
      underway = undefined
    }
    parts.moved([...taken.keys()])
    for (const { answered } of taken.values()) for (const { resolve } of answered) resolve()
    if (wishes.size > 0) schedule()
  }

  return {
    bring: answer,
    look: (entity) => answer(entity, 0),
    giveBack(entity) {
      wishFor(entity).giveBack = true
    },
    leave(entity) {
      wishFor(entity).leave = true
    },
  }
}

/** One of many may be in the way of all: from now on each is asked for alone, and the culprit's callers are told. */
function mayAskAgain(
  { fenced, apart }: Running,
  failure: unknown,
  taken: ReadonlyMap<Entity, Wish>,
): boolean {
  if (!(failure instanceof NotApplied) || fenced()) return false
  if (!failure.inTheWay) return true
  apart.add(taken.keys())
  return taken.size > 1
}

/** What a move did not do, the next one does: only needs, because what was to spare may be needed now. */
function again(taken: ReadonlyMap<Entity, Wish>, wishFor: (entity: Entity) => Wish): void {
  for (const [entity, { need, answered }] of taken) {
    if (answered.length === 0) continue
    const wish = wishFor(entity)
    wish.need += need
    wish.answered.push(...answered.splice(0))
  }
}

/**
 * Needs first: somebody waits for them. What goes back goes a little at a time beside them. Last come those that are
 * asked for alone.
 */
function takeSome(wishes: Map<Entity, Wish>, apart: Apart): Map<Entity, Wish> {
  const taken = new Map<Entity, Wish>()
  let back = 0
  for (const [entity, wish] of wishes) {
    if (taken.size >= MOST) break
    if (apart.has(entity)) continue
    if (wish.answered.length === 0 && ++back > MOST_BACK) continue
    taken.set(entity, wish)
  }
  const [first] = wishes
  if (taken.size === 0 && first !== undefined) taken.set(...first)
  for (const entity of taken.keys()) wishes.delete(entity)
  return taken
}

interface Asked {
  readonly loan: Loan
  /** Monotonic milliseconds. */
  readonly at: number
  readonly ask: Ask
  readonly returning: number
  /** Of the loan, when it was asked. */
  readonly changes: number
}

function askAll({ loans, clock, loanOf }: MoverParts, taken: ReadonlyMap<Entity, Wish>): Asked[] {
  const asked: Asked[] = []
  const at = clock.monotonic()
  for (const [entity, wish] of taken) {
    const loan = loanOf(entity)
    if (loan === undefined) continue
    const free = freeOf(loan)
    const { changes } = loan
    if (wish.answered.length > 0) {
      // Management may have taken units that running calls hold: they are had again as soon as there are any.
      const missing = wish.need - (loan.remain - loan.reserved)
      const units = missing > 0 ? missing + judgeSlack(loan, at, loans.nodes()) : 0
      asked.push({ loan, at, changes, ask: { entity, units }, returning: 0 })
    } else if (wish.leave && loan.holders === 0) {
      const ask = { entity, units: 0, leave: true }
      asked.push(setAside({ loan, at, changes, returning: free, ask }))
    } else if (wish.giveBack && free > 0) {
      loan.slack = 0
      asked.push(setAside({ loan, at, changes, returning: free, ask: { entity, units: -free } }))
    }
  }
  return asked
}

/** What goes back is nobody's to reserve while it is on its way: until it is answered it counts as reserved. */
function setAside(asked: Asked): Asked {
  asked.loan.reserved += asked.returning
  return asked
}

function takeBack(loan: Loan, returning: number): void {
  loan.reserved -= returning
}

function arrived(
  parts: Running,
  taken: ReadonlyMap<Entity, Wish>,
  asked: readonly Asked[],
  moved: readonly Moved[],
): void {
  const answers = new Map(moved.map((one) => [one.entity, one]))
  for (const { loan, at, ask, returning, changes } of asked) {
    takeBack(loan, returning)
    // A call that was settled meanwhile has made a new row, perhaps.
    const left = ask.leave === true && loan.usedAt < at
    const said = answers.get(ask.entity)
    if (said === undefined) {
      // A failover has lost its balance, and with it what was borrowed: who asks again may find it opened anew. The row in
      // which calls were counted stays, without units, as long as the epoch: were it not taken for left, it would be given
      // back again every second.
      follow(loan, { granted: 0, spent: 0 })
      refuseOne(taken.get(ask.entity))
      if (left) parts.answered(loan, 'left')
      continue
    }
    loan.unlent = said.remain
    loan.elsewhere = said.elsewhere
    // A look at what was changed meanwhile may have been refused: then whoever needs to know asks.
    loan.seen = !parts.wishes.has(ask.entity) && loan.changes === changes
    follow(loan, ask.leave ? { granted: 0, spent: 0 } : { granted: said.granted })
    parts.answered(loan, left ? 'left' : ask.units > 0 ? 'asked' : 'looked')
  }
}

/** While a move is not answered, nobody waits for it, or for the next one, longer than the node may reserve. */
function watch({ clock, fenced, wishes }: Running, taken: ReadonlyMap<Entity, Wish>): () => void {
  let stop = () => {}
  const turn = () => {
    stop = clock.after(WATCH_MS, () => {
      if (fenced()) for (const all of [taken, wishes]) refuse(all)
      turn()
    })
  }
  turn()
  return () => stop()
}

function refuse(all: ReadonlyMap<Entity, Wish>): void {
  for (const wish of all.values()) refuseOne(wish)
}

function refuseOne(wish: Wish | undefined): void {
  if (wish === undefined) return
  wish.need = 0
  for (const { reject } of wish.answered.splice(0)) reject(new Refused('ledger_unavailable'))
}
