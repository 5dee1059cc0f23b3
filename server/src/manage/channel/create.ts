import { TYPE_RULES } from '../../channels/types/types.ts'
import { Refused } from '../../errors.ts'
import { mustExist } from '../../groups/statements.ts'
import { auditStatement } from '../audit/record.ts'
import { requireGroups } from '../group/record.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { checkChannel, checkKeys, type WholeChannel } from './check.ts'
import { channelSchema, type NewChannel, newChannel } from './fields.ts'
import { hasMask, sentKeys, toKeysColumn } from './keys.ts'
import { channelRow, toColumns, toRecord } from './record.ts'

/** `POST /api/channel/` */
export const createChannel = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/channel',
    scope: 'admin',
    summary: 'Create a channel',
    description: 'Without `models` the provider is asked which it has.',
    tag: 'Channels',
    body: newChannel,
    data: channelSchema,
    async run(asked) {
      const channel = withStandards(asked.body)
      checkChannel(channel, rooms.program.privateUpstreams)
      const keys = channel.type === 'simulator' ? [] : (sentKeys(asked.body) ?? [])
      if (hasMask(keys)) throw new Refused('invalid_field', 'keys holds a mask instead of a key')
      checkKeys(channel, keys)
      const id = await rooms.store.nextId('channel')
      const created = rooms.store.db.insertInto('channel').values({
        id,
        ...toColumns(channel),
        keys: toKeysColumn(rooms, id, keys),
        created_at: Math.floor(rooms.now() / 1000),
        deleted_at: null,
      })
      const audited = auditStatement(rooms, asked, {
        action: 'channel.create',
        subject: `channel ${id}`,
        after: channel,
      })
      const statements = [created, ...mustExist(rooms.store.db, channel.groups), audited]
      let done = false
      // Again when one of the groups was deleted at this moment: then it is named.
      while (!done) {
        await requireGroups(rooms, 'groups', channel.groups)
        ;({ done } = await rooms.store.write(statements, [
          { kind: 'channel', subject: String(id) },
        ]))
      }
      return {
        data: toRecord(rooms, await channelRow(rooms, id)),
        headers: { location: `/api/channel/${id}` },
      }
    },
  })

function withStandards(sent: NewChannel): WholeChannel {
  const { key: _key, keys: _keys, ...rest } = sent
  return {
    base_url: TYPE_RULES[sent.type].standardBaseUrl,
    models: [],
    groups: ['default'],
    model_mapping: {},
    priority: 0,
    weight: 1,
    free: false,
    cost_ratio: 1,
    status: 1,
    dialects: [],
    headers: {},
    timeouts: {},
    ...rest,
  }
}
