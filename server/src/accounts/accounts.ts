import { sql } from 'kysely'
import { changeRunningPeriods } from '../budgets/change.ts'
import { mustExist } from '../groups/statements.ts'
import { accountEntity } from '../ledger/entity.ts'
import { openBalance, setBalance } from '../ledger/statements.ts'
import { type Compilable, mustChange, type Statement, type Store } from '../storage/store.ts'
import type { AccountTable } from '../storage/tables.ts'
import { type AccountLimits, readAccountLimits, writeAccountLimits } from './account-limits.ts'
import { anotherAdmin, removal } from './removal.ts'
import { endSessions } from './sign-in-rows.ts'
import { ACTIVE, SUSPENDED } from './status.ts'

export type Role = AccountTable['role']

/** An account and its balance. */
export interface Account {
  readonly id: number
  readonly username: string
  readonly role: Role
  /** 1 active, 2 suspended. */
  readonly status: number
  readonly group: string
  /** Further groups it may use. */
  readonly groups: readonly string[]
  readonly unlimited: boolean
  readonly limits: AccountLimits
  readonly hasPassword: boolean
  readonly email: string | null
  /** Somebody proved that it is theirs, or an administrator set it: links to a new password go there. */
  readonly emailVerified: boolean
  readonly passwordDue: boolean
  readonly createdAt: number
  readonly remain: number
  readonly used: number
  readonly requests: number
}

export interface NewAccount {
  readonly username: string
  readonly passwordHash: string | null
  /** The program made the password: it must be replaced before anything else is done with it. */
  readonly passwordDue?: boolean
  readonly role: Role
  readonly group: string
  readonly groups: readonly string[]
  readonly quota: number
  /** Null or absent: none. Unique among living accounts. */
  readonly email?: string | null
  /** Whether somebody vouches that it is theirs. */
  readonly emailVerified?: boolean
  readonly unlimited: boolean
  readonly limits?: AccountLimits
}

/** What should become different. `quota` is set, whatever it was. */
export type AccountChange = Omit<Partial<NewAccount>, 'limits'> & {
  readonly status?: number
  /** One column holds several limits, so it is only replaced as it was read. */
  readonly limits?: { readonly before: AccountLimits; readonly after: AccountLimits }
}

/** Who does it, for the books, and what is written with it (audit). */
export interface By {
  readonly actor: string
  also?(id: number): readonly (Statement | Compilable)[]
}

/** An account names a group that is not there. */
export class GroupGone extends Error {
  override readonly name = 'GroupGone'
}

export interface AccountPage {
  readonly total: number
  readonly accounts: readonly Account[]
}

export interface Accounts {
  find(id: number): Promise<Account | undefined>
  findByName(username: string): Promise<Account | undefined>
  /** Newest first. */
  list(page: { readonly skip: number; readonly take: number }): Promise<AccountPage>
  /**
   * @throws UniqueViolation when the name is taken, GroupGone when a group that it names is not there, or what is written
   * with it could not be
   */
  create(wanted: NewAccount, by: By): Promise<number>
  /**
   * False, and nothing changed, when it would leave no active administrator, its limits were changed, a group that it
   * names is not there, or it is gone.
   */
  update(id: number, change: AccountChange, by: By): Promise<boolean>
  /** Ends the account, its keys and its tokens. False when nobody could administer afterwards or it is gone. */
  remove(id: number, by: By): Promise<boolean>
}

interface AccountParts {
  readonly store: Store
  readonly now: () => number
}

/** Builds the room of accounts. */
export function createAccounts(parts: AccountParts): Accounts {
  const { store, now } = parts
  const seconds = () => Math.floor(now() / 1000)
  return {
    find: (id) => findWhere(store, 'id', id),
    findByName: (username) => findWhere(store, 'username', username),
    list: (page) => listAccounts(store, page),
    create: (wanted, by) => createAccount(parts, wanted, by),
    update: (id, change, by) => updateAccount(parts, { id, change }, by),
    async remove(id, by) {
      const written = await store.write(
        [...removal(store, id, seconds()), ...(by.also?.(id) ?? [])],
        [{ kind: 'account', subject: String(id) }],
      )
      return written.done
    },
  }
}

async function createAccount(
  { store, now }: AccountParts,
  wanted: NewAccount,
  by: By,
): Promise<number> {
  const id = await store.nextId('account')
  const seconds = Math.floor(now() / 1000)
  const entity = accountEntity(id)
  const written = await store.write(
    [
      ...mustExist(store.db, [wanted.group, ...wanted.groups]),
      store.db.insertInto('account').values({
        id,
        username: wanted.username,
        password_hash: wanted.passwordHash,
        password_due: wanted.passwordDue ? 1 : 0,
        role: wanted.role,
        status: ACTIVE,
        group_name: wanted.group,
        groups: JSON.stringify(wanted.groups),
        unlimited_quota: wanted.unlimited ? 1 : 0,
        created_at: seconds,
        deleted_at: null,
        limits: writeAccountLimits(wanted.limits ?? {}),
        ...emailColumns(wanted),
      }),
      ...openBalance(store, { entity, amount: wanted.quota, actor: by.actor, seconds }),
      ...(by.also?.(id) ?? []),
    ],
    [{ kind: 'account', subject: String(id) }],
  )
  if (!written.done) throw new GroupGone()
  return id
}

