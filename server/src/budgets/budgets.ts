import {
  budgetEntity,
  budgetPeriodOf,
  type Entity,
  isBudget,
  type Period,
} from '../ledger/entity.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Store } from '../storage/store.ts'
import type { Budget } from './budget.ts'
import { createCalendar, momentIn, spanOf } from './calendar.ts'
import { createOpening, type Open } from './opening.ts'

export interface BudgetsParts {
  readonly store: Pick<Store, 'db' | 'dbForCalls' | 'dialect' | 'write' | 'loans' | 'onBehind'>
  readonly ledger: Pick<Ledger, 'know' | 'knows' | 'forget'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Which periods of budgets run now, and that the ledger knows their balances. */
export interface Budgets {
  /**
   * The entities that pay for a call which begins now: at once but for the first call of a period, and of a key that comes
   * into memory. Rejects with `ledger_unavailable`.
   */
  running(budgets: readonly Budget[]): readonly Entity[] | Promise<readonly Entity[]>
  /** The key cache dropped a key or an account. */
  forget(owner: Entity): void
}

/** What was found out for one key's budgets, good until the first of their periods ends. */
interface Running {
  readonly entities: readonly Entity[]
  readonly from: number
  readonly until: number
}

/** Builds the room of budgets. */
export function createBudgets({ store, ledger, now }: BudgetsParts): Budgets {
  const calendar = createCalendar()
  const known = createKnown(ledger)
  /** How often what was found out has become doubtful. */
  let doubts = 0
  const open = createOpening({ store, now, found: known.add, doubts: () => doubts })
  let latest = new WeakMap<readonly Budget[], Running>()
  // A failover may have lost that a period was opened: each is looked for again.
  const doubt = () => {
    doubts++
    latest = new WeakMap()
    known.doubt()
  }
  store.loans?.onLost(doubt)
  store.onBehind(doubt)
  // It may have lost that and nothing else of this node.
  store.loans?.onMissing((entities) => {
    const periods = entities.filter(isBudget)
    for (const entity of periods) ledger.forget(entity)
    if (periods.length > 0) doubt()
  })

  async function find(budgets: readonly Budget[]): Promise<readonly Entity[]> {
    const at = now()
    const spans = budgets.map(({ period, tz }) => calendar.spanAt(period, tz, at))
    const periods = budgets.map(({ owner, period }, nth) => {
      const budget = { owner, period, number: spans[nth]?.number ?? 0 }
      return { entity: budgetEntity(budget), budget }
    })
    let entities: readonly Entity[]
    let before: number
    do {
      before = doubts
      entities = await thereOf(periods, known, open)
      // What was found may be forgotten by now, as when its owner was changed meanwhile.
    } while (before !== doubts || !entities.every(ledger.knows))
    latest.set(budgets, {
      entities,
      from: Math.max(...spans.map(({ from }) => from)),
      until: Math.min(...spans.map(({ until }) => until)),
    })
    return entities
  }

  return {
    running(budgets) {
      const running = latest.get(budgets)
      const at = now()
      if (running !== undefined && running.from <= at && at < running.until) return running.entities
      return find(budgets)
    },
    forget: known.forget,
  }
}

/** Those of the periods that are budgets still, in their order. */
async function thereOf(
  periods: readonly Parameters<Open>[0][number][],
  known: Known,
  open: Open,
): Promise<readonly Entity[]> {
  const missing = periods.filter(({ entity }) => !known.has(entity))
  const found = missing.length === 0 ? undefined : await open(missing)
  const gone = new Set(missing.map(({ entity }) => entity).filter((entity) => !found?.has(entity)))
  return periods.map(({ entity }) => entity).filter((entity) => !gone.has(entity))
}

interface Known {
  add(entity: Entity, remain: number): void
  /** Whether it is one of them. */
  has(entity: Entity): boolean
  forget(owner: Entity): void
  /** None of them is known for sure any more; the ledger goes on with those that calls hold units of. */
  doubt(): void
}

/** The periods that the ledger knows, by owner: of each budget the latest one. */
function createKnown(ledger: BudgetsParts['ledger']): Known {
  const byOwner = new Map<Entity, Map<Period, Entity>>()

  function add(entity: Entity, remain: number): void {
    const { owner, period } = budgetPeriodOf(entity)
    const periods = byOwner.get(owner) ?? new Map<Period, Entity>()
    const before = periods.get(period)
    // Calls that run were admitted in it: the ledger keeps it until they are over.
    if (before !== undefined && before !== entity) ledger.forget(before)
    byOwner.set(owner, periods.set(period, entity))
    ledger.know(entity, remain)
  }

  return {
    add,
    has(entity) {
      const { owner, period } = budgetPeriodOf(entity)
      return byOwner.get(owner)?.get(period) === entity && ledger.knows(entity)
    },
    forget(owner) {
      for (const entity of byOwner.get(owner)?.values() ?? []) ledger.forget(entity)
      byOwner.delete(owner)
    },
    doubt: () => byOwner.clear(),
  }
}

/** For people: which of these budgets a balance is of, and when it begins anew. */
export function describeBudget(entity: Entity, budgets: readonly Budget[]): string {
  const { owner, period, number } = budgetPeriodOf(entity)
  const budget = budgets.find((one) => one.owner === owner && one.period === period)
  const whose = budget?.whose === 'account' ? "this API key's account" : 'this API key'
  const tz = budget?.tz ?? 'UTC'
  const resetsAt = momentIn(tz, spanOf({ period, number }, tz).until)
  return `too little is left of the ${period} budget of ${whose}, which resets at ${resetsAt}`
}
