import { type ChannelType, channelTypeOf, TYPE_RULES } from '../../channels/types/types.ts'
import { openUpstreamKeys } from '../../channels/upstream-keys.ts'
import { Refused } from '../../errors.ts'
import { mustExist } from '../../groups/statements.ts'
import { mustChange } from '../../storage/store.ts'
import type { ChannelTable } from '../../storage/tables.ts'
import { auditStatement } from '../audit/record.ts'
import { requireGroups } from '../group/record.ts'
import { type Asked, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { checkChannel, checkKeys, isOtherOrigin, type WholeChannel } from './check.ts'
import { type ChangedChannel, changedChannel, channelParams, channelSchema } from './fields.ts'
import { hasMask, keptKeys, sentKeys, toKeysColumn } from './keys.ts'
import { channelRow, toColumns, toRecord, toWhole } from './record.ts'

/** `PUT /api/channel/{id}` */
export const changeChannel = (rooms: Rooms) =>
  operation({
    method: 'PUT',
    path: '/api/channel/{id}',
    scope: 'admin',
    summary: 'Change a channel',
    description:
      'Omitted fields keep their value, and so do keys that are sent back masked. Another host in `base_url` needs the keys again.',
    tag: 'Channels',
    params: channelParams,
    body: changedChannel,
    data: channelSchema,
    async run(asked) {
      const { id } = asked.params
      // Each failed attempt is one that somebody else's change has won, so this ends.
      while (!(await attempt(rooms, asked, await channelRow(rooms, id))));
      return { data: toRecord(rooms, await channelRow(rooms, id)) }
    },
  })

/**
 * Changes the row as it was read; false when host, type or keys were changed meanwhile, or a group was deleted. Two
 * changes that cross must not leave the keys of one with the host of the other.
 */
async function attempt(
  rooms: Rooms,
  asked: Asked<unknown, unknown, ChangedChannel>,
  row: ChannelTable,
): Promise<boolean> {
  const { id } = row
  const before = toWhole(row)
  const { key: _key, keys: _keys, ...sent } = asked.body
  const after = { ...before, ...sent }
  checkChannel(after, rooms.program.privateUpstreams)
  const { groups = [] } = sent
  await requireGroups(rooms, 'groups', groups)
  const keys = keysAfter(rooms, row, { after, sent: asked.body })
  checkKeys(after, keys ?? openUpstreamKeys(rooms.vault, id, row.keys))
  const changed = rooms.store.db
    .updateTable('channel')
    .set({
      id,
      ...toColumns(sent),
      ...(keys === undefined ? {} : { keys: toKeysColumn(rooms, id, keys) }),
    })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .where('type', '=', row.type)
    .where('base_url', '=', row.base_url)
    .where('keys', '=', row.keys)
  const audited = auditStatement(rooms, asked, {
    action: 'channel.update',
    subject: `channel ${id}`,
    before,
    after: keys === undefined ? after : { ...after, keys: 'sent' },
  })
  const written = await rooms.store.write(
    [mustChange(changed), ...mustExist(rooms.store.db, groups), audited],
    [{ kind: 'channel', subject: String(id) }],
  )
  return written.done
}

/**
 * The keys after a change; undefined = as they are. Whoever may change a channel, but does not know its keys, must not
 * learn them by pointing it at a host of their own.
 */
function keysAfter(
  rooms: Rooms,
  row: ChannelTable,
  { after, sent }: { after: WholeChannel; sent: ChangedChannel },
): readonly string[] | undefined {
  const keys = sentKeys(sent)
  const present = openUpstreamKeys(rooms.vault, row.id, row.keys)
  // The simulator takes no keys. Kept, they would follow the channel to wherever it points next.
  if (after.type === 'simulator') return []
  if (present.length > 0 && readsOtherwise(row.type, after.type)) {
    if (keys === undefined || hasMask(keys)) {
      throw new Refused('invalid_field', 'another type reads keys in another way: send them again')
    }
  }
  const moved = isOtherOrigin(row.base_url, after.base_url)
  if (moved && present.length > 0 && (keys === undefined || hasMask(keys))) {
    throw new Refused('invalid_field', 'base_url names another host: send the keys again, unmasked')
  }
  return keys === undefined ? undefined : keptKeys(present, keys)
}

/** Whether a key would be sent in another way: what is only signed with must not go out as a bearer. */
function readsOtherwise(before: string, after: ChannelType): boolean {
  const type = channelTypeOf(before)
  return type === undefined || TYPE_RULES[type].accessTo !== TYPE_RULES[after].accessTo
}

/** `DELETE /api/channel/{id}` */
export const deleteChannel = (rooms: Rooms) =>
  operation({
    method: 'DELETE',
    path: '/api/channel/{id}',
    scope: 'admin',
    summary: 'Delete a channel and its keys',
    tag: 'Channels',
    params: channelParams,
    async run(asked) {
      const { id } = asked.params
      const row = await channelRow(rooms, id)
      const deleted = rooms.store.db
        .updateTable('channel')
        // The row stays for the usage records that name it; the secrets go.
        .set({ deleted_at: Math.floor(rooms.now() / 1000), keys: '[]' })
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
      const audited = auditStatement(rooms, asked, {
        action: 'channel.delete',
        subject: `channel ${id}`,
        before: toWhole(row),
      })
      const written = await rooms.store.write(
        [mustChange(deleted), audited],
        [{ kind: 'channel', subject: String(id) }],
      )
      if (!written.done) throw new Refused('not_found', `there is no channel ${id}`)
      return {}
    },
  })
