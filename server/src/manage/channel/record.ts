import type { Static } from 'typebox'
import type { Channel } from '../../channels/channel.ts'
import type { Standing } from '../../channels/health/breaker.ts'
import { maskUpstreamKey } from '../../channels/upstream-keys.ts'
import { Refused } from '../../errors.ts'
import type { ChannelTable } from '../../storage/tables.ts'
import type { Rooms } from '../rooms.ts'
import type { WholeChannel } from './check.ts'
import type { healthSchema } from './fields.ts'
import { masksOf } from './keys.ts'

/** A row without its keys, in the wire's words. */
export function toWhole(row: ChannelTable): WholeChannel {
  const columns = {
    models: JSON.parse(row.models),
    groups: JSON.parse(row.groups),
    model_mapping: JSON.parse(row.model_mapping),
    dialects: JSON.parse(row.dialects),
    headers: JSON.parse(row.headers),
    timeouts: JSON.parse(row.timeouts),
  } satisfies Record<string, WholeChannel[keyof WholeChannel]>
  const { name, priority, weight, cost_ratio } = row
  return {
    ...columns,
    name,
    // Types that a newer version wrote are shown as they are; nothing else can be done with them.
    type: row.type as WholeChannel['type'],
    base_url: row.base_url,
    priority,
    weight,
    cost_ratio,
    free: row.free === 1,
    status: row.status === 1 ? 1 : 2,
  }
}

/** The columns of what was sent of a channel, keys apart. */
export function toColumns<C extends Partial<WholeChannel>>(channel: C) {
  const columns = Object.entries(channel).map(([name, value]) => {
    if (typeof value === 'boolean') return [name, value ? 1 : 0]
    return [name, typeof value === 'object' ? JSON.stringify(value) : value]
  })
  // The wire's names are the columns' names; only flags and JSON are stored in another form.
  return Object.fromEntries(columns) as { [N in keyof C & keyof ChannelTable]: ChannelTable[N] }
}

/** The record that administrators read: keys masked. */
export function toRecord(rooms: Rooms, row: ChannelTable) {
  const channel = rooms.directory.get(row.id)
  return {
    id: row.id,
    ...toWhole(row),
    keys: masksOf(rooms, row),
    served_models: channel === undefined ? [] : [...channel.models].sort(),
    // Nothing is known of one that can't be read.
    ...(channel === undefined ? {} : { health: toHealth(rooms, channel) }),
    created_time: row.created_at,
  }
}

/** How a channel is doing at this node, keys masked. A provider that takes no key has none to show. */
function toHealth(rooms: Pick<Rooms, 'health'>, channel: Channel): Static<typeof healthSchema> {
  const { keys, ...own } = rooms.health.standing(channel)
  return {
    ...toBreaker(own),
    keys: channel.authorization.map((key, at) => ({
      key: maskUpstreamKey(key),
      ...toBreaker(keys[at] ?? own),
    })),
  }
}

const toBreaker = ({ state, since, openUntil, reason }: Standing) => ({
  state,
  since,
  ...(openUntil === undefined ? {} : { open_until: openUntil }),
  ...(reason === undefined ? {} : { reason }),
})

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
