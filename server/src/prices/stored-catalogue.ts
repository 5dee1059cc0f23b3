import type { Provider } from '@pydantic/genai-prices'
import type { Compilable, Store } from '../storage/store.ts'
import type { Change } from '../storage/tables.ts'

/** The list of prices that an administrator put in the place of the bundled one. */
export interface StoredCatalogue {
  readonly providers: readonly Provider[]
  readonly updatedAtMs: number
}

/** `undefined`: there is none. `known`: the time of the one that the caller has already, which is then not read again. */
export async function storedCatalogue(
  { db }: Pick<Store, 'db'>,
  known?: number,
): Promise<StoredCatalogue | 'known' | undefined> {
  const found = await db.selectFrom('price_catalogue').select('updated_at_ms').executeTakeFirst()
  if (found === undefined) return undefined
  if (found.updated_at_ms === known) return 'known'
  const row = await db.selectFrom('price_catalogue').selectAll().executeTakeFirst()
  if (row === undefined) return undefined
  return { providers: JSON.parse(row.providers), updatedAtMs: row.updated_at_ms }
}

/** For `store.write`: from then on every node has these prices; `undefined`: the bundled ones. */
export function storeCatalogue(
  { db }: Pick<Store, 'db'>,
  providers: readonly Provider[] | undefined,
  nowMs: number,
): { readonly statement: Compilable; readonly changes: readonly Change[] } {
  const changes = [{ kind: 'price_catalogue', subject: '1' }] as const
  if (providers === undefined) return { statement: db.deleteFrom('price_catalogue'), changes }
  const row = { providers: JSON.stringify(providers), updated_at_ms: nowMs }
  const statement = db
    .insertInto('price_catalogue')
    .values({ id: 1, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
  return { statement, changes }
}
