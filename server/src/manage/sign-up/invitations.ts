import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { digestOfToken, linkTo, newToken } from '../../sign-in/one-time-links.ts'
import { mustChange } from '../../storage/store.ts'
import { auditStatement } from '../audit/record.ts'
import { nowSeconds } from '../now-seconds.ts'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { requireAccountGroups } from '../user/groups.ts'
import { groupName, quota } from '../user/record.ts'

const VALID_SECONDS = 7 * 86_400
const MOST_SECONDS = 99_999_999_999

const record = Type.Object({
  id: Type.String(),
  note: Type.String(),
  group: Type.String(),
  quota,
  created_time: Type.Integer(),
  expires_at: Type.Integer({ description: 'Unix seconds.' }),
  used_by: Type.Integer({ description: 'The account that it became; 0 = not yet.' }),
})

/** `POST /api/invitation/` */
export const createInvitation = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/invitation',
    scope: 'admin',
    summary: 'Make a link by which somebody makes an account',
    description:
      'It works once. Pass it on yourself. It counts while `sign_up.mode` is `invite` or `open`.',
    tag: 'Accounts',
    body: Type.Object({
      note: Type.Optional(Type.String({ maxLength: 200, description: 'For you: whom it is for.' })),
      group: Type.Optional(groupName),
      quota: Type.Optional(quota),
      expires_at: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: MOST_SECONDS,
          description: 'Unix seconds. Omitted: in a week.',
        }),
      ),
    }),
    data: Type.Object({
      id: Type.String(),
      url: Type.String({ description: 'Shown this once.' }),
      expires_at: Type.Integer(),
    }),
    async run(asked) {
      const { note = '', group = 'default', quota = 0 } = asked.body
      const now = nowSeconds(rooms)
      const { expires_at = now + VALID_SECONDS } = asked.body
      await requireAccountGroups(rooms, { group, groups: [] })
      const token = newToken(rooms.random)
      const id = Buffer.from(rooms.random(9)).toString('hex')
      const { db } = rooms.store
      await rooms.store.write([
        db.insertInto('invitation').values({
          ...{ id, digest: digestOfToken(token), note, group_name: group, quota },
          ...{ created_by: asked.caller.accountId, created_at: now, expires_at },
          ...{ used_by: null, used_at: null },
        }),
        auditStatement(rooms, asked, {
          action: 'invitation.create',
          subject: `invitation ${id}`,
          after: { note, group, quota, expires_at },
        }),
      ])
      return {
        data: { id, url: linkTo(asked.origin(), 'sign-up', token), expires_at },
        secret: true,
      }
    },
  })

/** `GET /api/invitation/` */
export const listInvitations = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/invitation',
    scope: 'admin',
    summary: 'List invitations, newest first',
    tag: 'Accounts',
    query: Type.Object(pageQuery),
    data: pageSchema(record),
    async run({ query }) {
      const page = pageOf(query)
      const all = rooms.store.db.selectFrom('invitation')
      const newest = all.selectAll().orderBy('created_at', 'desc').orderBy('id')
      const [rows, count] = await Promise.all([
        newest.limit(page.pageSize).offset(page.skip).execute(),
        all.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
      ])
      const records = rows.map((row) => ({
        ...{ id: row.id, note: row.note, group: row.group_name, quota: row.quota },
        ...{ created_time: row.created_at, expires_at: row.expires_at },
        used_by: row.used_by ?? 0,
      }))
      return { data: pageOfItems(page, Number(count.total), records) }
    },
  })

/** `DELETE /api/invitation/{id}` */
export const withdrawInvitation = (rooms: Rooms) =>
  operation({
    method: 'DELETE',
    path: '/api/invitation/{id}',
    scope: 'admin',
    summary: 'Withdraw an invitation',
    tag: 'Accounts',
    params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
    async run(asked) {
      const { id } = asked.params
      const written = await rooms.store.write([
        mustChange(rooms.store.db.deleteFrom('invitation').where('id', '=', id)),
        auditStatement(rooms, asked, {
          action: 'invitation.withdraw',
          subject: `invitation ${id}`,
        }),
      ])
      if (!written.done) throw new Refused('not_found', 'there is no such invitation')
      return {}
    },
  })
