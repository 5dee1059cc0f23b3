import { AUTO, type Groups, ratioFor } from '../groups/groups.ts'
import type { StoredKey } from './stored-key.ts'

/** A group that calls of a key go to, and what its account pays there: decimal text. */
export interface WalkedGroup {
  readonly name: string
  readonly ratio: string
}

/** Where the calls of a key may go. */
export interface GroupPolicy {
  /** What the key names: a group or `auto`. Its account's own group where it names none. */
  readonly group: string
  /** In the order in which they are tried: that one group, or what `auto` walks. Empty: it has no access. */
  readonly groups: readonly WalkedGroup[]
  /** Everything that its account may use. */
  readonly accountGroups: readonly string[]
  /** Models to try when nobody can serve the asked one: those of the first of its groups that names any. */
  readonly fallbackModels: readonly string[] | undefined
}

/** The columns that it depends on, the groups themselves aside. */
export type GroupColumns = Pick<
  StoredKey,
  'group_name' | 'account_group' | 'account_groups' | 'extra'
>

/**
 * Contract 3.3. `auto` has to be granted like any other group; what it walks is filtered to what the account may use.
 * A group that memory does not know yet counts as one without access, and not as one that costs nothing more.
 */
export function compileGroups(
  row: GroupColumns,
  groups: Pick<Groups, 'get' | 'order'>,
): GroupPolicy {
  const further: readonly string[] = JSON.parse(row.account_groups)
  const accountGroups = [row.account_group, ...further]
  const group = row.group_name === '' ? row.account_group : row.group_name
  const usable = new Set(accountGroups)
  const wanted = group === AUTO ? (autoGroupsOf(row) ?? groups.order) : [group]
  const walked = [...new Set(usable.has(group) ? wanted : [])].flatMap((name) => {
    const found = usable.has(name) ? groups.get(name) : undefined
    return found === undefined ? [] : [found]
  })
  return {
    group,
    accountGroups,
    groups: walked.map((one) => ({ name: one.name, ratio: ratioFor(one, row.account_group) })),
    fallbackModels: walked.find((one) => one.fallbackModels !== undefined)?.fallbackModels,
  }
}

/** The key's own order, where it has one. */
export function autoGroupsOf({ extra }: Pick<StoredKey, 'extra'>): readonly string[] | undefined {
  if (extra === null) return undefined
  const { auto_groups }: { readonly auto_groups?: readonly string[] } = JSON.parse(extra)
  return auto_groups
}
