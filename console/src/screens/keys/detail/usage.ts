import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../../../api/client.ts'

const DAY_SECONDS = 86_400
export const DAYS = 30

/** What a key's calls came to on one day, of UTC. */
export interface DayOfUse {
  /** Unix seconds of its midnight. */
  readonly at: number
  readonly quota: number
  readonly requests: number
  readonly failed: number
  readonly tokens: number
}

/** The last days, those without calls, too. */
export const usageQuery = (id: number) =>
  queryOptions({
    queryKey: ['keys', 'usage', id],
    async queryFn({ signal }): Promise<readonly DayOfUse[]> {
      const today = Math.floor(Date.now() / 1000 / DAY_SECONDS) * DAY_SECONDS
      const since = today - (DAYS - 1) * DAY_SECONDS
      const query = { token_id: id, interval: 'day', by: 'key', start_timestamp: since } as const
      const points = await unwrap(api.GET('/api/data/self', { params: { query }, signal }))
      return Array.from({ length: DAYS }, (_, day) => {
        const at = since + day * DAY_SECONDS
        const point = points.find(({ created_at }) => created_at === at)
        return {
          at,
          quota: point?.quota ?? 0,
          requests: point?.requests ?? 0,
          failed: point?.failed ?? 0,
          tokens: (point?.prompt_tokens ?? 0) + (point?.completion_tokens ?? 0),
        }
      })
    },
  })
