import { Refused } from '../../errors.ts'
import type { Listing, Objects } from '../../objects/objects.ts'
import { notFound } from '../locate.ts'

/** As many as a page has where nobody says; and at the most. */
const USUAL_PAGE = 100
const MOST_PAGE = 10_000

/** The account's objects of one kind, as OpenAI lists them. @throws Refused */
export async function listObjects(
  objects: Pick<Objects, 'list'>,
  { accountId, kind }: Pick<Listing, 'accountId' | 'kind'>,
  query: string,
): Promise<string> {
  const listing = { kind, ...listingOf(accountId, query) }
  const found = await objects.list({ ...listing, most: listing.most + 1 })
  if (found === undefined) throw notFound({ kind, id: listing.after })
  const page = found.slice(0, listing.most)
  return JSON.stringify({
    object: 'list',
    data: page.map(({ record }) => JSON.parse(record)),
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: found.length > page.length,
  })
}

function listingOf(accountId: number, query: string): Omit<Listing, 'kind'> {
  const asked = new URLSearchParams(query)
  const order = asked.get('order') ?? 'desc'
  if (order !== 'asc' && order !== 'desc') {
    throw new Refused('invalid_request', 'order must be asc or desc')
  }
  const limit = asked.get('limit') ?? String(USUAL_PAGE)
  const most = Number(limit)
  if (!/^\d{1,5}$/.test(limit) || most < 1 || most > MOST_PAGE) {
    throw new Refused('invalid_request', `limit must be a whole number from 1 to ${MOST_PAGE}`)
  }
  const purpose = asked.get('purpose') ?? ''
  return { accountId, purpose, after: asked.get('after') ?? '', order, most }
}
