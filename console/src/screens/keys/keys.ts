import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client.ts'
import type { paths } from '../../api/schema.d.ts'
import type { Attempt } from '../../ui/use-once.ts'
import { PAGE_SIZE, type PagesAsked } from '../../ui/use-pages.ts'

/** How a list can be sorted, and which end comes first. */
export const SORTS = {
  created: 'desc',
  name: 'asc',
  remaining: 'desc',
  used: 'desc',
  last_used: 'desc',
  expires: 'asc',
} as const

export type KeySort = keyof typeof SORTS

/** Which keys, in which order; nothing means all, newest first. */
export interface KeyQuery {
  /** Part of the name. */
  readonly q?: string
  readonly status?: number
  readonly group?: string
  readonly sort?: KeySort
}

/** A page of the account's keys. */
export function fetchKeys(asked: KeyQuery, page: number, signal?: AbortSignal) {
  const { q, status, group, sort = 'created' } = asked
  const query = {
    p: page,
    page_size: PAGE_SIZE,
    sort,
    order: SORTS[sort],
    ...(q !== undefined && { keyword: q }),
    ...(status !== undefined && { status }),
    ...(group !== undefined && { group }),
  }
  return unwrap(
    api.GET('/api/token/search', { params: { query }, ...(signal !== undefined && { signal }) }),
  )
}

export type KeyRecord = Awaited<ReturnType<typeof fetchKeys>>['items'][number]

/** The pages of a list of keys. */
export const keyPages = (query: KeyQuery): PagesAsked<KeyRecord> => ({
  key: ['keys', 'list', query],
  fetchPage: (page, signal) => fetchKeys(query, page, signal),
})

/** All keys that a list shows, whichever page they are on. */
export async function fetchAllKeys(asked: KeyQuery): Promise<readonly KeyRecord[]> {
  const first = await fetchKeys(asked, 1)
  const pages = Math.ceil(first.total / PAGE_SIZE)
  const further = Array.from({ length: Math.max(0, pages - 1) }, (_, at) =>
    fetchKeys(asked, at + 2),
  )
  return [first, ...(await Promise.all(further))].flatMap(({ items }) => items)
}

/** One key. */
export const keyQuery = (id: number) =>
  queryOptions({
    queryKey: ['keys', 'one', id],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/token/{id}', { params: { path: { id } }, signal })),
  })

/** The groups that keys of the account may use, and what each costs. */
export const groupsQuery = queryOptions({
  queryKey: ['groups'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/user/self/groups', { signal })),
})

/** The ids of the models that keys of the account may call. */
export const modelsQuery = queryOptions({
  queryKey: ['ids of own models'],
  async queryFn({ signal }): Promise<readonly string[]> {
    const models = await unwrap(api.GET('/api/user/self/models', { signal }))
    return models.map(({ id }) => id)
  },
})

/** The fields of a key as they are sent. */
export type KeyFields = NonNullable<
  paths['/api/token']['post']['requestBody']
>['content']['application/json']

/** Makes a key. The answer has its value. */
export const createKey = async (body: KeyFields, attempt: Attempt): Promise<KeyRecord> => {
  const headers = { prefer: 'return=representation', 'idempotency-key': attempt.key }
  return (await unwrap(api.POST('/api/token', { body, headers }))) as KeyRecord
}

export const updateKey = (id: number, changed: KeyFields) =>
  unwrap(api.PUT('/api/token', { body: { id, ...changed } }))

export const rotateKey = (id: number, graceSeconds: number, attempt: Attempt) =>
  unwrap(
    api.POST('/api/token/{id}/rotate', {
      params: { path: { id } },
      body: { grace_seconds: graceSeconds },
      headers: { 'idempotency-key': attempt.key },
    }),
  )

/** As programs send it; undefined in the answer to a repeat where the gateway keeps no values. */
export const shownValueOf = ({ key }: KeyRecord): string | undefined =>
  key.includes('*') ? undefined : `sk-${key}`

/** Adds units, or takes them where `delta` is below 0. */
export const changeQuota = (
  id: number,
  change: { readonly delta: number; readonly reason: string },
  attempt: Attempt,
) =>
  unwrap(
    api.POST('/api/token/{id}/quota', {
      params: { path: { id } },
      body: change,
      headers: { 'idempotency-key': attempt.key },
    }),
  )

export const revealKey = (id: number) =>
  unwrap(api.POST('/api/token/{id}/key', { params: { path: { id } } }))

export const checkKey = (id: number, call: { readonly model?: string; readonly ip?: string }) =>
  unwrap(api.POST('/api/token/{id}/check', { params: { path: { id } }, body: call }))

/** The address that this browser calls from. */
export const fetchAddress = async (): Promise<string> =>
  (await unwrap(api.GET('/api/user/self/address'))).address

export const ENABLED = 1
export const DISABLED = 2
export const NEVER = -1

/** Enables or disables keys, however many. Resolves with those that could not be, and why. */
export async function setStatus(ids: readonly number[], status: typeof ENABLED | typeof DISABLED) {
  const answers = await inHundreds(ids, (some) =>
    unwrap(api.PUT('/api/token/batch', { body: { ids: some, status } })),
  )
  return answers.flatMap(({ refused }) => refused)
}

/** Deletes keys for good. `keepalive` also when the page is closed. */
export const deleteKeys = (ids: readonly number[], { keepalive = false } = {}) =>
  inHundreds(ids, (some) =>
    unwrap(api.POST('/api/token/batch', { body: { ids: some }, keepalive })),
  )

/** What a batch of the API takes at most. */
const MOST_IDS = 100

function inHundreds<Answer>(
  ids: readonly number[],
  send: (some: number[]) => Promise<Answer>,
): Promise<Answer[]> {
  const parts = Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, at) =>
    ids.slice(at * MOST_IDS, (at + 1) * MOST_IDS),
  )
  return Promise.all(parts.map(send))
}

/** Whatever shows keys reads them anew. */
export const refreshKeys = (queryClient: QueryClient): Promise<void> =>
  queryClient.invalidateQueries({ queryKey: ['keys'] })
