import { mirror } from '../storage/mirror.ts'
import type { Store } from '../storage/store.ts'
import type { GroupTable } from '../storage/tables.ts'

/** The group that always exists. */
export const DEFAULT_GROUP = 'default'
/** No group itself: it walks others, in order. */
export const AUTO = 'auto'

/** A named set of channels, and what calls through them cost. */
export interface Group {
  readonly name: string
  readonly description: string
  /** Factor of every price: exact decimal text. */
  readonly ratio: string
  /** By the own group of an account: its ratio here, instead of `ratio`. */
  readonly ratios: ReadonlyMap<string, string>
  /** How channels of equal priority are chosen; empty: as the setting says. */
  readonly policy: GroupTable['policy']
  /** Models to try when nobody can serve the asked one; `undefined`: it names none. */
  readonly fallbackModels: readonly string[] | undefined
}

/** All groups, in memory. */
export interface Groups {
  get(name: string): Group | undefined
  /** By name. */
  all(): readonly Group[]
  /** What `auto` walks where a key does not say it. */
  readonly order: readonly string[]
  /** How often they changed: what was computed from them holds as long as this does not move. */
  readonly changes: number
  /**
   * Called when memory has followed a change, before its writer is answered: with the group's name, `auto` for what that
   * walks, `undefined` for all of them.
   */
  onChange(listener: (name: string | undefined) => void): void
}

/** What an account with this own group pays in a group. */
export const ratioFor = (group: Group, ownGroup: string): string =>
  group.ratios.get(ownGroup) ?? group.ratio

/** Reads every group, then follows the changes. */
export async function createGroups({ store }: { readonly store: Store }): Promise<Groups> {
  const groups = new Map<string, Group>()
  const listeners: ((name: string | undefined) => void)[] = []
  let order: readonly string[] = []
  let changes = 0
  const rows = () => store.db.selectFrom('channel_group').selectAll()
  await mirror<string, GroupTable>({
    store,
    kind: 'group',
    idOf: (subject) => subject,
    readAll: async () => new Map((await rows().execute()).map((row) => [row.name, row])),
    readOne: (name) => rows().where('name', '=', name).executeTakeFirst(),
    known: () => groups.keys(),
    keep(name, row) {
      if (row === undefined) groups.delete(name)
      else if (row.walks === null) groups.set(name, toGroup(row))
      else order = JSON.parse(row.walks)
    },
    kept(name) {
      changes += 1
      for (const listener of listeners) listener(name)
    },
  })
  return {
    get: (name) => groups.get(name),
    all: () => [...groups.values()].sort(byName),
    get order() {
      return order
    },
    get changes() {
      return changes
    },
    onChange: (listener) => void listeners.push(listener),
  }
}

function toGroup({ name, description, ratio, policy, ...lists }: GroupTable): Group {
  const special: Readonly<Record<string, string>> = JSON.parse(lists.ratios)
  const models: readonly string[] = JSON.parse(lists.fallback_models)
  const ratios = new Map(Object.entries(special))
  const fallbackModels = models.length === 0 ? undefined : models
  return { name, description, ratio, ratios, policy, fallbackModels }
}

const byName = (a: Group, b: Group): number => (a.name < b.name ? -1 : 1)
