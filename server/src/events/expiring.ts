import { sql } from 'kysely'
import { createRounds, type Rounds } from '../usage/rounds.ts'
import type { LookParts } from './balance-looks.ts'
import { isFirstNode } from './first-node.ts'
import { markStatement, tellOnce } from './marks.ts'

export interface ExpiringParts extends LookParts {
  /** Told when a round failed; the next one tries again. */
  readonly failed: (error: unknown) => void
}

interface Expiring {
  readonly id: number
  readonly name: string
  readonly account_id: number
  readonly username: string
  readonly expired_time: number
}

const EVERY_MS = 5_000
const KEYS_A_LOOK = 500
const DAY_SECONDS = 86_400

/** Starts the rounds that tell of keys which expire soon. */
export function followExpiry(parts: ExpiringParts): Rounds {
  const { store, failed } = parts
  async function round(over: () => boolean): Promise<void> {
    if (!(await isFirstNode(store))) return
    for (;;) {
      const keys = await expiringSoon(parts)
      for (const key of keys) if (!over()) await tell(parts, key)
      if (keys.length < KEYS_A_LOOK || over()) return
    }
  }
  return createRounds({ everyMs: EVERY_MS, round, failed })
}

async function expiringSoon({ store, settings, now }: LookParts): Promise<readonly Expiring[]> {
  const days = settings.get('events.expiring_days')
  if (days === 0) return []
  const at = Math.floor(now() / 1000)
  const { rows } = await sql<Expiring>`
    select key.id, key.name, key.account_id, account.username, key.expired_time
    from key join account on account.id = key.account_id
    where key.expired_time > 0 and key.deleted_at is null and key.status = 1
      and key.expired_time > ${at} and key.expired_time <= ${at + days * DAY_SECONDS}
      and not exists (
        select 1 from event_mark
        where kind = 'key.expiring' and subject = key.id and value = key.expired_time
      )
    order by key.expired_time limit ${KEYS_A_LOOK}`.execute(store.db)
  return rows
}

async function tell({ store, events, now }: LookParts, key: Expiring): Promise<void> {
  const { id, name, account_id, username } = key
  const expiresAt = Number(key.expired_time)
  const facts = { key_id: id, key_name: name, account_id, username, expires_at: expiresAt }
  await tellOnce(
    store,
    markStatement(store, { kind: 'key.expiring', subject: id, value: expiresAt }, now()),
    events.prepare('key.expiring', facts),
  )
}
