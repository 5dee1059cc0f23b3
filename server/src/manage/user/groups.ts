import { AUTO } from '../../groups/groups.ts'
import { requireGroups } from '../group/record.ts'
import type { Rooms } from '../rooms.ts'

/** An account belongs to a group and may use further ones, `auto` among those. @throws Refused `invalid_field`. */
export async function requireAccountGroups(
  rooms: Pick<Rooms, 'store'>,
  {
    group,
    groups = [],
  }: { readonly group?: string | undefined; readonly groups?: readonly string[] | undefined },
): Promise<void> {
  if (group !== undefined) await requireGroups(rooms, 'group', [group])
  const sets = groups.filter((name) => name !== AUTO)
  await requireGroups(rooms, 'groups', sets)
}
