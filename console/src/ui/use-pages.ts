import { type QueryKey, queryOptions, useQueries, useQueryClient } from '@tanstack/react-query'
import { useCallback, useState } from 'react'

/** What every list of the API takes at most. */
export const PAGE_SIZE = 100

export interface Page<Row> {
  readonly total: number
  readonly items: readonly Row[]
}

export interface PagesAsked<Row> {
  /** Names the list, with its filters; the page is added to it. */
  readonly key: QueryKey
  /** Pages count from 1 and have `PAGE_SIZE` rows. */
  readonly fetchPage: (page: number, signal: AbortSignal) => Promise<Page<Row>>
}

/** One page of a list, for whoever has it on its way before the list is shown. */
export const pageQuery = <Row>({ key, fetchPage }: PagesAsked<Row>, page: number) =>
  queryOptions({
    queryKey: [...key, page],
    queryFn: ({ signal }) => fetchPage(page, signal),
  })

/**
 * A long list of which only the pages on the screen are fetched, wherever the reader scrolls to. Give `show` to a
 * DataTable's `onShow`.
 */
export function usePages<Row>(asked: PagesAsked<Row>) {
  const [shown, setShown] = useState({ first: 1, last: 1 })
  const numbers = Array.from({ length: shown.last - shown.first + 1 }, (_, at) => shown.first + at)
  const queries = useQueries({
    queries: numbers.map((page) => pageQuery(asked, page)),
  })
  // Of whichever page came last: without it the list would lose its height, and the reader the place, at each new page.
  const cached = useQueryClient().getQueriesData<Page<Row>>({ queryKey: asked.key })
  const pages = [...queries.map(({ data }) => data), ...cached.map(([, page]) => page)]
  const show = useCallback((first: number, last: number) => {
    const next = { first: pageOf(first), last: pageOf(last) }
    setShown((now) => (now.first === next.first && now.last === next.last ? now : next))
  }, [])
  return {
    show,
    /** Undefined before the first answer. */
    total: pages.find((page) => page !== undefined)?.total,
    failure: queries.find(({ error }) => error !== null)?.error ?? undefined,
    retry: () => {
      for (const query of queries) if (query.isError) void query.refetch()
    },
    rowAt: (index: number): Row | undefined =>
      queries[pageOf(index) - shown.first]?.data?.items[index % PAGE_SIZE],
  }
}

const pageOf = (index: number): number => Math.floor(index / PAGE_SIZE) + 1
