import type { Named } from '../dialects/dialect.ts'
import { Refused } from '../errors.ts'
import type { KeptObject, Objects } from '../objects/objects.ts'
import { FAIR_IMAGE_TOKENS, imageTokens } from '../prices/chat-tokens.ts'
import type { PriceBook } from '../prices/price-book.ts'
import type { Settings } from '../settings/settings.ts'
import { quoted } from './quoted.ts'
import type { Kept, ModelCall } from './values.ts'

export interface LocateParts {
  readonly objects: Pick<Objects, 'find'>
  readonly prices: Pick<PriceBook, 'contextWindow'>
  /** What else must be known of a call that begins a job. */
  readonly complete: (accountId: number, call: ModelCall) => Promise<ModelCall>
  readonly settings: Pick<Settings, 'get'>
}

/** More than any conversation has. */
const MOST_NAMED = 2_000

/**
 * Contract 3: what a call names must be its account's, and says where the call goes.
 * @throws Refused `object_not_found` for what is unknown or somebody else's: nobody learns which.
 */
export function createLocate({ objects, prices, settings, complete }: LocateParts) {
  return async function locate(accountId: number, call: ModelCall): Promise<ModelCall> {
    const { model } = call.parsed
    const names = judged(call.parsed.names ?? [], settings)
    const whole = (located: ModelCall) =>
      call.parsed.job === undefined ? located : complete(accountId, located)
    // What all may use says nothing of where the call goes.
    if (names.length === 0) return whole(call)
    const found = await findNamed(objects, accountId, names)
    const window = prices.contextWindow(model) ?? Number.POSITIVE_INFINITY
    let mostTokens = 0
    let tokens = 0
    for (const { named, object } of found) {
      mostTokens += named.isImage ? imageTokens(model) : object.tokens
      // Files count nothing where nobody reports usage, as do those in a body.
      if (named.kind !== 'file') tokens += object.tokens
      else if (named.isImage) tokens += FAIR_IMAGE_TOKENS
    }
    const { channelId, upstreamKey } = placeOf(found)
    const kept: Kept = {
      ...{ channelId, upstreamKey },
      // No model reads more than fits.
      mostTokens: Math.min(mostTokens, window),
      tokens: Math.min(tokens, window),
    }
    return whole({ ...call, kept })
  }
}

/** What must be the account's own. */
function judged(names: readonly Named[], settings: Pick<Settings, 'get'>): readonly Named[] {
  const stores = names.some(({ kind }) => kind === 'vector store')
  if (!stores || settings.get('objects.vector_stores') === 'refused') return names
  return names.filter(({ kind }) => kind !== 'vector store')
}

/** An id in a body, and what it means. */
export interface FoundNamed {
  readonly named: Named
  readonly object: KeptObject
}

/** Looks up what a body names. @throws Refused where the account has no such object. */
export async function findNamed(
  objects: Pick<Objects, 'find'>,
  accountId: number,
  names: readonly Named[],
): Promise<readonly FoundNamed[]> {
  if (names.length > MOST_NAMED) {
    throw new Refused(
      'invalid_request',
      `the body names more than ${MOST_NAMED} things that a provider keeps`,
    )
  }
  const ids = new Set(names.map(({ id }) => id))
  const known = await objects.find(accountId, [...ids])
  return names.map((named) => {
    const object = known.find(({ id, kind }) => id === named.id && kind === named.kind)
    if (object === undefined) throw notFound(named)
    return { named, object }
  })
}

/** Where all of it is kept. @throws Refused where that is at more than one provider. */
export function placeOf(found: readonly FoundNamed[]): Pick<Kept, 'channelId' | 'upstreamKey'> {
  const [first, ...others] = found as readonly [FoundNamed, ...FoundNamed[]]
  const { channelId, upstreamKey } = first.object
  const other = others.find(
    ({ object }) => object.channelId !== channelId || object.upstreamKey !== upstreamKey,
  )
  if (other !== undefined) {
    throw new Refused(
      'invalid_request',
      `${quoted(first.named.id)} and ${quoted(other.named.id)} are kept by different providers: no call can use both`,
    )
  }
  return { channelId, upstreamKey }
}

export const notFound = ({ kind, id }: Pick<Named, 'kind' | 'id'>): Refused =>
  new Refused(
    'object_not_found',
    `this account has no ${kind} ${quoted(id)}${WHAT_TO_DO[kind] ?? ''}`,
  )

const WHAT_TO_DO: { readonly [kind in Named['kind']]?: string } = {
  item: ': set store to false, so that items are sent whole',
}
