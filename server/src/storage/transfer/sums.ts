import type { Source } from './source.ts'
import { quoted } from './source.ts'
import type { Target } from './target.ts'

/** One figure, on both sides. */
export interface Sum {
  readonly name: string
  readonly from: bigint
  readonly to: bigint
}

/** What may not change when books move house. */
const SUMS: readonly (readonly [name: string, table: string, expression: string])[] = [
  ['balances, remain', 'balance', 'remain'],
  ['balances, used', 'balance', 'used'],
  ['balances, corrected', 'balance', 'corrected'],
  ['balances, requests', 'balance', 'requests'],
  ['entries', 'entry', 'delta'],
  ['usage, charged', 'usage', 'quota'],
  ['usage, charged to keys', 'usage', 'quota * key_charged'],
  ['usage, charged to accounts', 'usage', 'quota * account_charged'],
  ['usage, shortfall', 'usage', 'shortfall'],
  ['usage before, charged', 'closed', 'used'],
  ['corrections', 'correction', 'quota'],
  ['corrections before', 'closed', 'corrected'],
  ['usage by the hour', 'usage_hour', 'quota'],
]

/** Rows of every table and sums of everything that is money. */
export async function sumsOf(source: Source, { read }: Target): Promise<readonly Sum[]> {
  const asked = async (table: string, expression: string) => {
    const [row] = await read(`select ${expression} as sum from ${quoted(table)}`, [])
    return BigInt(String(row?.sum))
  }
  const sums: Sum[] = []
  for (const { name, rows } of source.tables) {
    // The target has the number of its own schema, which did not come from the source.
    const own = name === 'meta' ? 1n : 0n
    const to = (await asked(name, 'count(*)::text')) - own
    sums.push({ name: `rows of ${name}`, from: BigInt(rows), to })
  }
  for (const [name, table, expression] of SUMS) {
    const to = await asked(table, `coalesce(sum(${expression}), 0)::text`)
    sums.push({ name, from: source.sum(table, expression), to })
  }
  return sums
}
