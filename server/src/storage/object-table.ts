import type { Generated } from 'kysely'

/** What a provider keeps for an account. A channel that issues an id once more means what it issued last. */
export interface ObjectTable {
  id: Generated<number>
  /** As the provider wrote it. */
  object_id: string
  /** One of `objects/objects.ts`. */
  kind: string
  channel_id: number
  /** Which of the channel's keys it was made with: the beginning of its digest; '' = the channel had none. */
  upstream_key: string
  account_id: number
  key_id: number
  /** The most input tokens that a call which names it adds. */
  tokens: number
  /** Of files: what they are for; else ''. */
  purpose: string
  /** Of what can be listed: JSON of what the provider said of it last; else ''. */
  record: string
  created_at: number
  /** From then on nobody finds it; null = the provider keeps it until it is deleted. */
  expires_at: number | null
}
