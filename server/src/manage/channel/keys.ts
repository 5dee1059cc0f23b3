import {
  maskUpstreamKey,
  openUpstreamKeys,
  sealUpstreamKeys,
} from '../../channels/upstream-keys.ts'
import { Refused } from '../../errors.ts'
import type { ChannelTable } from '../../storage/tables.ts'
import type { Rooms } from '../rooms.ts'
import type { ChangedChannel } from './fields.ts'

/** `key` is `keys` for those who have one. @throws Refused when both came. */
export function sentKeys({ key, keys }: Pick<ChangedChannel, 'key' | 'keys'>) {
  if (key !== undefined && keys !== undefined) {
    throw new Refused('invalid_field', 'send key or keys, not both')
  }
  return keys ?? (key === undefined ? undefined : [key])
}

/** The keys of a row as they are shown. */
export function masksOf(rooms: Pick<Rooms, 'vault'>, row: ChannelTable): readonly string[] {
  return openUpstreamKeys(rooms.vault, row.id, row.keys).map(maskUpstreamKey)
}

/**
 * The keys that a change leaves. Whoever reads a channel and sends it back sends masks: each stands for the key it was
 * made of, first at its own place, because short keys have the same mask. @throws Refused for a mask of no key.
 */
export function keptKeys(present: readonly string[], sent: readonly string[]): readonly string[] {
  const masks = present.map(maskUpstreamKey)
  return sent.map((key, at) => {
    if (!key.includes(MASKED)) return key
    const kept = masks[at] === key ? present[at] : present[masks.indexOf(key)]
    if (kept === undefined) {
      throw new Refused('invalid_field', `keys[${at}] is the mask of no key of this channel`)
    }
    return kept
  })
}

const MASKED = '**********'

/** Whether any of these is a mask and not a key. */
export const hasMask = (keys: readonly string[]): boolean =>
  keys.some((key) => key.includes(MASKED))

/** The column `keys` of a channel with these keys. */
export function toKeysColumn(rooms: Rooms, id: number, keys: readonly string[]): string {
  return sealUpstreamKeys(rooms.vault, id, keys)
}
