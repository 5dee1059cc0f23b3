import type { Logger } from 'pino'
import { upstreamKeyMark } from '../../channels/upstream-keys.ts'
import type { JobAsked } from '../../dialects/dialect.ts'
import { Refused } from '../../errors.ts'
import type { AdmittedPrice, JobTerms } from '../../jobs/job.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import type { Entity } from '../../ledger/entity.ts'
import type { Payers } from '../../ledger/ledger.ts'
import type { Settings } from '../../settings/settings.ts'
import { ClientLeft } from '../client-left.ts'
import type { BegunJob, Client, JobPlace, Offer, Reserved } from '../values.ts'
import { askedOf } from './cost.ts'
import { fixedCost } from './fixed-cost.ts'

export interface BeginParts {
  readonly jobs: Pick<Jobs, 'begin' | 'began' | 'drop'>
  readonly settings: Pick<Settings, 'get'>
  readonly log: Pick<Logger, 'error'>
}

/** Beyond the longest time that a call may take. */
const GRACE_MS = 600_000

/**
 * Writes down a job before anybody is asked for it, so that none is unknown that a provider has begun: whatever happens
 * then, it is charged. From here on the call does not end because its caller leaves, until the id of the job is known.
 * @throws Refused `ledger_unavailable` where it can't be written.
 */
export function createBegin({ jobs, settings, log }: BeginParts) {
  return async function begin(reserved: Reserved): Promise<Reserved> {
    const { call, key, reservation, offers } = reserved
    // What it needs may have taken its time. Nothing has begun yet.
    if (call.client.left) throw new ClientLeft()
    const asked = call.parsed.job as JobAsked
    const terms = { ...termsOf(reserved, offers[0]), channelId: 0, upstreamKey: '', objectId: '' }
    const job = {
      ...terms,
      requestId: call.id,
      kind: asked.kind,
      accountId: key.accountId,
      keyId: key.id,
      payers: finiteOf(reservation.payers),
      asked: askedOf(reserved),
    }
    const failed = (error: unknown) =>
      log.error({ request: call.id, error }, 'what became of a job could not be noted')
    try {
      await jobs.begin(job, settings.get('timeouts.total_ms') + GRACE_MS)
    } catch (error) {
      failed(error)
      // It may have been written all the same, and nobody will be asked: what stays would be charged.
      jobs.drop(call.id).catch(failed)
      throw new Refused('ledger_unavailable', 'what this call begins cannot be noted now')
    }
    const client = new StayingClient(call.client)
    const begun = begunJob({ jobs, failed }, reserved, () => client.mayLeave())
    return { ...reserved, call: { ...call, client }, job: begun }
  }
}

interface BegunParts {
  readonly jobs: Pick<Jobs, 'began' | 'drop'>
  readonly failed: (error: unknown) => void
}

function begunJob({ jobs, failed }: BegunParts, reserved: Reserved, then: () => void): BegunJob {
  const { id: requestId } = reserved.call
  let naming: Promise<void> | undefined
  return {
    named(id, place) {
      if (naming === undefined) {
        naming = jobs.began(requestId, namedTerms(reserved, id, place))
        naming.catch(failed)
        then()
      }
      return naming
    },
    drop: () => (naming === undefined ? jobs.drop(requestId).catch(failed) : Promise.resolve()),
  }
}

const namedTerms = (
  reserved: Reserved,
  objectId: string,
  { channel, keyAt, offer }: JobPlace,
): JobTerms => ({
  ...termsOf(reserved, channel.free ? { ...offer, price: undefined } : offer),
  objectId,
  channelId: channel.id,
  upstreamKey: upstreamKeyMark(channel.authorization, keyAt),
})

/** What it is charged by where it is served by this offer. */
function termsOf(
  { call, reservation }: Reserved,
  { model, group, price }: Pick<Offer, 'model' | 'group' | 'price'>,
): Pick<JobTerms, 'model' | 'group' | 'price' | 'estimate'> {
  if (price === undefined) return { model, group, price: undefined, estimate: 0 }
  const admitted: AdmittedPrice = { price: price.price, ratio: price.ratio }
  const fixed = fixedCost(price, call.parsed.job as JobAsked)
  return { model, group, price: admitted, estimate: fixed ?? reservation.amount }
}

/** Whose balances are charged, in the order in which all lock them. */
function finiteOf(payers: Payers): readonly Entity[] {
  const finite: Entity[] = payers.accountUnlimited ? [] : [payers.account]
  finite.push(...payers.budgets)
  if (!payers.keyUnlimited) finite.push(payers.key)
  return finite
}

/** A caller that is taken to be there until it may leave. */
class StayingClient implements Client {
  readonly #client: Client
  #stays = true
  #listener: (() => void) | undefined

  constructor(client: Client) {
    this.#client = client
    client.onLeave(() => {
      if (!this.#stays) this.#listener?.()
    })
  }

  get response() {
    return this.#client.response
  }

  get headers() {
    return this.#client.headers
  }

  get left(): boolean {
    return !this.#stays && this.#client.left
  }

  onLeave(listener: () => void) {
    this.#listener = listener
  }

  mayLeave() {
    this.#stays = false
    if (this.#client.left) this.#listener?.()
  }
}
