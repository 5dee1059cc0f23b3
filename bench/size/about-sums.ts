import {
  type Askers,
  DAY,
  filters,
  GOOD,
  one,
  pick,
  type Question,
  query,
  question,
  untold,
} from './question.ts'

export function aboutSums({ admin, large, others, extent }: Askers): Question[] {
  const asked: Question[] = []
  const usual = filters(large, extent)
  for (const name of [
    'none',
    'one day',
    '30 days',
    'token_id',
    'token_name',
    'model_name',
    'model and group',
    'token_id and model',
  ] as const) {
    asked.push(
      question(`totals of an account: ${name}`, (n) => ({
        path: query('/api/log/self/stat', usual[name](n)),
        authorization: large.token,
      })),
      question(`totals of all: ${name}`, (n) => ({
        path: query('/api/log/stat', usual[name](n)),
        authorization: admin,
      })),
    )
  }
  for (const by of ['model', 'key', 'group'])
    for (const [interval, days] of [
      ['hour', 1],
      ['day', 30],
      ['hour', 30],
    ] as const)
      asked.push(...charts({ admin, large, others, extent }, { by, interval, days }))
  return asked
}

interface Chart {
  readonly by: string
  readonly interval: 'hour' | 'day'
  readonly days: number
}

function charts(
  { admin, large, others, extent }: Pick<Askers, 'admin' | 'large' | 'others' | 'extent'>,
  { by, interval, days }: Chart,
): Question[] {
  const end = Math.floor(extent.endMs / 1000)
  const words = (n: number) => {
    const until = end - pick(n, 2_870_177_450, 100) * DAY
    return { by, interval, start_timestamp: until - days * DAY, end_timestamp: until }
  }
  const name = `chart by ${by}, ${days} days by ${interval}`
  const byKey = by === 'key'
  // A chart of more keys than it can show is refused; how soon depends on how many there are.
  const expects = byKey ? /^\{"success":true|more than 20000 points/ : GOOD
  const few = byKey ? others.filter(({ keys }) => keys <= 1_000) : others
  const asked = [
    question(
      `${name}: large account`,
      (n) => ({ path: query('/api/data/self', words(n)), authorization: large.token }),
      { expects },
    ),
    question(
      `${name}: all`,
      (n) => ({ path: query('/api/data/', words(n)), authorization: admin }),
      { expects },
    ),
  ]
  return [
    ...(byKey ? asked.map(untold) : asked),
    question(`${name}: other accounts${byKey ? ', up to 1000 keys' : ''}`, (n) => ({
      path: query('/api/data/self', words(n)),
      authorization: one(few, n).token,
    })),
  ]
}
