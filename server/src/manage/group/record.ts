import { Refused } from '../../errors.ts'
import { AUTO } from '../../groups/groups.ts'
import { missingGroups } from '../../groups/statements.ts'
import type { GroupTable } from '../../storage/tables.ts'
import type { Rooms } from '../rooms.ts'

type StoredGroup = Pick<
  GroupTable,
  'name' | 'description' | 'ratio' | 'ratios' | 'policy' | 'fallback_models'
>

/** A group's row in the wire's words. */
export function toRecord({ name, description, ratio, policy, ...lists }: StoredGroup) {
  const special: Readonly<Record<string, string>> = JSON.parse(lists.ratios)
  const models: readonly string[] = JSON.parse(lists.fallback_models)
  return {
    name,
    description,
    ratio: Number(ratio),
    policy,
    fallback_models: models,
    ratios: Object.fromEntries(Object.entries(special).map(([own, text]) => [own, Number(text)])),
  }
}

/** The groups without `auto`, which is a way to walk them. */
export const selectGroups = ({ store }: Pick<Rooms, 'store'>) =>
  store.db.selectFrom('channel_group').where('name', '<>', AUTO)

/** @throws Refused `not_found`. */
export async function groupRow(rooms: Pick<Rooms, 'store'>, name: string): Promise<GroupTable> {
  const row = await selectGroups(rooms).selectAll().where('name', '=', name).executeTakeFirst()
  if (row === undefined) throw new Refused('not_found', noGroup(name))
  return row
}

/**
 * Refuses a list that names what is no group, or one twice. A write that has `mustExist` among its statements is the
 * judge of those that go meanwhile. @throws Refused `invalid_field` naming field and group.
 */
export async function requireGroups(
  { store }: Pick<Rooms, 'store'>,
  field: string,
  names: readonly string[],
): Promise<void> {
  if (names.includes(AUTO)) {
    throw new Refused('invalid_field', `${field}: ${AUTO} is no group, it walks groups`)
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new Refused('invalid_field', `${field} holds ${twice} twice`)
  const [missing] = await missingGroups(store.db, names)
  if (missing === undefined) return
  throw new Refused(
    'invalid_field',
    `${field}: ${noGroup(missing)}; an administrator makes one with POST /api/group/`,
  )
}

const noGroup = (name: string): string => `there is no group ${name.slice(0, 100)}`
/** For audit. */
export const subjectOf = (name: string): string => `group ${name}`
