import { Refused } from '../../errors.ts'
import type { ChannelTable } from '../../storage/tables.ts'
import type { Rooms } from '../rooms.ts'
import type { WholeChannel } from './check.ts'
import { masksOf } from './keys.ts'

/** A row without its keys, in the wire's words. */
export function toWhole(row: ChannelTable): WholeChannel {
  const columns = {
    models: JSON.parse(row.models),
    groups: JSON.parse(row.groups),
    model_mapping: JSON.parse(row.model_mapping),
    headers: JSON.parse(row.headers),
    timeouts: JSON.parse(row.timeouts),
  } satisfies Record<string, WholeChannel[keyof WholeChannel]>
  const { name, priority, weight } = row
  return {
    ...columns,
    name,
    // Types that a newer version wrote are shown as they are; nothing else can be done with them.
    type: row.type as WholeChannel['type'],
    base_url: row.base_url,
    priority,
    weight,
    free: row.free === 1,
    status: row.status === 1 ? 1 : 2,
  }
}

/** The columns of a channel besides id, keys and times. */
export function toColumns(channel: WholeChannel) {
  return {
    name: channel.name,
    type: channel.type,
    base_url: channel.base_url,
    models: JSON.stringify(channel.models),
    groups: JSON.stringify(channel.groups),
    model_mapping: JSON.stringify(channel.model_mapping),
    priority: channel.priority,
    weight: channel.weight,
    free: channel.free ? 1 : 0,
    status: channel.status,
    headers: JSON.stringify(channel.headers),
    timeouts: JSON.stringify(channel.timeouts),
  }
}

/** The record that administrators read: keys masked. */
export function toRecord(rooms: Rooms, row: ChannelTable) {
  const channel = rooms.directory.get(row.id)
  return {
    id: row.id,
    ...toWhole(row),
    keys: masksOf(rooms, row),
    served_models: channel === undefined ? [] : [...channel.models].sort(),
    created_time: row.created_at,
  }
}

/** @throws Refused `not_found`. */
export async function channelRow(rooms: Pick<Rooms, 'store'>, id: number): Promise<ChannelTable> {
  const row = await rooms.store.db
    .selectFrom('channel')
    .selectAll()
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  if (row === undefined) throw new Refused('not_found', `there is no channel ${id}`)
  return row
}
