import type { Kysely } from 'kysely'
import type { Tables } from '../storage/tables.ts'
import type { UsageFilter } from './filter.ts'

/** Keys of one name that are looked up by their ids; where more are called so, their records are searched. */
const MOST_KEYS = 20

/**
 * The same filter with what is known of its keys: whose they are, and which ones a name means. Where none of these was ever
 * renamed, the name has said all, and sums can be asked.
 */
export async function withKnownKeys(db: Kysely<Tables>, filter: UsageFilter): Promise<UsageFilter> {
  const named =
    filter.keyName === undefined ? filter : await withIdsOfName(db, filter.keyName, filter)
  if (named.keyIds === undefined || named.accounts !== undefined) return named
  const owners = await db
    .selectFrom('key')
    .select('account_id')
    .distinct()
    .where('id', 'in', [...named.keyIds, NONE])
    .execute()
  return { ...named, accounts: owners.map((owner) => owner.account_id) }
}

/** An empty list is not SQL everywhere. */
const NONE = -1

async function withIdsOfName(
  db: Kysely<Tables>,
  name: string,
  filter: UsageFilter,
): Promise<UsageFilter> {
  const [now, before] = await Promise.all([
    keysNow(db, name, filter),
    db
      .selectFrom('key_former_name')
      .select('key_id as id')
      .where('name', '=', name)
      .limit(MOST_KEYS + 1)
      .execute(),
  ])
  const ids = [...new Set([...now, ...before].map(({ id }) => id))]
  if (ids.length > MOST_KEYS) return filter
  const meant = filter.keyIds === undefined ? ids : ids.filter((id) => filter.keyIds?.includes(id))
  const renamed = await db
    .selectFrom('key_former_name')
    .select('key_id')
    .where('key_id', 'in', [...meant, NONE])
    .limit(1)
    .execute()
  const { keyName: _, ...rest } = filter
  return { ...(renamed.length === 0 ? rest : filter), keyIds: meant }
}

function keysNow(db: Kysely<Tables>, name: string, { accounts }: UsageFilter) {
  const keys = db
    .selectFrom('key')
    .select('id')
    .where('name', '=', name)
    .limit(MOST_KEYS + 1)
  return (
    accounts === undefined ? keys : keys.where('account_id', 'in', [...accounts, NONE])
  ).execute()
}
