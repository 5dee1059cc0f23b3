import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { channelParams, LONGEST_MODEL } from './fields.ts'
import { channelRow } from './record.ts'

/** `POST /api/channel/{id}/test` */
export const testChannel = (rooms: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/channel/{id}/test',
    scope: 'admin',
    summary: 'Make one small real request through a channel',
    description: 'When it succeeds, the channel and its keys are taken for healthy at this node.',
    tag: 'Channels',
    params: channelParams,
    body: Type.Object({
      model: Type.Optional(
        Type.String({ minLength: 1, maxLength: LONGEST_MODEL, description: 'Omitted: its first.' }),
      ),
    }),
    data: Type.Object({
      ok: Type.Boolean(),
      status: Type.Integer({ description: "The provider's; 0 when it did not answer." }),
      latency_ms: Type.Integer(),
      message: Type.String(),
    }),
    async run({ params, body }) {
      await channelRow(rooms, params.id)
      const channel = rooms.directory.get(params.id)
      if (channel === undefined) {
        throw new Refused('invalid_field', `channel ${params.id} can't be used: see the log`)
      }
      const [first] = channel.models
      const model = body.model ?? first
      if (model === undefined) {
        throw new Refused('invalid_field', 'model is required: the channel has none of its own')
      }
      const { ok, status, latencyMs, message } = await rooms.probe.test(channel, model)
      if (ok) rooms.health.reset(channel.id)
      return { data: { ok, status, latency_ms: Math.round(latencyMs), message } }
    },
  })
