import type { Asked } from './ask.ts'
import { type Asker, type Askers, DAY, one, type Question, query, question } from './question.ts'

const HOUR = 3_600
/** For all of its questions at once; each alone has the goal of every question. */
const AT_ONCE_GOAL_MS = 100

/** The times that the console's overview offers, with the step that it draws them in. */
const PERIODS = [
  { name: '24 hours', seconds: DAY, step: HOUR, interval: 'hour' },
  { name: '7 days', seconds: 7 * DAY, step: DAY, interval: 'day' },
  { name: '30 days', seconds: 30 * DAY, step: DAY, interval: 'day' },
  { name: '30 days by the hour', seconds: 30 * DAY, step: DAY, interval: 'hour' },
] as const
type Period = (typeof PERIODS)[number]

/**
 * What the console's overview asks for an account, and the same of all accounts. Its times end now: here when the last records
 * were made, a little earlier each time.
 */
export function aboutOverview({ admin, large, others, extent }: Askers): Question[] {
  const end = Math.floor(extent.endMs / 1000)
  const of = (paths: Paths, authorizations: readonly string[]) =>
    PERIODS.flatMap((period) => {
      const asks = asked(paths, period)
      const at = (n: number, ask: (typeof asks)[string]) =>
        ask(end - n * 60).map((path): Asked => ({ path, authorization: one(authorizations, n) }))
      const name = (part: string) => `overview of ${paths.name}, ${period.name}: ${part}`
      return [
        ...Object.entries(asks).map(([part, ask]) => question(name(part), (n) => at(n, ask))),
        question(name('all at once'), (n) => Object.values(asks).flatMap((ask) => at(n, ask)), {
          goalMs: AT_ONCE_GOAL_MS,
        }),
      ]
    })
  const tokens = (askers: readonly Asker[]) => askers.map(({ token }) => token)
  return [
    ...of({ name: 'the large account', ...SELF }, tokens([large])),
    ...of({ name: 'other accounts', ...SELF }, tokens(others)),
    ...of({ name: 'all', stat: '/api/log/stat', data: '/api/data/', more: [] }, [admin]),
  ]
}

interface Paths {
  readonly name: string
  readonly stat: string
  readonly data: string
  /** What there is of single accounts alone. */
  readonly more: readonly ('balance' | 'latency')[]
}
const SELF = {
  ...{ stat: '/api/log/self/stat', data: '/api/data/self' },
  more: ['balance', 'latency'],
} as const

/** The paths of each question of a period that ends at `until`. */
function asked(
  { stat, data, more }: Paths,
  { seconds, step, interval }: Period,
): Readonly<Record<string, (until: number) => readonly string[]>> {
  const times = (until: number) => ({
    start_timestamp: Math.floor(until / step) * step - seconds + step,
    end_timestamp: until,
  })
  const series =
    (by: string, more = {}) =>
    (until: number) => [query(data, { ...times(until), by, interval, ...more })]
  const own = {
    balance: () => ['/api/user/self'],
    latency: (until: number) => [query('/api/log/self/latency', times(until))],
  }
  return {
    totals: (until) => [query(stat, times(until)), query(stat, times(until - seconds))],
    ...Object.fromEntries(more.map((name) => [name, own[name]])),
    'by model': series('model'),
    'by group': series('group'),
    'by key': series('key', { top: 6 }),
  }
}
