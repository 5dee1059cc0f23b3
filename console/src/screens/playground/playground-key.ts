import { type QueryClient, queryOptions } from '@tanstack/react-query'
import type { ApiFailure } from '../../api/failure.ts'
import { UNITS_PER_DOLLAR } from '../../format/money.ts'
import { type Attempt, newAttempt } from '../../ui/use-once.ts'
import { createKey, ENABLED, fetchAllKeys, type KeyRecord, revealKey } from '../keys/keys.ts'

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

/** Which key is called with. */
export interface KeyChoice {
  /** Id of a key, or `NEW_KEY`. */
  readonly choice: string
  /** Of a new one: its name, and the group that has to serve the model; '' is the account's own. */
  readonly name: string
  readonly group: string
}

const cacheKey = ({ choice, group }: KeyChoice) =>
  ['playground', 'key', choice, ...(choice === NEW_KEY ? [group] : [])] as const

/**
 * The value of a key, with `sk-`: what the console's session can't do, call a model, a key can. It is kept in the
 * page's memory alone, and forgotten with all else when somebody signs out. @throws ApiFailure
 */
export const keyValue = (queryClient: QueryClient, chosen: KeyChoice) => {
  // Of all tries of the query: each may have made the key although its answer was lost.
  const attempt = newAttempt()
  return queryClient.fetchQuery({
    queryKey: cacheKey(chosen),
    queryFn: async () => {
      const isNew = chosen.choice === NEW_KEY
      const { key } = isNew
        ? await makeKey(queryClient, chosen, attempt)
        : await revealKey(Number(chosen.choice))
      return key.startsWith('sk-') ? key : `sk-${key}`
    },
    staleTime: chosen.choice === NEW_KEY ? FRESH_MS : Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  })
}

/** Deleted, rotated, expired or used up: the next question asks for its value, or a new key, again. */
const GONE = /^(key_unknown|key_expired|key_disabled|quota_exhausted)$/

export function forgetIfGone(queryClient: QueryClient, chosen: KeyChoice, failure: ApiFailure) {
  if (GONE.test(failure.code)) queryClient.removeQueries({ queryKey: cacheKey(chosen) })
}

async function makeKey(
  queryClient: QueryClient,
  { name, group }: KeyChoice,
  attempt: Attempt,
): Promise<KeyRecord> {
  const expired_time = attempt.sinceSeconds + LIFE_SECONDS
  const fields = { name, group, remain_quota: UNITS_PER_DOLLAR, expired_time }
  const made = await createKey(fields, attempt)
  void queryClient.invalidateQueries({ queryKey: ['keys'] })
  return made
}
