import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import type { CallQuery } from './route.ts'
import { type CallRecord, callsQuery, fetchNewer, withNewer } from './usage.ts'

/** Rows before the end at which the next page is asked for. */
const AHEAD = 30
/** Rows of the skeleton: of the first page, and below the others. */
const EXPECTED = 8
const TAIL_MS = 3_000

/** The calls that match, more of them the further one scrolls. Give `show` to a DataTable's `onShow`. */
export function useCalls(query: CallQuery, isLive: boolean) {
  const list = useInfiniteQuery(callsQuery(query))
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage, error, refetch } = list
  useTail(query, isLive && data !== undefined)
  const calls = data?.pages.flatMap(({ items }) => items) ?? []
  const mayFetch = hasNextPage && !isFetchingNextPage && error === null
  const show = useCallback(
    (_first: number, last: number) => {
      if (mayFetch && last >= calls.length - AHEAD) void fetchNextPage()
    },
    [mayFetch, calls.length, fetchNextPage],
  )
  const total = data?.pages[0]?.total
  return {
    show,
    failure: error ?? undefined,
    retry: () => void refetch(),
    /** Undefined before the first answer. */
    total,
    count: data === undefined ? EXPECTED : calls.length + (hasNextPage ? EXPECTED : 0),
    rowAt: (index: number): CallRecord | undefined => calls[index],
  }
}

/** Asks for newer calls as long as the page is seen; hidden pages ask nothing. */
function useTail(query: CallQuery, enabled: boolean): void {
  const queryClient = useQueryClient()
  const { queryKey } = callsQuery(query)
  useQuery({
    queryKey: ['usage', 'tail', ...queryKey],
    async queryFn({ signal }) {
      const list = queryClient.getQueryData(queryKey)
      if (list === undefined) return null
      const newer = await fetchNewer(query, list.pages, signal)
      if (newer === undefined) await queryClient.resetQueries({ queryKey })
      else queryClient.setQueryData(queryKey, (now) => now && withNewer(now, newer))
      return null
    },
    enabled,
    staleTime: 0,
    gcTime: 0,
    refetchInterval: TAIL_MS,
  })
}
