import type { Operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { changeChannel, deleteChannel } from './change.ts'
import { createChannel } from './create.ts'
import { getChannel, listChannels } from './read.ts'
import { testChannel } from './test.ts'

/** Channels: the ways to providers. */
export const channelOperations = (rooms: Rooms): readonly Operation[] => [
  createChannel(rooms),
  listChannels(rooms),
  getChannel(rooms),
  changeChannel(rooms),
  deleteChannel(rooms),
  testChannel(rooms),
]