async function updateAccount(
  { store, now }: AccountParts,
  { id, change }: { id: number; change: AccountChange },
  by: By,
): Promise<boolean> {
  const seconds = Math.floor(now() / 1000)
  const entity = accountEntity(id)
  const { quota, group, groups = [] } = change
  const named = group === undefined ? groups : [group, ...groups]
  const setting =
    quota === undefined
      ? []
      : setBalance(store, { entity, amount: quota, actor: by.actor, seconds })
  const written = await store.write(
    [
      changeStatement(store, id, change),
      ...(endsSessions(change) ? [endSessions(store, id)] : []),
      ...changedBudgets({ store, now }, { id, change }, by),
      ...mustExist(store.db, named),
      ...setting,
      ...(by.also?.(id) ?? []),
    ],
    [{ kind: 'account', subject: String(id) }],
  )
  return written.done
}

function changedBudgets(
  parts: AccountParts,
  { id, change: { limits } }: { id: number; change: AccountChange },
  { actor }: By,
): readonly Statement[] {
  if (limits === undefined) return []
  const { before, after } = limits
  return changeRunningPeriods(parts, {
    ...{ whose: 'account', owner: accountEntity(id), actor },
    ...{ before: before.budgets ?? [], after: after.budgets ?? [] },
  })
}

/** Letters in addresses are compared whatever their case. */
const emailColumns = ({ email, emailVerified }: Pick<NewAccount, 'email' | 'emailVerified'>) =>
  email === undefined
    ? {}
    : {
        email: email?.toLowerCase() ?? null,
        email_verified: email !== null && emailVerified ? 1 : 0,
      }

const endsSessions = ({ status, passwordHash }: AccountChange): boolean =>
  status === SUSPENDED || passwordHash !== undefined

function changeStatement(store: Store, id: number, change: AccountChange): Statement {
  const ends = change.role === 'user' || change.status === SUSPENDED
  const query = store.db
    .updateTable('account')
    .set({
      // An update needs at least one column, and changing nothing is a valid wish.
      id,
      ...(change.username === undefined ? {} : { username: change.username }),
      ...(change.passwordHash === undefined
        ? {}
        : { password_hash: change.passwordHash, password_due: change.passwordDue ? 1 : 0 }),
      ...(change.role === undefined ? {} : { role: change.role }),
      ...(change.status === undefined ? {} : { status: change.status }),
      ...(change.group === undefined ? {} : { group_name: change.group }),
      ...(change.groups === undefined ? {} : { groups: JSON.stringify(change.groups) }),
      ...(change.unlimited === undefined ? {} : { unlimited_quota: change.unlimited ? 1 : 0 }),
      ...emailColumns(change),
      ...(change.limits === undefined ? {} : { limits: writeAccountLimits(change.limits.after) }),
    })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .$if(change.limits !== undefined, (narrowed) =>
      narrowed.where(
        'limits',
        'is not distinct from',
        writeAccountLimits(change.limits?.before ?? {}),
      ),
    )
  return mustChange(ends ? query.where(anotherAdmin(id)) : query)
}

/** Accounts with their balances, deleted ones left out. */
function selectAccounts(store: Store) {
  return store.db
    .selectFrom('account')
    .leftJoin('balance_now as balance', (join) =>
      join.on(sql<boolean>`balance.entity = account.id * 4 + 1`),
    )
    .selectAll('account')
    .select(['balance.remain', 'balance.used', 'balance.requests'])
    .where('account.deleted_at', 'is', null)
}

type AccountRow = Awaited<ReturnType<ReturnType<typeof selectAccounts>['execute']>>[number]

async function findWhere(
  store: Store,
  column: 'id' | 'username',
  value: number | string,
): Promise<Account | undefined> {
  const row = await selectAccounts(store).where(`account.${column}`, '=', value).executeTakeFirst()
  return row === undefined ? undefined : toAccount(row)
}

async function listAccounts(
  store: Store,
  { skip, take }: { skip: number; take: number },
): Promise<AccountPage> {
  const [rows, count] = await Promise.all([
    selectAccounts(store).orderBy('account.id', 'desc').limit(take).offset(skip).execute(),
    store.db
      .selectFrom('account')
      .select(({ fn }) => fn.countAll<number>().as('total'))
      .where('deleted_at', 'is', null)
      .executeTakeFirstOrThrow(),
  ])
  return { total: Number(count.total), accounts: rows.map(toAccount) }
}

function toAccount(row: AccountRow): Account {
  const groups: readonly string[] = JSON.parse(row.groups)
  return {
    id: row.id,
    username: row.username,
    role: row.role,
    status: row.status,
    group: row.group_name,
    groups,
    unlimited: row.unlimited_quota === 1,
    limits: readAccountLimits(row.limits),
    hasPassword: row.password_hash !== null,
    email: row.email,
    emailVerified: row.email_verified === 1,
    passwordDue: row.password_due === 1,
    createdAt: row.created_at,
    remain: row.remain ?? 0,
    used: row.used ?? 0,
    requests: row.requests ?? 0,
  }
}
