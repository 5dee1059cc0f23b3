import type { Selectable } from 'kysely'
import Type from 'typebox'
import type { Tables } from '../../storage/tables.ts'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'

const state = Type.Union([Type.Object({}), Type.Null()])

const auditSchema = Type.Object({
  id: Type.Integer(),
  created_at: Type.Integer(),
  actor_id: Type.Integer({ description: 'The account; 0 for the program itself.' }),
  actor: Type.String(),
  ip: Type.String(),
  action: Type.String(),
  subject: Type.String(),
  before: state,
  after: state,
  request_id: Type.String(),
})

/** As with usage records: nobody turns to a page beyond. */
const MOST_COUNTED = 20_000

const filters = {
  action: Type.Optional(Type.String({ description: 'Such as `key.update`.' })),
  subject: Type.Optional(Type.String({ description: 'Such as `key 12`.' })),
  actor_id: Type.Optional(Type.Integer()),
  start_timestamp: Type.Optional(Type.Integer()),
  end_timestamp: Type.Optional(Type.Integer()),
}

/** `GET /api/audit/` */
export const listAudit = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/audit',
    scope: 'admin',
    summary: 'What was changed, by whom and from where, newest first',
    description: '`total` is counted up to 20 000.',
    tag: 'Audit',
    query: Type.Object({ ...pageQuery, ...filters }),
    data: pageSchema(auditSchema),
    async run({ query }) {
      const page = pageOf(query)
      let found = rooms.store.db.selectFrom('audit')
      if (query.action !== undefined) found = found.where('action', '=', query.action)
      if (query.subject !== undefined) found = found.where('subject', '=', query.subject)
      if (query.actor_id !== undefined) found = found.where('actor_id', '=', query.actor_id)
      if (query.start_timestamp !== undefined) {
        found = found.where('created_at', '>=', query.start_timestamp)
      }
      if (query.end_timestamp !== undefined) {
        found = found.where('created_at', '<=', query.end_timestamp)
      }
      const counted = found.select('id').limit(MOST_COUNTED).as('counted')
      const [rows, count] = await Promise.all([
        found.selectAll().orderBy('id', 'desc').limit(page.pageSize).offset(page.skip).execute(),
        rooms.store.db
          .selectFrom(counted)
          .select(({ fn }) => fn.countAll<number>().as('total'))
          .executeTakeFirstOrThrow(),
      ])
      return { data: pageOfItems(page, Number(count.total), rows.map(toRecord)) }
    },
  })

const toRecord = (row: Selectable<Tables['audit']>) => ({
  ...row,
  before: row.before === null ? null : JSON.parse(row.before),
  after: row.after === null ? null : JSON.parse(row.after),
})
