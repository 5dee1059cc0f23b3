import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client.ts'
import type { Call } from './usage.ts'

/** The computation of what the call cost, line by line, at the prices that it was charged at. */
export const quoteQuery = (call: Call) =>
  queryOptions({
    queryKey: ['usage', 'quote', call.request_id],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/log/self/price', {
          params: { query: { request_id: call.request_id } },
          signal,
        }),
      ),
    retry: false,
  })

export type Quote = Awaited<ReturnType<NonNullable<ReturnType<typeof quoteQuery>['queryFn']>>>
