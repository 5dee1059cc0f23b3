import type { Generated } from 'kysely'

/** The tables of events/, as both databases hold them: see tables.ts. */
export interface EventTables {
  /** What happened; kept for `events.keep_days`. */
  event: {
    id: Generated<number>
    /** What receivers know it by, `evt_...`. Unique. */
    uid: string
    type: string
    /** The JSON that is sent, to the byte. */
    body: string
    created_at: number
  }
  webhook: WebhookTable
  /** One event for one webhook. */
  delivery: {
    id: Generated<number>
    event_id: number
    webhook_id: number
    state: 'waiting' | 'delivered' | 'given_up'
    /** How often it was begun. */
    attempts: number
    /** Who takes it up moves this ahead: until then it is nobody else's, and afterwards anybody's again. */
    due_at_ms: number
    attempted_at: number | null
    /** HTTP status of the last answer; 0 when there was none. */
    status: number
    message: string
  }
  /** What was told and is not told again: once per kind, subject (a row's id or an entity) and value (0 where it has none). */
  event_mark: {
    kind: string
    subject: number
    value: number
    after_entry: number
    created_at: number
  }
}

export interface WebhookTable {
  id: number
  name: string
  url: string
  /** JSON array of event types; `[]` = all. */
  events: string
  /** 1 enabled, 2 disabled. */
  status: number
  /** Sealed for this row. */
  secret: string
  /** The secret before the last rotation, sealed; signs beside the present one until `former_until`. */
  former_secret: string | null
  former_until: number | null
  created_at: number
}
