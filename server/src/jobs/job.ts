import type { Entity } from '../ledger/entity.ts'
import type { ModelPrice } from '../prices/kinds.ts'
import type { JobTable } from '../storage/job-table.ts'
import type { Called } from '../usage/corrections.ts'

/** What goes on when its caller has had an answer. */
export const JOB_KINDS = ['video', 'response', 'batch'] as const
export type JobKind = (typeof JOB_KINDS)[number]

/**
 * How a job ended. `gone`: its provider knows it no more; `abandoned`: its channel was deleted; `unheard`: nobody said for
 * too long what became of it; `lost`: it was asked for, and the answer with its id never came to be known.
 */
export const JOB_ENDS = [
  'completed',
  'failed',
  'cancelled',
  'expired',
  'gone',
  'abandoned',
  'unheard',
  'lost',
] as const
export type JobEnd = (typeof JOB_ENDS)[number]
/** Ends after which the charge stands, since nobody can say more of it. */
export type JobUnknown = Extract<JobEnd, 'gone' | 'abandoned' | 'unheard' | 'lost'>

/** The price that a job was admitted with. */
export interface AdmittedPrice {
  readonly price: ModelPrice
  readonly ratio: string
}

/** Where a job runs, what it is charged by, and what it is charged until it is known what it cost. */
export interface JobTerms {
  readonly channelId: number
  /** As `upstreamKeyMark` says it; '' while nobody knows. */
  readonly upstreamKey: string
  /** As the provider wrote it; '' = nobody has heard it yet. */
  readonly objectId: string
  readonly model: string
  readonly group: string
  /** `undefined`: it costs nothing. */
  readonly price: AdmittedPrice | undefined
  /** Units. */
  readonly estimate: number
}

/** A job before anybody was asked for it. */
export interface NewJob extends JobTerms {
  readonly requestId: string
  readonly kind: JobKind
  readonly accountId: number
  readonly keyId: number
  /** Finite balances that pay, accounts and budgets before keys. */
  readonly payers: readonly Entity[]
  /** What was asked for, by its kind: JSON. */
  readonly asked: string
}

/** What the usage record of the call that began a job says besides its charge. */
export interface JobCalled extends Called {
  /** Units. */
  readonly shortfall: number
  /** Its client was told that it failed: it costs nothing, whatever became of the job. */
  readonly renounced?: boolean
}

export interface Job extends NewJob {
  readonly id: number
  readonly state: 'running' | JobEnd
  /** Units that its usage record charges; `undefined`: nobody has looked there, or there is none. */
  readonly charged: number | undefined
  /** What else was seen there. */
  readonly called: JobCalled | undefined
  /** Units; `undefined` while it runs. */
  readonly cost: number | undefined
  readonly correction: number | undefined
  readonly shortfall: number
  readonly createdAtMs: number
  /** `undefined`: it has ended. */
  readonly dueAtMs: number | undefined
}

export type JobRow = Omit<JobTable, 'id'> & { readonly id: number }

export const readJob = (row: JobRow): Job => ({
  id: row.id,
  requestId: row.request_id,
  // Both are written by this room alone.
  kind: row.kind as JobKind,
  state: row.state as Job['state'],
  accountId: row.account_id,
  keyId: row.key_id,
  channelId: row.channel_id,
  upstreamKey: row.upstream_key,
  objectId: row.object_id,
  model: row.model,
  group: row.group_name,
  price: row.price === '' ? undefined : JSON.parse(row.price),
  payers: JSON.parse(row.payers),
  estimate: row.estimate,
  asked: row.asked,
  charged: row.charged ?? undefined,
  called: row.called === '' ? undefined : JSON.parse(row.called),
  cost: row.cost ?? undefined,
  correction: row.correction ?? undefined,
  shortfall: row.shortfall,
  createdAtMs: row.created_at_ms,
  dueAtMs: row.due_at_ms ?? undefined,
})

/** The columns of what becomes known of a job with the answer. */
export const termsRow = (terms: JobTerms) => ({
  object_id: terms.objectId,
  channel_id: terms.channelId,
  upstream_key: terms.upstreamKey,
  model: terms.model,
  group_name: terms.group,
  price: terms.price === undefined ? '' : JSON.stringify(terms.price),
  estimate: terms.estimate,
})
