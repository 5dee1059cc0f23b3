import type { Expression } from 'kysely'
import { Refused } from '../errors.ts'
import type { Compilable } from '../storage/store.ts'
import type { Answer, Asked, IdempotencyClaim } from './operation.ts'
import type { Rooms } from './rooms.ts'

const REMEMBERED_SECONDS = 24 * 60 * 60

/** What to remember of the first call: an id, or a number that the write itself computes (`select remain ...`). */
export type Result = number | null | Expression<number>

export interface Work {
  /** Does it. What `remember` returns goes into the same `store.write`, so that a failure is never remembered. */
  first(remember: (result: Result) => readonly Compilable[]): Promise<Answer>
  /** Answers as the first call did, from what was remembered of it. */
  again(result: number | null): Promise<Answer>
}

/** Does the work of a call at most once for its `Idempotency-Key`; without one, every time. */
export type Once = (asked: Asked, work: Work) => Promise<Answer>

/**
 * Makes the gate for repeated calls. Twins that run at the same time wait for each other here, because the second
 * could not see the first one's row before it commits.
 */
export function createOnce(rooms: Pick<Rooms, 'store' | 'now'>): Once {
  const running = new Map<string, Promise<unknown>>()

  return async function once(asked, work) {
    const claim = asked.idempotency
    if (claim === undefined) return work.first(() => [])
    const { accountId } = asked.caller
    const name = JSON.stringify([accountId, claim.route, claim.key])
    // A loop, because of three twins two are woken at once.
    for (let ahead = running.get(name); ahead !== undefined; ahead = running.get(name)) {
      await ahead.catch(() => undefined)
    }
    const attempt = attemptOnce(rooms, { accountId, claim }, work)
    running.set(name, attempt)
    try {
      return await attempt
    } finally {
      running.delete(name)
    }
  }
}

interface Claimed {
  readonly accountId: number
  readonly claim: IdempotencyClaim
}

async function attemptOnce(
  rooms: Pick<Rooms, 'store' | 'now'>,
  claimed: Claimed,
  work: Work,
): Promise<Answer> {
  const { accountId, claim } = claimed
  const oldest = Math.floor(rooms.now() / 1000) - REMEMBERED_SECONDS
  const earlier = await rooms.store.db
    .selectFrom('idempotency')
    .select(['fingerprint', 'result_id'])
    .where('account_id', '=', accountId)
    .where('route', '=', claim.route)
    .where('key', '=', claim.key)
    .where('created_at', '>', oldest)
    .executeTakeFirst()
  if (earlier === undefined) {
    return work.first((result) => rememberStatements(rooms, claimed, result))
  }
  if (earlier.fingerprint !== claim.fingerprint) throw new Refused('idempotency_conflict')
  return work.again(earlier.result_id)
}

/** Forgets what is older than a day, then notes this call. */
function rememberStatements(
  { store, now }: Pick<Rooms, 'store' | 'now'>,
  { accountId, claim }: Claimed,
  result: Result,
): readonly Compilable[] {
  const second = Math.floor(now() / 1000)
  return [
    store.db.deleteFrom('idempotency').where('created_at', '<=', second - REMEMBERED_SECONDS),
    store.db.insertInto('idempotency').values({
      account_id: accountId,
      route: claim.route,
      key: claim.key,
      fingerprint: claim.fingerprint,
      result_id: result,
      created_at: second,
    }),
  ]
}
