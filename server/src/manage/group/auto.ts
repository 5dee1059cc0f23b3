import { AUTO } from '../../groups/groups.ts'
import { mustExist } from '../../groups/statements.ts'
import { auditStatement } from '../audit/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { autoOrder } from './fields.ts'
import { requireGroups, subjectOf } from './record.ts'

/** `GET /api/group/auto` */
export const getAuto = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/group/auto',
    scope: 'admin',
    summary: 'The order that auto walks',
    tag: 'Groups',
    data: autoOrder,
    run: async () => ({ data: { groups: await storedOrder(rooms) } }),
  })

/** `PUT /api/group/auto` */
export const setAuto = (rooms: Rooms) =>
  operation({
    method: 'PUT',
    path: '/api/group/auto',
    scope: 'admin',
    summary: 'Set the order that auto walks',
    description:
      'For keys without `auto_groups` of their own. A key walks those of them that its account may use.',
    tag: 'Groups',
    body: autoOrder,
    data: autoOrder,
    async run(asked) {
      const { store } = rooms
      const { groups } = asked.body
      let done = false
      // Again when one of them was deleted at this moment: then it is named.
      while (!done) {
        await requireGroups(rooms, 'groups', groups)
        const audited = auditStatement(rooms, asked, {
          action: 'group.auto',
          subject: subjectOf(AUTO),
          before: { groups: await storedOrder(rooms) },
          after: { groups },
        })
        const changed = store.db
          .updateTable('channel_group')
          .set({ walks: JSON.stringify(groups) })
          .where('name', '=', AUTO)
        const statements = [changed, ...mustExist(store.db, groups), audited]
        ;({ done } = await store.write(statements, [{ kind: 'group', subject: AUTO }]))
      }
      return { data: { groups } }
    },
  })

/** From the database: another node may have set it a moment ago. */
async function storedOrder({ store }: Pick<Rooms, 'store'>): Promise<readonly string[]> {
  const row = await store.db
    .selectFrom('channel_group')
    .select('walks')
    .where('name', '=', AUTO)
    .executeTakeFirst()
  return JSON.parse(row?.walks ?? '[]')
}
