import type { SqlValue, Written } from '../store.ts'
import type { Change } from '../tables.ts'
import type { PlainStatement } from '../wire.ts'
import type { Connection } from './connection.ts'
import { inlined, textOf } from './literal.ts'

/** What a write did, the changes it noted - those of balances included - and the number of the last of them. */
export interface NotedWrite {
  readonly written: Written
  readonly noted: readonly Change[]
  readonly newest: number
}

/** What `turnpike_write` answers. */
type Answer =
  | { readonly stopped: number }
  | {
      readonly rows: readonly Readonly<Record<string, SqlValue>>[][]
      readonly changed: readonly number[]
      readonly noted: readonly Change[]
      readonly newest: number
    }

/** Kysely's statements and ours are in small letters; a value can't be mistaken, because it is not in the text yet. */
const RETURNS = /\breturning\b|^\s*(select|values)\b/i

/** All statements and changes in one call of the database, which is one transaction and one way there and back. */
export async function writeAtOnce(
  connection: Connection,
  statements: readonly PlainStatement[],
  changes: readonly Change[],
): Promise<NotedWrite> {
  const answer = await connection.run(async (client) => {
    const asked = statements.map(({ sql, parameters, must }) => ({
      sql: inlined(sql, parameters),
      returns: RETURNS.test(sql),
      must,
    }))
    const noted = changes.map(({ kind, subject }) => ({ kind, subject: textOf(subject) }))
    const { rows } = await client.query<{ answer: Answer }>(
      'select turnpike_write($1, $2) as answer',
      [JSON.stringify(asked), JSON.stringify(noted)],
    )
    return rows[0]?.answer
  })
  if (answer === undefined) throw new Error('the database did not say what it wrote')
  if ('stopped' in answer) {
    return { written: { done: false, stoppedAt: answer.stopped }, noted: [], newest: 0 }
  }
  const { rows, changed, noted, newest } = answer
  return { written: { done: true, rows, changed }, noted, newest }
}
