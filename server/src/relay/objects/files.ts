import { isObject } from '../../dialects/judged.ts'
import { Refused } from '../../errors.ts'
import type { Listing, Objects } from '../../objects/objects.ts'
import { notFound } from '../locate.ts'

/** As many as a page has where nobody says; and at the most. */
const USUAL_PAGE = 100
const MOST_PAGE = 10_000

/** The account's files, as OpenAI lists them. @throws Refused */
export async function listFiles(
  objects: Pick<Objects, 'files'>,
  accountId: number,
  query: string,
): Promise<string> {
  const listing = listingOf(accountId, query)
  const found = await objects.files({ ...listing, most: listing.most + 1 })
  if (found === undefined) throw notFound({ kind: 'file', id: listing.after })
  const page = found.slice(0, listing.most)
  return JSON.stringify({
    object: 'list',
    data: page.map(({ record }) => JSON.parse(record)),
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: found.length > page.length,
  })
}

function listingOf(accountId: number, query: string): Listing {
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

const MEMBERS = ['id', 'object', 'bytes', 'created_at', 'expires_at', 'filename', 'purpose']
/** Of a name or purpose; longer ones are none. */
const MOST_LETTERS = 1_024

/** What is kept of a provider's word about a file, for lists. */
export function recordOfFile(said: Readonly<Record<string, unknown>>) {
  const record: Record<string, unknown> = {}
  for (const name of [...MEMBERS, 'status']) {
    const value = said[name]
    if (value === undefined || isObject(value) || Array.isArray(value)) continue
    record[name] = typeof value === 'string' ? value.slice(0, MOST_LETTERS) : value
  }
  return record
}
