import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { Sealer } from '../channels/upstream-keys.ts'
import { SealBroken } from '../keys/vault.ts'
import type { WebhookTable } from '../storage/event-tables.ts'
import { statementOf } from '../storage/statement-of.ts'
import { mustChange, type Store } from '../storage/store.ts'
import { createRounds } from '../usage/rounds.ts'
import { pauseAfter } from './backoff.ts'
import { receiverOf } from './receiver.ts'
import { ATTEMPT_MS, type Send, type Sent } from './send.ts'

export interface DeliverParts {
  readonly store: Store
  readonly vault: Pick<Sealer, 'open'>
  readonly send: Send
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** 0 <= x < 1. */
  readonly chance: () => number
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/** Delivers what waits, in rounds of its own. */
export interface Deliveries {
  /** There is something to deliver: looks at once. */
  wake(): void
  /** Ends what is under way; it is left for the next one who looks. */
  close(): Promise<void>
}

/** One delivery that this node has taken up. */
interface Claimed {
  readonly id: number
  readonly webhook_id: number
  readonly attempts: number
  readonly uid: string
  readonly body: string
}

const EVERY_MS = 1_000
/** Attempts at one webhook at a time: one that hangs takes no more than its own places. */
const AT_ONCE = 4
/** Who takes a delivery up has it for so long; then it is dead or stood still, and anybody may have it. */
const LEASE_MS = 3 * ATTEMPT_MS

export function createDeliveries(parts: DeliverParts): Deliveries {
  const { store, now, log } = parts
  const underway = new Map<number, number>()
  const attempts = new Set<Promise<void>>()
  const closing = new AbortController()
  const failed = (error: unknown) =>
    log.warn({ reason: String(error) }, 'events were not delivered; the next round tries again')

  async function round(over: () => boolean): Promise<void> {
    const free = (webhook: number) => AT_ONCE - (underway.get(webhook) ?? 0)
    const due = await dueNow(store, now())
    const wanted = due.filter(({ place, webhook_id }) => place <= free(webhook_id))
    if (wanted.length === 0 || over()) return
    for (const claimed of await claim(
      store,
      wanted.map(({ id }) => id),
      now(),
    )) {
      start(claimed)
    }
  }

  function start(claimed: Claimed): void {
    const { webhook_id: webhook } = claimed
    underway.set(webhook, (underway.get(webhook) ?? 0) + 1)
    const attempt = attemptOne(parts, claimed, closing.signal)
      .catch(failed)
      .finally(() => {
        underway.set(webhook, (underway.get(webhook) ?? 1) - 1)
        attempts.delete(attempt)
        // There may be more for the place that is free now.
        if (!closing.signal.aborted) rounds.run().catch(failed)
      })
    attempts.add(attempt)
  }

  const rounds = createRounds({ everyMs: EVERY_MS, round, failed })
  return {
    wake: () => void rounds.run().catch(failed),
    async close() {
      closing.abort()
      await rounds.close()
      // A store that takes nothing any more must not keep the program from ending.
      await Promise.race([Promise.all(attempts), pause(ATTEMPT_MS, undefined, { ref: false })])
    },
  }
}

interface Due {
  readonly id: number
  readonly webhook_id: number
  /** 1 = the first of its webhook. */
  readonly place: number
}

/** The next few of each webhook, so that a thousand of one that is away stand in nobody's way. */
async function dueNow({ db }: Store, at: number): Promise<readonly Due[]> {
  const { rows } = await sql<Due>`
    select due.id, due.webhook_id, due.place from (
      select id, webhook_id, row_number() over (partition by webhook_id order by due_at_ms, id) as place
      from delivery where state = 'waiting' and due_at_ms <= ${at}
    ) as due join webhook on webhook.id = due.webhook_id
    where webhook.status = 1 and due.place <= ${AT_ONCE}`.execute(db)
  return rows
}

/** Takes up those that nobody else has taken up in between: writes come one after the other, on every node. */
async function claim(store: Store, ids: readonly number[], at: number): Promise<Claimed[]> {
  const { db } = store
  const written = await store.write([
    statementOf(
      db,
      sql`update delivery set due_at_ms = ${at + LEASE_MS}, attempts = attempts + 1
        where id in (${sql.join([...ids])}) and state = 'waiting' and due_at_ms <= ${at} returning id`,
    ),
  ])
  const got = written.done ? (written.rows[0] ?? []).map(({ id }) => Number(id)) : []
  if (got.length === 0) return []
  return db
    .selectFrom('delivery')
    .innerJoin('event', 'event.id', 'delivery.event_id')
    .select(['delivery.id', 'delivery.webhook_id', 'delivery.attempts', 'event.uid', 'event.body'])
    .where('delivery.id', 'in', got)
    .execute()
}

async function attemptOne(parts: DeliverParts, claimed: Claimed, signal: AbortSignal) {
  const { store, vault, send, now } = parts
  const webhook = await store.db
    .selectFrom('webhook')
    .selectAll()
    .where('id', '=', claimed.webhook_id)
    .executeTakeFirst()
  if (webhook === undefined) return
  const to = openedOrNot(vault, webhook, now())
  const sent =
    to === undefined ? SEALED : await send(to, { id: claimed.uid, body: claimed.body }, signal)
  await note(parts, claimed, signal.aborted && !sent.ok ? undefined : sent)
}

const SEALED: Sent = {
  ...{ ok: false, status: 0, latencyMs: 0 },
  message: 'the secret of the webhook does not open: rotate it',
}

/** `undefined`: somebody changed the row, or it came from elsewhere. Rotating mends it, so it is no reason to give up. */
function openedOrNot(vault: Pick<Sealer, 'open'>, webhook: WebhookTable, at: number) {
  try {
    return receiverOf(vault, webhook, at)
  } catch (error) {
    if (error instanceof SealBroken) return undefined
    throw error
  }
}

/** Writes down what became of an attempt; `undefined`: it was broken off, and is begun again. */
async function note(
  { store, now, chance, log }: DeliverParts,
  { id, uid, webhook_id, attempts }: Claimed,
  sent: Sent | undefined,
): Promise<void> {
  const wait = sent === undefined ? 0 : pauseAfter(attempts, chance())
  const state = sent?.ok === true ? 'delivered' : wait === undefined ? 'given_up' : 'waiting'
  const { status, message } = sent ?? { status: 0, message: 'the gateway stopped' }
  const at = now()
  const noted = store.db
    .updateTable('delivery')
    .set({
      state,
      status,
      message,
      attempted_at: Math.floor(at / 1000),
      due_at_ms: at + (wait ?? 0),
    })
    .where('id', '=', id)
    // Whoever took it up since knows better.
    .where('attempts', '=', attempts)
    .where('state', '=', 'waiting')
  const where = { webhook: webhook_id, event_id: uid, attempts, status }
  const written = await store.write([mustChange(noted)])
  if (!written.done || sent === undefined) return
  if (state === 'delivered') log.info(where, 'an event was delivered')
  else if (state === 'given_up')
    log.warn({ ...where, message }, 'an event could not be delivered and was given up')
  else
    log.warn(
      { ...where, message, seconds: Math.round((wait ?? 0) / 1000) },
      'an event could not be delivered; it is tried again',
    )
}
