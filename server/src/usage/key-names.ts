import type { Kysely } from 'kysely'
import type { Tables } from '../storage/tables.ts'

/** Fewer than any database's limit of parameters. */
const IDS_AT_ONCE = 1_000

/** What keys are called now. Deleted keys are among them: what they used is still on the bill. */
export async function keyNames(
  db: Kysely<Tables>,
  keyIds: Iterable<number>,
): Promise<ReadonlyMap<number, string>> {
  const ids = [...new Set(keyIds)]
  const names = new Map<number, string>()
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    const some = ids.slice(at, at + IDS_AT_ONCE)
    const rows = await db.selectFrom('key').select(['id', 'name']).where('id', 'in', some).execute()
    for (const { id, name } of rows) names.set(id, name)
  }
  return names
}
