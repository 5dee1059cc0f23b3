import { readMembers } from '../../dialects/members.ts'
import { namedInItems } from '../../dialects/named.ts'
import { Refused } from '../../errors.ts'
import type { KeptObject, Objects } from '../../objects/objects.ts'
import { findNamed, placeOf } from '../locate.ts'
import type { Body, Kept, ObjectAsked } from '../values.ts'

interface Sent {
  readonly accountId: number
  readonly object: ObjectAsked
  readonly body: Body | undefined
  /** What it is sent to; `undefined`: it is to be made. */
  readonly kept: KeptObject | undefined
}

/** Where the files are that items for a conversation name; `undefined`: there are none. @throws Refused */
export async function filesIn(
  objects: Pick<Objects, 'find'>,
  { accountId, object, body, kept }: Sent,
): Promise<Pick<Kept, 'channelId' | 'upstreamKey'> | undefined> {
  if (object.kind !== 'conversation' || !Buffer.isBuffer(body) || body.length === 0)
    return undefined
  const names = namedInItems(readMembers(body, ['items']).body.items)
  if (names === undefined) return undefined
  const place = placeOf(await findNamed(objects, accountId, names))
  if (kept !== undefined && kept.channelId !== place.channelId) {
    throw new Refused(
      'invalid_request',
      'these files and this conversation are kept by different providers',
    )
  }
  return place
}
