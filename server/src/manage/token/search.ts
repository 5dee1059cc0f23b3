import { type SelectQueryBuilder, sql } from 'kysely'
import Type from 'typebox'
import type { Caller } from '../../accounts/caller.ts'
import { Refused } from '../../errors.ts'
import { parseKey } from '../../keys/secret.ts'
import { fewNamesHold, nameHolds, nameIndexed } from '../../storage/parts-of-names.ts'
import type { Tables } from '../../storage/tables.ts'
import { nowSeconds } from '../now-seconds.ts'
import { operation } from '../operation.ts'
import { type Page, pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'
import { filterQuery, isPlain, type KeyFilter, narrow, ordered } from './filters.ts'
import { countKeys, pageOfKeys } from './pages.ts'
import { keyRecord, showRows } from './record.ts'
import { type KeyRow, selectKeys } from './rows.ts'
import { openValue, readsValues } from './value.ts'

const HINT_END = 4
/** Names of fewer keys are looked through in ten to twenty milliseconds. */
const LONG_LIST = 60_000

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
  ...filterQuery,
})

/** `GET /api/token/search`: keys by part of their name, by value or by the end of it. */
export const searchKeys = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/token/search',
    scope: 'keys:read',
    tag: 'Keys',
    summary: 'Search, filter and sort API keys',
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
        caller,
        filter: words,
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
  readonly caller: Caller
  readonly filter: KeyFilter
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
  const { caller, filter, keyword, value } = wanted
  const anything = keyword === '' && value === ''
  if (anything && isPlain(filter)) return pageOfKeys(rooms, caller.accountId, page)
  const ids = anything ? undefined : await matchingIds(rooms, wanted)
  if (wanted.verifies) {
    const digests = digestsOf(rooms, value)
    // The last four characters leave one in fifteen million of our keys.
    const candidates = await ordered(keysOf(rooms, wanted, ids), filter).execute()
    const rows = candidates.filter(
      (row) => digests.includes(row.digest) || openValue(rooms, row)?.endsWith(value),
    )
    return { rows: rows.slice(page.skip, page.skip + page.pageSize), total: rows.length }
  }
  if (ids === undefined || !isPlain(filter)) {
    const keys = keysOf(rooms, wanted, ids)
    return {
      rows: await ordered(keys, filter).limit(page.pageSize).offset(page.skip).execute(),
      total: await countOf(keys),
    }
  }
  // `+ 0` keeps the planner from reading the whole list in this order instead of finding first and sorting then.
  const some = ids.orderBy(sql`key.id + 0`, 'desc').limit(page.pageSize).offset(page.skip)
  // Balances are looked up for the rows that are shown, not for those that are counted or skipped.
  const shown = selectKeys(rooms, caller.accountId).where('key.id', 'in', some)
  const [rows, total] = await Promise.all([ordered(shown, {}).execute(), countOf(ids)])
  return { rows, total }
}

/** The keys with these ids, or all, as far as the filter lets them through. */
function keysOf(rooms: Rooms, { caller, filter }: Wanted, ids: Ids | undefined) {
  const keys = selectKeys(rooms, caller.accountId)
  const found = ids === undefined ? keys : keys.where('key.id', 'in', ids)
  return narrow(found, filter, { ownGroup: caller.group, nowSeconds: nowSeconds(rooms) })
}

async function countOf(found: Pick<Ids, 'clearSelect'>): Promise<number> {
  const counted = found.clearSelect().select(({ fn }) => fn.countAll<number>().as('total'))
  return Number((await counted.executeTakeFirstOrThrow()).total)
}

type Ids = SelectQueryBuilder<Tables, 'key', { id: number }>

async function matchingIds(rooms: Rooms, { caller, keyword, value }: Wanted): Promise<Ids> {
  const { store } = rooms
  const { accountId } = caller
  const living = store.db.selectFrom('key').select('key.id').where('key.deleted_at', 'is', null)
  const keys = living.where('key.account_id', '=', accountId)
  if (value !== '') {
    const ended = keys.where(sql`substr(key.hint, 5)`, '=', value.slice(-HINT_END))
    const digests = digestsOf(rooms, value)
    const whole = ended.union(keys.where('key.digest', 'in', digests))
    const valued = digests.length === 0 ? ended : living.where('key.id', 'in', whole)
    return keyword === '' ? valued : valued.where(fewNamesHold(keyword))
  }
  // A short list is read faster than an index of everybody's names. All ids are above 0: one index has ids and names.
  if ((await countKeys(rooms, accountId)) <= LONG_LIST)
    return keys.where('key.id', '>', 0).where(fewNamesHold(keyword))
  const indexed = nameIndexed(store, keyword)
  if (!indexed) return keys.where(nameHolds(keyword))
  // `+` keeps the planner to the index of names.
  return living.where(sql`+key.account_id`, '=', accountId).where(indexed).where(nameHolds(keyword))
}

/** The digests a whole value may be stored under; none for what is too short or too long to be one. */
function digestsOf({ vault }: Rooms, value: string): readonly string[] {
  const whole = parseKey(value)
  return whole === undefined ? [] : vault.digests(whole).map(({ digest }) => digest)
}
