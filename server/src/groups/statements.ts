import { type Expression, sql } from 'kysely'
import { mustChange, type Statement, type Store } from '../storage/store.ts'

type Db = Store['db']

/**
 * Stops a write that names a group which is not there (any more). The names are distinct; `auto` counts as one that is.
 * Writes are serial, so none of them is deleted between this and the commit.
 */
export function mustExist(db: Db, names: Iterable<string>): readonly Statement[] {
  const wanted = [...new Set(names)]
  if (wanted.length === 0) return []
  return [
    mustChange(
      db
        .selectFrom('channel_group')
        .select(({ fn }) => fn.countAll<number>().as('found'))
        .where('name', 'in', wanted)
        .having(({ fn }) => fn.countAll(), '=', wanted.length),
    ),
  ]
}

/** Those of the names that no group has. */
export async function missingGroups(db: Db, names: Iterable<string>): Promise<readonly string[]> {
  const wanted = [...new Set(names)]
  if (wanted.length === 0) return []
  const rows = await db
    .selectFrom('channel_group')
    .select('name')
    .where('name', 'in', wanted)
    .execute()
  const found = new Set(rows.map(({ name }) => name))
  return wanted.filter((name) => !found.has(name))
}

/** Deletes a group unless a living channel or account, another group's ratios or `auto` name it. */
export function deleteUnused(db: Db, name: string): Statement {
  return mustChange(
    db
      .deleteFrom('channel_group')
      .where('name', '=', name)
      .where(({ not, exists }) => not(exists(channelsWith(db, name).select('channel.id'))))
      .where(({ not, exists }) => not(exists(accountsWith(db, name).select('account.id'))))
      .where(({ not, exists }) => not(exists(groupsWith(db, name).select('other.name')))),
  )
}

/**
 * Who names a group, in words: `2 channels, such as "openai"`. Empty: nobody does. Keys are among them here and not
 * above: there may be a million of them, for which no write should wait, and a key whose account may not use the
 * group, as none does, can't use it either.
 */
export async function usesOf(store: Pick<Store, 'db' | 'dialect'>, name: string) {
  const { db } = store
  const [channels, accounts, keys, groups] = await Promise.all([
    countOf('channel', channelsWith(db, name).select(counted('channel.name'))),
    countOf('account', accountsWith(db, name).select(counted('account.username'))),
    countOf('API key', keysWith(store, name).select(counted('key.name'))),
    groupsWith(db, name).select(['other.name', 'other.walks']).execute(),
  ])
  const special = groups.filter(({ walks }) => walks === null).map((group) => group.name)
  return [
    ...channels,
    ...accounts,
    ...keys,
    ...(special.length < groups.length ? ['the order of auto'] : []),
    ...(special.length > 0 ? [`the special ratios of ${special.join(', ')}`] : []),
  ]
}

interface Counted {
  readonly uses: number
  readonly example: string | null
}

const counted = (column: string) => [
  sql<number>`count(*)`.as('uses'),
  sql<string | null>`min(${sql.ref(column)})`.as('example'),
]

async function countOf(
  what: string,
  query: { executeTakeFirst(): Promise<Counted | undefined> },
): Promise<readonly string[]> {
  const { uses = 0, example } = (await query.executeTakeFirst()) ?? {}
  const count = Number(uses)
  if (count === 0) return []
  const named = example ? ` (${count > 1 ? 'such as ' : ''}"${example}")` : ''
  return [`${count} ${what}${count === 1 ? '' : 's'}${named}`]
}

/** Whether a JSON text that we wrote holds this piece of JSON: both databases read it the same way, whatever the case. */
const holds = (column: string, piece: string): Expression<boolean> =>
  sql<boolean>`replace(${sql.ref(column)}, ${piece}, '') <> ${sql.ref(column)}`

const channelsWith = (db: Db, name: string) =>
  db
    .selectFrom('channel')
    .where('channel.deleted_at', 'is', null)
    .where(holds('channel.groups', JSON.stringify(name)))

const accountsWith = (db: Db, name: string) =>
  db
    .selectFrom('account')
    .where('account.deleted_at', 'is', null)
    .where(({ or, eb }) =>
      or([eb('account.group_name', '=', name), holds('account.groups', JSON.stringify(name))]),
    )

/** Other groups that have a special ratio for it, and `auto` when it walks it. */
const groupsWith = (db: Db, name: string) =>
  db
    .selectFrom('channel_group as other')
    .where('other.name', '<>', name)
    .where(({ or }) =>
      or([
        holds('other.ratios', `${JSON.stringify(name)}:`),
        holds('other.walks', JSON.stringify(name)),
      ]),
    )

/** The column `extra` holds texts of the owner, too: it has to be read as JSON. */
function keysWith({ db, dialect }: Pick<Store, 'db' | 'dialect'>, name: string) {
  const inAutoGroups =
    dialect === 'sqlite'
      ? sql<boolean>`exists (select 1 from json_each(key.extra, '$.auto_groups') where value = ${name})`
      : sql<boolean>`(key.extra::jsonb -> 'auto_groups') @> to_jsonb(${name}::text)`
  return db
    .selectFrom('key')
    .where('key.deleted_at', 'is', null)
    .where(({ or, eb }) => or([eb('key.group_name', '=', name), inAutoGroups]))
}
