import { isDeepStrictEqual } from 'node:util'
import { type Budget, type BudgetWish, compileBudgets } from '../../src/budgets/budget.ts'
import { changeRunningPeriods } from '../../src/budgets/change.ts'
import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import type { Payers } from '../../src/ledger/ledger.ts'
import type { Database, OwnerRow } from './database.ts'
import { amountsOf, changeOwner, openBalance, updateBudgets } from './database-management.ts'
import type { Node } from './node.ts'
import { BEGAN_MS } from './node-clock.ts'
import type { Profile } from './profile.ts'
import type { Random } from './random.ts'
import type { Simulation } from './simulation.ts'

/** A key and its account, as rows say; which periods of budgets pay with them, each node finds out by its own clock. */
export type Customer = Omit<Payers, 'budgets'>

/** Accounts with two keys each; some of both are unlimited, and some have budgets. */
export function openCustomers(database: Database, profile: Profile): Customer[] {
  const { accounts } = profile
  const mostUnits = profile.mostUnits * profile.riches
  const { random } = database.world
  const customers: Customer[] = []
  for (let account = 1; account <= accounts; account++) {
    const accountUnlimited = random.chance(0.2)
    openOwner(database, accountEntity(account), random.whole(mostUnits >> 1, mostUnits))
    for (const key of [2 * account, 2 * account + 1]) {
      openOwner(database, keyEntity(key), random.whole(mostUnits >> 2, mostUnits))
      const keyUnlimited = random.chance(0.2)
      customers.push({
        ...{ key: keyEntity(key), account: accountEntity(account) },
        ...{ keyUnlimited, accountUnlimited },
      })
    }
  }
  return customers

  function openOwner(database: Database, owner: number, amount: number): void {
    openBalance(database, owner, amount)
    const row: OwnerRow = { budgets: wishes(random, mostUnits), atMs: BEGAN_MS }
    database.journal.transact(() => database.owners.set(owner, row))
  }
}

/** None, one or two. Nights come in every world: days end, and a month. */
const wishes = (random: Random, mostUnits: number): BudgetWish[] =>
  (['day', 'month'] as const)
    .filter(() => random.chance(0.4))
    .map((period) => ({ period, amount: random.whole(mostUnits >> 2, mostUnits) }))

/** What a node's key cache says of the budgets; read when it is not there, and then the balances come with it. */
export function lookUp(
  { database, world, profile }: Simulation,
  { keys, ledger }: Pick<Node, 'keys' | 'ledger'>,
  { key, account, ...whose }: Customer,
): readonly Budget[] | undefined {
  const found = keys.get(key)
  const compiled = found === undefined ? compile(database, key, account) : found.budgets
  for (const [entity, unlimited] of [
    [key, whose.keyUnlimited],
    [account, whose.accountUnlimited],
  ] as const) {
    const isKnown = found !== undefined && ledger.knows(entity)
    if (unlimited || (isKnown && !world.random.chance(0.1))) continue
    // It may have been read a while ago.
    const remain = world.random.chance(0.1)
      ? world.random.whole(0, profile.mostUnits)
      : database.whole(entity)
    ledger.know(entity, remain)
  }
  keys.set(key, { account, budgets: compiled, readAt: found?.readAt ?? world.now })
  return compiled
}

const compile = ({ owners }: Database, key: number, account: number) =>
  compileBudgets(
    { entity: key, budgets: owners.get(key)?.budgets ?? [] },
    { entity: account, budgets: owners.get(account)?.budgets ?? [] },
  )

/** A key of which a node's cache says something else than the rows of key and account. */
export function outdated(
  { database, deleted }: Simulation,
  { keys }: Pick<Node, 'keys'>,
): number | undefined {
  for (const [key, { account, budgets }] of keys) {
    const isSo = isDeepStrictEqual(budgets, compile(database, key, account))
    if (!isSo && !deleted.has(key)) return key
  }
  return undefined
}

/** People change the budgets of a key or an account while calls run. */
export function changeBudgets(simulation: Simulation, owner: number): void {
  const { database, world, profile } = simulation
  const before = database.owners.get(owner)
  if (before === undefined) return
  const atMs = BEGAN_MS + Math.floor(world.now)
  const after = wishes(world.random, profile.mostUnits * profile.riches)
  const change = { owner, before: before.budgets, after, actor: 'people' }
  const whose = owner % 4 === keyEntity(0) ? ('key' as const) : ('account' as const)
  const store = { dialect: 'postgres' as const }
  const statements = changeRunningPeriods({ store, now: () => atMs }, { ...change, whose })
  const amounts = amountsOf(statements)
  updateBudgets(database, { owner, wishes: after, amounts, atMs })
  world.note('people', () => `budgets of ${owner}: ${JSON.stringify(after)}`)
}

/** A key or an account gets a limit, or loses it, while calls run that began under the other rule. */
export function changeLimit(simulation: Simulation, whose: Customer): void {
  const { customers, database, world } = simulation
  const ofKey = world.random.chance(0.5)
  const owner = ofKey ? whose.key : whose.account
  for (const [at, customer] of customers.entries()) {
    if (ofKey && customer.key === owner)
      customers[at] = { ...customer, keyUnlimited: !customer.keyUnlimited }
    if (!ofKey && customer.account === owner)
      customers[at] = { ...customer, accountUnlimited: !customer.accountUnlimited }
  }
  world.note('people', () => `${owner} is limited, or is not any more`)
  changeOwner(database, owner)
}
