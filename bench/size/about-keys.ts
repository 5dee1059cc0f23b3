import {
  type Askers,
  one,
  pick,
  type Question,
  query,
  question,
  untold,
  type Words,
} from './question.ts'
import { nameOf } from './seed.ts'

export function aboutKeys({ large, others, largeKeys }: Askers): Question[] {
  const pages = Math.floor(large.keys / 20)
  const list = (p: number) => ({ path: `/api/token/?p=${p}`, authorization: large.token })
  const search = (words: Words, asker = large) => ({
    path: query('/api/token/search', words),
    authorization: asker.token,
  })
  const part = (n: number) => nameOf(pick(n, 2_246_822_519, large.keys * 2 - 10)).slice(-12)
  return [
    question('keys: first pages', (n) => list(1 + (n % 5))),
    question('keys: middle pages', (n) => list(Math.floor(pages / 2) + n)),
    question('keys: last pages', (n) => list(pages - (n % 5))),
    question('keys: first page, other accounts', (n) => ({
      path: '/api/token/',
      authorization: one(others, n).token,
    })),
    question('keys: one record', (n) => ({
      path: `/api/token/${one(largeKeys, n)}`,
      authorization: large.token,
    })),
    question('key search: part of a name', (n) => search({ keyword: part(n) })),
    question('key search: part of a name, page 2', (n) =>
      search({ keyword: part(n).slice(0, -2), p: 2 }),
    ),
    question('key search: part of a name, other accounts', (n) =>
      search({ keyword: one(['checkout 1', 'Zürich', 'nightly', '東京'], n) }, one(others, n)),
    ),
    untold(
      question('key search: part of every ninth name', (n) =>
        search({ keyword: one(['東京', 'Zürich', 'search'], n) }),
      ),
    ),
    untold(
      question('key search: two letters', (n) => search({ keyword: one(['zz', '9 ', 'é '], n) })),
    ),
    question('key search: last four characters', (n) =>
      search({ token: one([large, ...others], n).keyValue.slice(-4) }),
    ),
    question('key search: whole key', (n) => {
      const asker = one([large, ...others], n)
      return search({ token: asker.keyValue }, asker)
    }),
  ]
}
