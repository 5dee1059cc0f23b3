import { type Asker, type Askers, DAY, one, type Question, query, question } from './question.ts'

export function aboutTheRest({ admin, large, others, extent }: Askers): Question[] {
  const date = (n: number) => new Date(extent.endMs - n * DAY * 1000).toISOString().slice(0, 10)
  const usual = others.filter(({ keys }) => keys <= 1_000)
  const balance = (asker: Asker, n: number) => ({
    path: query('/user/quota', { start_date: date(30 + (n % 60)), end_date: date(n % 60) }),
    authorization: `Bearer ${asker.keyValue}`,
  })
  const asAdmin = (path: string) => ({ path, authorization: admin })
  const codes = Math.floor(extent.keys / 10 / 20)
  return [
    question('balance with 30 days, up to 1000 keys', (n) => balance(one(usual, n), n), {
      expects: /"daily_quota"/,
    }),
    question(
      'usage of the key that asks',
      (n) => ({
        path: '/api/usage/token',
        authorization: `Bearer ${one([large, ...others], n).keyValue}`,
      }),
      { expects: /"token_usage"/ },
    ),
    question('audit: first pages', (n) => asAdmin(`/api/audit/?p=${1 + (n % 5)}`)),
    question('audit: page 2000', (n) => asAdmin(`/api/audit/?p=${2000 + n}`)),
    question('audit: by subject', (n) =>
      asAdmin(query('/api/audit/', { subject: `key ${1000 + n}` })),
    ),
    question('audit: by action', (n) =>
      asAdmin(query('/api/audit/', { action: 'key.update', p: 1 + n })),
    ),
    question('audit: by actor and time', (n) =>
      asAdmin(
        query('/api/audit/', {
          actor_id: extent.firstAccount,
          end_timestamp: Math.floor(extent.endMs / 1000) - n * DAY,
        }),
      ),
    ),
    question('redeem codes: first pages', (n) => asAdmin(`/api/redemption/?p=${1 + (n % 5)}`)),
    question('redeem codes: last pages', (n) => asAdmin(`/api/redemption/?p=${codes - (n % 5)}`)),
    question('accounts', (n) => asAdmin(`/api/user/?p=${1 + (n % 5)}&page_size=100`)),
  ]
}
