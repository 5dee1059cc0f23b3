import { Refused } from '../../errors.ts'
import { DEFAULT_GROUP } from '../../groups/groups.ts'
import { deleteUnused, usesOf } from '../../groups/statements.ts'
import { auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { groupParams } from './fields.ts'
import { groupRow, subjectOf, toRecord } from './record.ts'

/** `DELETE /api/group/{name}`: only of a group that nothing names. */
export const deleteGroup = (rooms: Rooms) =>
  operation({
    method: 'DELETE',
    path: '/api/group/{name}',
    scope: 'admin',
    summary: 'Delete a group',
    description:
      'A group that a channel, an account, a key, the order of `auto` or a special ratio names is not deleted; `default` never is.',
    tag: 'Groups',
    params: groupParams,
    async run(asked) {
      const { store } = rooms
      const { name } = asked.params
      if (name === DEFAULT_GROUP) {
        throw new Refused('in_use', `${DEFAULT_GROUP} is the group that always exists`)
      }
      let done = false
      // Again when somebody began to use it at this moment.
      while (!done) {
        const row = await groupRow(rooms, name)
        const uses = await usesOf(store, name)
        if (uses.length > 0) {
          throw new Refused('in_use', `group ${name} is still in use: ${uses.join(', ')}`)
        }
        const audited = auditStatement(rooms, asked, {
          action: 'group.delete',
          subject: subjectOf(name),
          before: toRecord(row),
        })
        ;({ done } = await store.write(
          [deleteUnused(store.db, name), audited],
          [{ kind: 'group', subject: name }],
        ))
      }
      return {}
    },
  })
