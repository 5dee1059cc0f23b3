import { sql } from 'kysely'
import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { parseKey } from '../../keys/secret.ts'
import { operation } from '../operation.ts'
import { type Page, pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { keyRecord, showRows } from './record.ts'
import { type KeyRow, selectKeys } from './rows.ts'
import { openValue, readsValues } from './value.ts'

const HINT_END = 4

const query = Type.Object({
  ...pageQuery,
  keyword: Type.Optional(
    Type.String({ maxLength: 256, description: 'Part of the name; no character is a wildcard.' }),
  ),
  token: Type.Optional(
    Type.String({
      maxLength: 256,
      description: 'The whole key, with or without `sk-`, or at least its last 4 characters.',
    }),
  ),
})

/** `GET /api/token/search`: keys by part of their name, by value or by the end of it. */
export const searchKeys = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/token/search',
    scope: 'keys:read',
    tag: 'Keys',
    summary: 'Search API keys',
    query,
    data: pageSchema(keyRecord),
    async run({ caller, query: { keyword = '', token = '', ...words } }) {
      const page = pageOf(words)
      const value = token.startsWith('sk-') ? token.slice(3) : token
      if (value !== '' && value.length < HINT_END) {
        throw new Refused(
          'invalid_field',
          'token must be a whole key or at least its last 4 characters',
        )
      }
      const wanted: Wanted = {
        accountId: caller.accountId,
        keyword,
        value,
        verifies: value.length > HINT_END && readsValues(rooms, caller),
      }
      const { rows, total } = await find(rooms, wanted, page)
      const { records, secret } = showRows(rooms, caller, rows)
      return { data: pageOfItems(page, total, records), secret }
    },
  })

interface Wanted {
  readonly accountId: number
  readonly keyword: string
  /** A whole value or the end of one; '' = any. */
  readonly value: string
  /**
   * Whether more than the last four characters are compared. Only for callers who may read values anyway: to others the
   * answer would tell, one character after the other, what the mask hides.
   */
  readonly verifies: boolean
}

interface Found {
  readonly rows: readonly KeyRow[]
  readonly total: number
}

async function find(rooms: Rooms, wanted: Wanted, page: Page): Promise<Found> {
  const matching = matchingKeys(rooms, wanted)
  if (wanted.verifies) {
    const digests = digestsOf(rooms, wanted.value)
    // The last four characters leave one in fifteen million of our keys.
    const candidates = await matching.orderBy('key.id', 'desc').execute()
    const rows = candidates.filter(
      (row) => digests.includes(row.digest) || openValue(rooms, row)?.endsWith(wanted.value),
    )
    return { rows: rows.slice(page.skip, page.skip + page.pageSize), total: rows.length }
  }
  const [rows, count] = await Promise.all([
    matching.orderBy('key.id', 'desc').limit(page.pageSize).offset(page.skip).execute(),
    matching
      .clearSelect()
      .select(({ fn }) => fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow(),
  ])
  return { rows, total: Number(count.total) }
}

function matchingKeys(rooms: Rooms, { accountId, keyword, value }: Wanted) {
  const keys = selectKeys(rooms, accountId)
  const named = keyword === '' ? keys : keys.where(nameHolds(keyword))
  if (value === '') return named
  const digests = digestsOf(rooms, value)
  return named.where((eb) =>
    eb.or([
      sql<boolean>`substr(key.hint, 5) = ${value.slice(-HINT_END)}`,
      ...(digests.length === 0 ? [] : [eb('key.digest', 'in', digests)]),
    ]),
  )
}

/** The digests a whole value may be stored under; none for what is too short or too long to be one. */
function digestsOf({ vault }: Rooms, value: string): readonly string[] {
  const whole = parseKey(value)
  return whole === undefined ? [] : vault.digests(whole).map(({ digest }) => digest)
}

/** The database lowers English letters and no others, in names as they are stored; so the pattern must be lowered alike. */
function nameHolds(keyword: string) {
  const lowered = keyword.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  const pattern = `%${lowered.replace(/[\\%_]/g, '\\$&')}%`
  return sql<boolean>`lower(key.name) like ${pattern} escape '\\'`
}
