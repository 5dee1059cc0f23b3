import Type from 'typebox'
import type { UsageFilter } from '../../usage/filter.ts'
import { withKnownKeys } from '../../usage/known-names.ts'
import { totalsOf } from '../../usage/totals.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { adminFilterOf, adminQuery, filterOf, logQuery } from './wire.ts'

/** The sums of any set of calls, as the API shows them. */
export const totals = {
  requests: Type.Integer(),
  failed: Type.Integer({ description: 'Calls that were not answered with success.' }),
  quota: Type.Integer(),
  shortfall: Type.Integer(),
  prompt_tokens: Type.Integer(),
  completion_tokens: Type.Integer(),
}
const stat = Type.Object({
  ...totals,
  rpm: Type.Integer({ description: 'Requests of the last 60 seconds.' }),
  tpm: Type.Integer({ description: 'Tokens of the last 60 seconds.' }),
})
const MINUTE_MS = 60_000

/** `GET /api/log/self/stat`: what the account's calls cost. */
export const statOfOwnLogs = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/log/self/stat',
    scope: 'usage:read',
    tag: 'Usage',
    summary: 'Sums over own usage records',
    query: Type.Object(logQuery),
    data: stat,
    run: async ({ caller, query }) => ({
      data: await statOf(rooms, { ...filterOf(query), accounts: [caller.accountId] }),
    }),
  })

/** `GET /api/log/stat`: what everybody's calls cost. */
export const statOfLogs = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/log/stat',
    scope: 'admin',
    tag: 'Usage',
    summary: 'Sums over the usage records of all accounts',
    query: Type.Object({ ...logQuery, ...adminQuery }),
    data: stat,
    run: async ({ query }) => ({ data: await statOf(rooms, await adminFilterOf(rooms, query)) }),
  })

async function statOf({ store, now }: Rooms, asked: UsageFilter) {
  const filter = await withKnownKeys(store.db, asked)
  const { from: _from, until: _until, ...whatever } = filter
  const [all, lately] = await Promise.all([
    totalsOf(store.db, filter),
    totalsOf(store.db, { ...whatever, from: now() - MINUTE_MS }),
  ])
  return { ...all, rpm: lately.requests, tpm: lately.prompt_tokens + lately.completion_tokens }
}
