import { Refused } from '../../errors.ts'
import { mustExist } from '../../groups/statements.ts'
import { mustChange } from '../../storage/store.ts'
import { auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { changedGroup, groupParams, groupSchema, toColumns } from './fields.ts'
import { groupRow, requireGroups, subjectOf, toRecord } from './record.ts'

/** `PUT /api/group/{name}` */
export const changeGroup = (rooms: Rooms) =>
  operation({
    method: 'PUT',
    path: '/api/group/{name}',
    scope: 'admin',
    summary: 'Change a group',
    description:
      'Omitted fields keep their value; `ratios` and `fallback_models` are replaced as a whole. Calls that run are charged at the ratio that they were admitted with.',
    tag: 'Groups',
    params: groupParams,
    body: changedGroup,
    data: groupSchema,
    async run(asked) {
      const { store } = rooms
      const { name } = asked.params
      if (asked.body.name !== undefined && asked.body.name !== name) {
        throw new Refused('invalid_field', 'name can not be changed: create another group')
      }
      const columns = toColumns(asked.body)
      const special = Object.keys(asked.body.ratios ?? {})
      let done = false
      // Again when a group that it names was deleted at this moment, or it was itself: then one of these says so.
      while (!done) {
        const before = await groupRow(rooms, name)
        await requireGroups(rooms, 'ratios', special)
        const changed = store.db
          .updateTable('channel_group')
          // An update needs at least one column.
          .set({ name, ...columns })
          .where('name', '=', name)
        const audited = auditStatement(rooms, asked, {
          action: 'group.update',
          subject: subjectOf(name),
          before: toRecord(before),
          after: toRecord({ ...before, ...columns }),
        })
        const statements = [mustChange(changed), ...mustExist(store.db, special), audited]
        ;({ done } = await store.write(statements, [{ kind: 'group', subject: name }]))
      }
      return { data: toRecord(await groupRow(rooms, name)) }
    },
  })
