import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../api/client.ts'

/** Begins the key of what holds for everybody. */
export const STATUS = 'status'

/** What this gateway says of itself to everybody: its version, and how one may sign in. */
export const statusQuery = queryOptions({
  queryKey: [STATUS],
  queryFn: ({ signal }) => unwrap(api.GET('/api/status', { signal })),
})

export type GatewayStatus = Awaited<ReturnType<NonNullable<typeof statusQuery.queryFn>>>
