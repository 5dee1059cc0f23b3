import Type, { type TProperties } from 'typebox'
import { adminLogRecord, logRecord, toAdminLogRecord } from '../../usage/log-record.ts'
import type { UsageRow } from '../../usage/logs.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { answerLogs, shapeQuery } from './answer.ts'
import { adminFilterOf, adminQuery, filterOf, logQuery } from './wire.ts'
import { aftermathOf, withAftermath } from './with-aftermath.ts'

const OBJECTS = new Set(['attempt_list', 'details', 'job'])

/** A list or an object fits in no column; how many attempts there were has one. */
const namesOf = <P extends TProperties>(record: Type.TObject<P>) =>
  Object.keys(record.properties).filter((name) => !OBJECTS.has(name)) as (keyof P & string)[]
export const LOG_COLUMNS = namesOf(logRecord)
const ADMIN_COLUMNS = namesOf(adminLogRecord)

/** `data` of a list of records. With `cursor`, neither `page` nor `total`. */
export const logsSchema = <P extends TProperties>(record: Type.TObject<P>) =>
  Type.Object({
    page: Type.Optional(Type.Integer()),
    page_size: Type.Integer(),
    total: Type.Optional(Type.Integer({ description: 'Counted up to 100 000.' })),
    items: Type.Array(record),
    next_cursor: Type.Union([Type.String(), Type.Null()]),
  })

/** `GET /api/log/self`: the account's own usage records. */
export const listOwnLogs = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/log/self',
    scope: 'usage:read',
    tag: 'Usage',
    summary: 'Own usage records, newest first',
    query: Type.Object({ ...shapeQuery, ...logQuery }),
    data: logsSchema(logRecord),
    text: 'text/csv',
    run: ({ caller, query }) =>
      answerLogs(rooms, {
        query,
        filter: { ...filterOf(query), accounts: [caller.accountId] },
        show: (rows) => withAftermath(rooms, rows),
        columns: LOG_COLUMNS,
      }),
  })

/** `GET /api/log/`: everybody's usage records. */
export const listLogs = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/log',
    scope: 'admin',
    tag: 'Usage',
    summary: 'Usage records of all accounts, newest first',
    query: Type.Object({ ...shapeQuery, ...logQuery, ...adminQuery }),
    data: logsSchema(adminLogRecord),
    text: 'text/csv',
    run: async ({ query }) =>
      answerLogs(rooms, {
        query,
        filter: await adminFilterOf(rooms, query),
        show: (rows) => withUsernames(rooms, rows),
        columns: ADMIN_COLUMNS,
      }),
  })

async function withUsernames(rooms: Rooms, rows: readonly UsageRow[]) {
  const ids = [...new Set(rows.map((row) => row.account_id))]
  if (ids.length === 0) return []
  const accounts = await rooms.store.db
    .selectFrom('account')
    .select(['id', 'username'])
    .where('id', 'in', ids)
    .execute()
  const usernames = new Map(accounts.map(({ id, username }) => [id, username]))
  const aftermath = await aftermathOf(rooms, rows)
  return rows.map((row) => toAdminLogRecord(row, usernames, aftermath(row)))
}
