import type { Store } from './store.ts'

/**
 * What usage records charged to budgets, as a `from` of the columns `entity` and `quota`, one row for each budget of a
 * record: the column `usage.budgets` is a list. `usage`: records, as a table or a query in parentheses.
 */
export function chargedBudgets(dialect: Store['dialect'], usage: string): string {
  const paid = `select quota, budgets from ${usage} where budgets <> ''`
  return dialect === 'postgres'
    ? `(select each_one.entity, paid.quota from (${paid}) as paid,
        unnest(string_to_array(paid.budgets, ',')::bigint[]) as each_one (entity)) as charged`
    : `(select each_one.value as entity, paid.quota from (${paid}) as paid,
        json_each('[' || paid.budgets || ']') as each_one) as charged`
}
