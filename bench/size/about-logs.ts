import { writeCursor } from '../../server/src/usage/logs.ts'
import {
  type Askers,
  filters,
  one,
  pick,
  type Question,
  query,
  question,
  type Words,
} from './question.ts'
import { CHANNELS, MODELS } from './records.ts'

export const aboutLogs = (askers: Askers): Question[] => [
  ...byFilters(askers),
  ...ofAll(askers),
  ...ofAccounts(askers),
]

function byFilters({ admin, large, extent }: Askers): Question[] {
  const asked: Question[] = []
  for (const [name, words] of Object.entries(filters(large, extent))) {
    asked.push(
      question(`logs of an account: ${name}`, (n) => ({
        path: query('/api/log/self', words(n)),
        authorization: large.token,
      })),
      question(`logs of all: ${name}`, (n) => ({
        path: query('/api/log/', words(n)),
        authorization: admin,
      })),
    )
  }
  return asked
}

/** A place anywhere in the records. */
const cursorIn = ({ beginMs, endMs }: Askers['extent'], n: number) =>
  writeCursor({ createdAtMs: beginMs + pick(n, 374_761_393, endMs - beginMs), id: 1 })
/** A page anywhere. */
const pageIn = ({ records }: Askers['extent'], n: number) =>
  1 + pick(n, 374_761_393, Math.floor(records / 20))

function ofAll({ admin, extent }: Askers): Question[] {
  const all = (words: (n: number) => Words) => (n: number) => ({
    path: query('/api/log/', words(n)),
    authorization: admin,
  })
  return [
    question(
      'logs of all: username',
      all((n) => ({ username: one(['large', 'account-3'], n) })),
    ),
    question(
      'logs of all: channel',
      all((n) => ({ channel: 1 + (n % CHANNELS) })),
    ),
    question(
      'logs of all: channel, username and 429',
      all((n) => ({ channel: 1 + (n % CHANNELS), username: 'account-1', status: 429 })),
    ),
    question(
      'logs of all: cursor',
      all((n) => ({ cursor: cursorIn(extent, n) })),
    ),
    question(
      'logs of all: cursor and model',
      all((n) => ({ cursor: cursorIn(extent, n), model_name: one(MODELS, n) })),
    ),
    question(
      'logs of all: any page',
      all((n) => ({ p: pageIn(extent, n) })),
    ),
    question(
      'logs of all: any page of a model',
      all((n) => ({ p: Math.ceil(pageIn(extent, n) / 100), model_name: one(MODELS, n) })),
    ),
    question(
      'logs of all: CSV, until it begins',
      (n) => ({ ...all(() => ({ format: 'csv', model_name: one(MODELS, n) }))(n), begun: true }),
      { expects: /^id,/ },
    ),
  ]
}

function ofAccounts({ large, others, extent }: Askers): Question[] {
  return [
    question('logs of an account: cursor', (n) => ({
      path: query('/api/log/self', { cursor: cursorIn(extent, n) }),
      authorization: large.token,
    })),
    question('logs of an account: any page', (n) => ({
      path: query('/api/log/self', { p: Math.ceil(pageIn(extent, n) / 2.1) }),
      authorization: large.token,
    })),
    question('logs of other accounts: no filter, and each model', (n) => ({
      path: query('/api/log/self', n % 2 === 0 ? {} : { model_name: one(MODELS, n) }),
      authorization: one(others, n).token,
    })),
    question('logs of the key that asks', (n) => ({
      path: '/api/log/token',
      authorization: `Bearer ${one([large, ...others], n).keyValue}`,
    })),
  ]
}
