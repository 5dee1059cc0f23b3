import type { ApiKey } from '../../keys/api-key.ts'
import type { ListedKind, Objects } from '../../objects/objects.ts'
import type { Admission } from '../../rates/admission.ts'
import type { Rates } from '../../rates/rates.ts'
import { admitUncharged } from '../admit.ts'
import type { Proven } from '../authenticate.ts'
import { authoriseList } from '../authorise.ts'
import type { ErrorType } from '../finish.ts'
import { pathOf } from '../jobs/look.ts'
import { notFound } from '../locate.ts'
import { send } from '../models.ts'
import type { Asked, ObjectAsked } from '../values.ts'
import { type ConcludeParts, conclude, mayAskNext } from './conclude.ts'
import { bytesOf, type ExchangeParts, exchange, type Sending } from './exchange.ts'
import { listObjects } from './list.ts'
import { filesIn } from './named-files.ts'
import { type Place, type PlaceParts, placeOfKept, placesForNew } from './places.ts'

export interface ObjectParts extends ExchangeParts, PlaceParts, ConcludeParts {
  readonly health: ExchangeParts['health']
  readonly objects: Pick<Objects, 'find' | 'keep' | 'forget' | 'list'>
  readonly rates: Pick<Rates, 'admit' | 'standings'>
  readonly errorType: ErrorType
}

/**
 * Answers what is asked of objects that providers keep: checks 1 to 6 and 9 of contract 3.1, rate limits, and then the
 * provider that has them. It costs nothing, and leaves no usage record.
 */
export function createServeObject(parts: ObjectParts) {
  return async function serveObject(asked: Asked, proven: Proven): Promise<void> {
    authoriseList(proven.key)
    const admission = await admitUncharged(parts.rates, proven.key)
    try {
      await answer(parts, { asked, proven, admission })
    } finally {
      admission.leave()
    }
  }
}

interface Answering {
  readonly asked: Asked
  readonly proven: Proven
  readonly admission: Admission
}

async function answer(parts: ObjectParts, { asked, proven, admission }: Answering): Promise<void> {
  const { objects } = parts
  const { accountId } = proven.key
  const object = asked.object as ObjectAsked
  const { id, kind, method, part } = object
  if (id === '' && method === 'GET' && isListed(kind)) {
    return send(asked, await listObjects(objects, { accountId, kind }, asked.query))
  }
  const kept = id === '' ? undefined : await find(objects, accountId, object)
  const body = method === 'POST' ? await asked.body() : undefined
  // The body may have taken its time, and a key can be revoked in between.
  const key = await proven.again()
  authoriseList(key)
  const files = await filesIn(objects, { accountId, object, body, kept })
  const sending: Sending = {
    ...{ asked, admission, method, body },
    path: `/${pathOf(kind)}${id === '' ? '' : `/${encodeURIComponent(id)}`}${part}`,
    // Who has its answer must find it kept, or gone.
    isRead: id === '' || isShort(object),
  }
  // It can't be asked after any more when it was deleted.
  if (kept !== undefined && method === 'DELETE' && part === '') await parts.jobs.lookAgain(kept)
  const places = placesOf(parts, key, { object, at: kept ?? files })
  if (kept?.kind === 'conversation' && body !== undefined) {
    // What is added to it will be read with it.
    await objects.keep([{ ...kept, tokens: kept.tokens + bytesOf(body) }])
  }
  for (const [at, place] of places.entries()) {
    const exchanged = await exchange(parts, sending, place)
    if (at < places.length - 1 && mayAskNext(exchanged.ended)) continue
    return conclude(parts, { sending, object, key, kept }, exchanged)
  }
}

/** Whose answer is read before it is passed on. */
const isShort = ({ kind, part, method }: ObjectAsked): boolean =>
  kind === 'batch' || (part === '' && (kind === 'video' || method === 'DELETE'))

const isListed = (kind: ObjectAsked['kind']): kind is ListedKind =>
  kind === 'file' || kind === 'video' || kind === 'batch'

async function find(objects: ObjectParts['objects'], accountId: number, asked: ObjectAsked) {
  const found = await objects.find(accountId, [asked.id])
  const object = found.find(({ kind }) => kind === asked.kind)
  if (object === undefined) throw notFound(asked)
  return object
}

interface Wanted {
  readonly object: ObjectAsked
  /** Where it is, or what it needs. */
  readonly at: Parameters<typeof placeOfKept>[2] | undefined
}

const placesOf = (parts: PlaceParts, key: ApiKey, { object, at }: Wanted): readonly Place[] =>
  at === undefined ? placesForNew(parts, key, object.kind) : [placeOfKept(parts, key, at)]
