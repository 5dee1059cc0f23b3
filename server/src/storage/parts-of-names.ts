import { type RawBuilder, sql } from 'kysely'
import type { Store } from './store.ts'

/** Letters in an entry of the index. */
const GRAM = 3

/** Keys whose name holds the text. The database lowers English letters and no others, so the text is lowered alike. */
export const nameHolds = (text: string): RawBuilder<boolean> => like(sql`lower(key.name)`, text)

/** The same, for few keys that another index finds. */
export const fewNamesHold = (text: string): RawBuilder<boolean> =>
  like(sql`lower(key.name || '')`, text)

function like(name: RawBuilder<unknown>, text: string): RawBuilder<boolean> {
  const pattern = `%${lowered(text).replace(/[\\%_]/g, '\\$&')}%`
  return sql<boolean>`${name} like ${pattern} escape '\\'`
}

/**
 * What must be asked besides for SQLite to find the names by its index; undefined for a text that is too short for it.
 * PostgreSQL finds them by itself.
 */
export function nameIndexed(
  { dialect }: Pick<Store, 'dialect'>,
  text: string,
): RawBuilder<boolean> | undefined {
  if (dialect !== 'sqlite' || [...text].length < GRAM) return undefined
  const phrase = `"${lowered(text).replaceAll('"', '""')}"`
  return sql<boolean>`key.id in (select rowid from key_name where key_name match ${phrase})`
}

const lowered = (text: string): string =>
  text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
