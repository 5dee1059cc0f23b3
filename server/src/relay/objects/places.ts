import type { Channel } from '../../channels/channel.ts'
import type { Directory } from '../../channels/directory.ts'
import type { Health } from '../../channels/health/health.ts'
import { TYPE_RULES } from '../../channels/types/types.ts'
import { placeOfMark } from '../../channels/upstream-keys.ts'
import { Refused } from '../../errors.ts'
import type { ApiKey } from '../../keys/api-key.ts'
import { noneIsUp } from '../forward/course.ts'
import { keeperOf } from '../keeper.ts'
import type { Kept, ObjectAsked } from '../values.ts'

export interface PlaceParts {
  readonly directory: Pick<Directory, 'get' | 'all'>
  readonly health: Pick<Health, 'of' | 'clock'>
}

/** Where something is asked: a channel, and which of its keys; `undefined`: any. */
export interface Place {
  readonly channel: Channel
  readonly keyAt: number | undefined
}

/** Where an object is kept. @throws Refused when nobody can be asked there. */
export function placeOfKept(
  { directory, health }: PlaceParts,
  key: ApiKey,
  { channelId, upstreamKey }: Pick<Kept, 'channelId' | 'upstreamKey'>,
): Place {
  const channel = keeperOf(directory, key, channelId)
  if (!isUp(health, channel)) throw noneIsUp([channel], health)
  return { channel, keyAt: placeOfMark(channel.authorization, upstreamKey) }
}

/**
 * Where a new object can be kept: channels of the key's groups that have such objects and are up, higher priority first in
 * each group. @throws Refused where there are none.
 */
export function placesForNew(
  { directory, health }: PlaceParts,
  { groups }: ApiKey,
  kind: ObjectAsked['kind'],
): readonly [Place, ...Place[]] {
  const able = directory.all().filter((channel) => keeps(channel, kind))
  const reached = groups.flatMap(({ name }) =>
    able
      .filter((channel) => channel.groups.includes(name))
      .sort((a, b) => b.priority - a.priority || a.id - b.id),
  )
  if (reached.length === 0) {
    throw new Refused(
      'no_channel_available',
      `no channel in the groups of this API key keeps ${kind}s: it takes one of the types openai, azure (v1) or openai-compatible`,
    )
  }
  const [first, ...others] = [...new Set(reached)]
    .filter((channel) => isUp(health, channel))
    .map((channel) => ({ channel, keyAt: undefined }))
  if (first === undefined) throw noneIsUp(reached, health)
  return [first, ...others]
}

const isUp = (health: PlaceParts['health'], channel: Channel): boolean =>
  health.of(channel).mayTry(health.clock.now)

function keeps({ enabled, type, baseUrl, dialects }: Channel, kind: ObjectAsked['kind']): boolean {
  if (!enabled || TYPE_RULES[type].objectPath?.(baseUrl, '', '') === undefined) return false
  return dialects.includes('responses') || (kind === 'file' && dialects.includes('openai'))
}
