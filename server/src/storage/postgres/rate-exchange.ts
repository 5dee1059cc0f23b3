import type { Loans } from '../loans.ts'
import type { EntityNews, HeardRates, RateExchange } from '../rate-exchange.ts'
import type { RunArrays } from './ledger-calls.ts'

/** A node's telling as the database keeps it: lists of the same length. */
interface StoredNews extends Omit<HeardRates, 'entities'> {
  readonly entities: readonly number[]
  readonly requests: readonly number[]
  readonly tokens: readonly number[]
  readonly running: readonly number[]
}

/** What `turnpike_exchange_rates` answers. */
interface Answer {
  /** `null`: nothing was told for a minute, or the server crashed and forgot it. */
  readonly newest: number | null
  readonly living: readonly number[]
  readonly heard: readonly StoredNews[]
}

/** The exchange on PostgreSQL: one call of one function, see rate-functions.ts. */
export function createRateExchange(run: RunArrays, loans: Pick<Loans, 'epoch'>): RateExchange {
  // The first epoch names the process for good: what is sent again after a new registration still counts once.
  const node = loans.epoch
  let seen = 0
  return {
    get epoch() {
      return loans.epoch
    },
    async exchange(told) {
      const { turn = null, epoch = loans.epoch, whole = false, entities = [] } = told ?? {}
      const rows = await run('select turnpike_exchange_rates($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
        node,
        seen,
        turn,
        epoch,
        whole,
        ...NAMES.map((name) => arrayOf(entities, name)),
      ])
      // The driver parses JSON, which its type of values does not know.
      const [[answer] = []] = rows
      const { newest, living, heard } = answer as unknown as Answer
      // Not the higher one of both: after a failover the numbers may have gone back.
      seen = newest ?? seen
      return { living, heard: heard.map(toHeard) }
    },
  }
}

const NAMES = ['entity', 'requests', 'tokens', 'running'] as const

const arrayOf = (entities: readonly EntityNews[], name: keyof EntityNews): string =>
  `{${entities.map((one) => one[name]).join(',')}}`

const toHeard = ({ entities, requests, tokens, running, ...rest }: StoredNews): HeardRates => ({
  ...rest,
  entities: entities.map((entity, at) => ({
    entity,
    requests: requests[at] ?? 0,
    tokens: tokens[at] ?? 0,
    running: running[at] ?? 0,
  })),
})
