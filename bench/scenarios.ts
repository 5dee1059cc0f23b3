/** What is asked in each scenario, of the plain proxy and of the gateway alike. */

export interface Scenario {
  readonly name: string
  /** Which answer the upstream gives. */
  readonly answer: 'small' | 'large' | 'stream'
  readonly body: string
  /** Which keys are sent: one that may, unknown ones, or 100 000 different ones that may. */
  readonly keys: 'one' | 'refused' | 'many'
  /** The most that the gateway may cost, as a multiple of what `against` costs. */
  readonly goal: { readonly times: number; readonly against: 'plain' | 'served' } | undefined
}

const asking = (bytes: number, more: object = {}) => {
  const make = (content: string) =>
    JSON.stringify({
      model: 'bench-0',
      messages: [{ role: 'user', content }],
      max_tokens: 64,
      ...more,
    })
  return make('lorem ipsum '.repeat(bytes).slice(0, bytes - make('').length))
}

const small = asking(1024)
const streaming = asking(1024, { stream: true, stream_options: { include_usage: true } })

export const SCENARIOS: readonly Scenario[] = [
  {
    name: '1 KB plain',
    answer: 'small',
    body: small,
    keys: 'one',
    goal: { times: 1.8, against: 'plain' },
  },
  {
    name: '100 KB plain',
    answer: 'large',
    body: asking(100 * 1024),
    keys: 'one',
    goal: { times: 1.2, against: 'plain' },
  },
  {
    name: 'stream of 100 events',
    answer: 'stream',
    body: streaming,
    keys: 'one',
    goal: { times: 1.4, against: 'plain' },
  },
  {
    name: 'refused keys',
    answer: 'small',
    body: small,
    keys: 'refused',
    goal: { times: 1 / 3, against: 'served' },
  },
  { name: '100 000 different keys', answer: 'small', body: small, keys: 'many', goal: undefined },
]
