import { type InfiniteData, infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client.ts'
import { customSpan, DAY_SECONDS, spanOf } from '../../format/period.ts'
import type { CallQuery } from './route.ts'

export const STANDARD_PERIOD = '7d'
const PAGE_SIZE = 100
/** How far back names are looked for that calls can be filtered by. */
const NAMES_DAYS = 30
const NAMES_FRESH_MS = 300_000

const nowSeconds = () => Math.floor(Date.now() / 1000)

/** The filter as the API takes it. One request is found whenever it was. */
export function filterOf(query: CallQuery) {
  const { period = STANDARD_PERIOD, model, key, group, status, q } = query
  const now = nowSeconds()
  const { from, until } = period === 'custom' ? customSpan(query, now) : spanOf(period, now)
  return {
    ...(q === undefined && { start_timestamp: from }),
    // What comes while one looks belongs to a time that ends now.
    ...(q === undefined && until < now && { end_timestamp: until }),
    ...(model && { model_name: model }),
    ...(key && { token_id: key }),
    ...(group && { group }),
    ...(status && { status }),
    ...(q && { request_id: q }),
  }
}

const fetchCalls = (
  query: ReturnType<typeof filterOf> & { cursor?: string },
  signal: AbortSignal,
) =>
  unwrap(
    api.GET('/api/log/self', { params: { query: { ...query, page_size: PAGE_SIZE } }, signal }),
  )

export type CallPage = Awaited<ReturnType<typeof fetchCalls>>
export type CallRecord = CallPage['items'][number]

/** Without which call is open: the list is the same. */
const listed = ({ call: _, ...query }: CallQuery) => query

/** The account's calls, newest first, page by page behind a cursor. */
export const callsQuery = (query: CallQuery) =>
  infiniteQueryOptions({
    queryKey: ['usage', 'list', listed(query)],
    queryFn: ({ pageParam, signal }) =>
      fetchCalls({ ...filterOf(query), ...(pageParam && { cursor: pageParam }) }, signal),
    initialPageParam: '',
    getNextPageParam: ({ next_cursor }) => next_cursor,
    // All pages that were read would be read again.
    refetchOnWindowFocus: false,
  })

/** Calls may be written a little later than others that began after them. */
const OVERLAP_SECONDS = 5

/** What came since the newest call of the list. Undefined when that is more than a page: then the list begins anew. */
export async function fetchNewer(
  query: CallQuery,
  pages: readonly CallPage[],
  signal: AbortSignal,
): Promise<readonly CallRecord[] | undefined> {
  const newest = pages[0]?.items[0]
  const since = newest === undefined ? {} : { start_timestamp: newest.created_at - OVERLAP_SECONDS }
  const found = await fetchCalls({ ...filterOf(query), ...since }, signal)
  const known = new Set(pages[0]?.items.map(({ id }) => id))
  const newer = found.items.filter(({ id }) => !known.has(id))
  return newest !== undefined && newer.length === PAGE_SIZE ? undefined : newer
}

/** The list with newer calls before it. */
export function withNewer(
  list: InfiniteData<CallPage>,
  newer: readonly CallRecord[],
): InfiniteData<CallPage> {
  const [first, ...rest] = list.pages
  if (first === undefined || newer.length === 0) return list
  const items = [...newer, ...first.items].sort(
    (a, b) => b.created_at - a.created_at || b.id - a.id,
  )
  const total = first.total === undefined ? {} : { total: first.total + newer.length }
  return { ...list, pages: [{ ...first, ...total, items }, ...rest] }
}

/** One call by its request id; `null` when there is none. Administrators see the channels that were tried, too. */
export const callQuery = (requestId: string, account: { id: number; role: string }) =>
  queryOptions({
    queryKey: ['usage', 'call', requestId],
    async queryFn({ signal }) {
      const query = { request_id: requestId }
      const { items } =
        account.role === 'admin'
          ? await unwrap(
              api.GET('/api/log', { params: { query: { ...query, user_id: account.id } }, signal }),
            )
          : await unwrap(api.GET('/api/log/self', { params: { query }, signal }))
      return items[0] ?? null
    },
  })

export type Call = NonNullable<
  Awaited<ReturnType<NonNullable<ReturnType<typeof callQuery>['queryFn']>>>
>

/** Models, keys or groups with calls in the last month: what one can filter by. */
export const namesQuery = (by: 'model' | 'key' | 'group') =>
  queryOptions({
    queryKey: ['usage', 'names', by],
    async queryFn({ signal }) {
      const start = nowSeconds() - NAMES_DAYS * DAY_SECONDS
      const query = { by, interval: 'day', start_timestamp: start } as const
      const points = await unwrap(api.GET('/api/data/self', { params: { query }, signal }))
      const names = points.map(({ model_name, token_id, token_name, group }) =>
        by === 'key'
          ? ([String(token_id), token_name || `#${token_id}`] as const)
          : ([model_name ?? group ?? '', model_name ?? group ?? ''] as const),
      )
      return [...new Map(names)].map(([value, label]) => ({ value, label }))
    },
    staleTime: NAMES_FRESH_MS,
  })

/** Where the browser gets all calls that match, as one file. */
export function csvAddress(query: CallQuery): string {
  const filter = Object.entries(filterOf(query)).map(([name, value]) => [name, String(value)])
  return `/api/log/self?${new URLSearchParams([...filter, ['format', 'csv']])}`
}
