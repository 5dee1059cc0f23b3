import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { UNITS_PER_DOLLAR } from '../../format/money.ts'
import { createKey, ENABLED, fetchAllKeys, revealKey } from '../keys/keys.ts'

/** Instead of the id of a key: one that is made for the playground. */
export const NEW_KEY = 'new'
const LIFE_SECONDS = 3600
/** It is made anew before it ends in the middle of an answer. */
const FRESH_MS = (LIFE_SECONDS - 300) * 1000

/** Keys that work now. */
export const usableKeysQuery = queryOptions({
  queryKey: ['keys', 'usable'],
  queryFn: () => fetchAllKeys({ status: ENABLED, sort: 'name' }),
})

/**
 * The value of a key, with `sk-`: what the console's session can't do, call a model, a key can. It is kept in the
 * page's memory alone, and forgotten with all else when somebody signs out. @throws ApiFailure
 */
export const keyValue = (queryClient: QueryClient, choice: string, name: string) =>
  queryClient.fetchQuery({
    queryKey: ['playground', 'key', choice],
    queryFn: async () => {
      const { key } =
        choice === NEW_KEY ? await makeKey(queryClient, name) : await revealKey(Number(choice))
      return key.startsWith('sk-') ? key : `sk-${key}`
    },
    staleTime: choice === NEW_KEY ? FRESH_MS : Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  })

async function makeKey(queryClient: QueryClient, name: string) {
  const made = await createKey({
    name,
    remain_quota: UNITS_PER_DOLLAR,
    expired_time: Math.floor(Date.now() / 1000) + LIFE_SECONDS,
  })
  void queryClient.invalidateQueries({ queryKey: ['keys'] })
  return made
}
