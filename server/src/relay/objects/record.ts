import type { Loose } from '../../dialects/dialect.ts'
import { isObject } from '../../dialects/judged.ts'
import type { KeptObject, Objects } from '../../objects/objects.ts'

const MEMBERS = ['id', 'object', 'bytes', 'created_at', 'expires_at', 'filename', 'purpose']
/** Of a name or purpose; longer ones are none. */
const MOST_LETTERS = 1_024

/** What is kept of a provider's word about a file, for lists. */
function recordOfFile(said: Loose) {
  const record: Record<string, unknown> = {}
  for (const name of [...MEMBERS, 'status']) {
    const value = said[name]
    if (value === undefined || isObject(value) || Array.isArray(value)) continue
    record[name] = typeof value === 'string' ? value.slice(0, MOST_LETTERS) : value
  }
  return record
}

/** Of other objects all that was said is shown, as far as it is no book. */
const LONGEST_RECORD = 64 * 1024

/** What lists show of an object of this kind; '' = it is in none. */
export function recordOf(kind: KeptObject['kind'], said: Loose): string {
  if (kind !== 'video' && kind !== 'batch') {
    return kind === 'file' ? JSON.stringify(recordOfFile(said)) : ''
  }
  const whole = JSON.stringify(said)
  return whole.length <= LONGEST_RECORD
    ? whole
    : JSON.stringify({ id: said.id, object: said.object })
}

/** Lists show an object as its provider described it last. */
export async function noteRecord(
  { objects }: { readonly objects: Pick<Objects, 'find' | 'update'> },
  of: { readonly accountId: number; readonly kind: KeptObject['kind']; readonly objectId: string },
  said: Loose,
): Promise<void> {
  const { accountId, kind, objectId } = of
  const record = recordOf(kind, said)
  if (record === '') return
  const found = (await objects.find(accountId, [objectId])).find((one) => one.kind === kind)
  // An id that was deleted meanwhile must not come back.
  if (found === undefined || found.record === record) return
  await objects.update({ ...found, record })
}
