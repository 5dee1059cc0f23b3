import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client.ts'
import type { Attempt } from '../../ui/use-once.ts'
import { PAGE_SIZE } from '../../ui/use-pages.ts'

const HOUR_SECONDS = 3600
/** The time that a day's spend is the average of. */
export const RATE_DAYS = 7

/** A page of what changed the balance besides usage, newest first. */
export const fetchEntries = (page: number, signal: AbortSignal) =>
  unwrap(
    api.GET('/api/user/self/entries', {
      params: { query: { p: page, page_size: PAGE_SIZE } },
      signal,
    }),
  )

export type Entry = Awaited<ReturnType<typeof fetchEntries>>['items'][number]

/** What was spent lately. */
export const spendQuery = queryOptions({
  queryKey: ['wallet', 'spend'],
  async queryFn({ signal }) {
    const hour = Math.floor(Date.now() / 1000 / HOUR_SECONDS) * HOUR_SECONDS
    const query = { start_timestamp: hour - RATE_DAYS * 24 * HOUR_SECONDS }
    const { quota } = await unwrap(api.GET('/api/log/self/stat', { params: { query }, signal }))
    return { units: quota }
  },
})

/** Redeems a code. Resolves with the units that were added. @throws ApiFailure */
export const redeem = (code: string, { key }: Attempt): Promise<number> =>
  unwrap(api.POST('/api/user/topup', { body: { key: code }, headers: { 'idempotency-key': key } }))
