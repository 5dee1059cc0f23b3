import type { Channel } from '../channels/channel.ts'
import type { Directory } from '../channels/directory.ts'
import { Refused } from '../errors.ts'
import type { ApiKey } from '../keys/api-key.ts'

/** How long a channel that is switched off should be left alone. */
const RETRY_AFTER = 30

/** The channel that keeps something. @throws Refused when it is gone, switched off, or out of the reach of this key. */
export function keeperOf(
  directory: Pick<Directory, 'get'>,
  { groups }: ApiKey,
  channelId: number,
): Channel {
  const channel = directory.get(channelId)
  if (channel === undefined) {
    throw new Refused('object_not_found', 'the channel that kept this object was deleted')
  }
  if (!groups.some(({ name }) => channel.groups.includes(name))) {
    throw new Refused('object_not_found', 'no group of this API key has the channel that keeps it')
  }
  if (!channel.enabled) {
    throw new Refused('no_channel_available', 'the channel that keeps this object is disabled', {
      retryAfter: RETRY_AFTER,
    })
  }
  return channel
}
