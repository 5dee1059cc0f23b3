import Type, { type Static } from 'typebox'
import { Refused } from '../../errors.ts'
import type { UsageFilter } from '../../usage/filter.ts'
import { type Cursor, parseCursor } from '../../usage/logs.ts'
import type { Rooms } from '../rooms.ts'

/** Timestamps beyond are milliseconds. */
const MOST_SECONDS = 99_999_999_999
const id = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }))
const text = (description: string) => Type.Optional(Type.String({ maxLength: 256, description }))
const time = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: MOST_SECONDS, description }))

/** The time and the columns that sums know, too. */
export const sumQuery = {
  start_timestamp: time('Unix seconds; 0 = from the beginning.'),
  end_timestamp: time('Unix seconds, included; 0 = until now.'),
  token_id: id('Id of the API key.'),
  model_name: text('Model id, whole.'),
  group: text('Group that answered.'),
}

/** What records are looked for by. Empty texts and zeros mean anything. */
export const logQuery = {
  ...sumQuery,
  token_name: text('Name of the API key, whole.'),
  request_id: text('Our id of the request, as in `X-Request-Id`.'),
  status: id('HTTP status of the answer; 499 when the client left.'),
}

/** The same, for administrators. */
export const adminQuery = {
  username: text('Name of the account.'),
  user_id: id('Id of the account.'),
  channel: id('Id of the channel.'),
}

const allowed = Type.Object({ ...logQuery, ...adminQuery })
export type LogQuery = Static<typeof allowed>

/** Reads a filter out of a query. `accounts` is not among it: whose records may be seen is for the operation to say. */
export function filterOf(query: LogQuery): UsageFilter {
  return {
    ...(query.token_id && { keyIds: [query.token_id] }),
    ...(query.start_timestamp && { from: query.start_timestamp * 1000 }),
    ...(query.end_timestamp && { until: (query.end_timestamp + 1) * 1000 }),
    ...(query.token_name && { keyName: query.token_name }),
    ...(query.model_name && { model: query.model_name }),
    ...(query.group && { group: query.group }),
    ...(query.request_id && { requestId: query.request_id }),
    ...(query.status && { status: query.status }),
    ...(query.channel && { channelId: query.channel }),
  }
}

/** The filter of an administrator, who may name an account. Records of deleted accounts are found by their old name. */
export async function adminFilterOf(
  { store }: Pick<Rooms, 'store'>,
  query: LogQuery,
): Promise<UsageFilter> {
  const filter = filterOf(query)
  const wanted = query.user_id || undefined
  if (!query.username) return wanted === undefined ? filter : { ...filter, accounts: [wanted] }
  const found = await store.db
    .selectFrom('account')
    .select('id')
    .where('username', '=', query.username)
    .execute()
  const accounts = found.map((account) => account.id)
  return { ...filter, accounts: accounts.filter((id) => wanted === undefined || id === wanted) }
}

/** Where a page begins. @throws Refused `invalid_field` for a cursor that no answer held. */
export function cursorOf(text: string | undefined): Cursor | undefined {
  if (!text) return undefined
  const cursor = parseCursor(text)
  if (!cursor)
    throw new Refused('invalid_field', 'cursor must be the next_cursor of an earlier answer')
  return cursor
}
