import type { Asked } from './ask.ts'
import type { Extent } from './extent.ts'
import { GROUPS, MODELS } from './records.ts'

export interface Question {
  readonly name: string
  readonly goalMs: number | undefined
  /** What the answer must hold to be one. */
  readonly expects: RegExp
  /** Several are asked at once, as by a page. */
  ask(n: number): Asked | readonly Asked[]
}

/** An account that asks: how many keys it has, its token, and one of its keys with its id and value. */
export interface Asker {
  readonly keys: number
  readonly token: string
  readonly keyId: number
  readonly keyName: string
  readonly keyValue: string
}

export interface Askers {
  readonly admin: string
  /** The account with half of everything. */
  readonly large: Asker
  readonly others: readonly Asker[]
  /** The ids of all keys that live and belong to the large account, some of them. */
  readonly largeKeys: readonly number[]
  readonly extent: Extent
}

const GOAL_MS = 20
export const DAY = 86_400
export const GOOD = /^\{"success":true/

/** Another number for each question and round, the same in every run. */
export const pick = (n: number, mix: number, below: number): number =>
  Math.floor(((((n + 1) * mix) % 4_294_967_291) / 4_294_967_291) * below)

export const one = <T>(list: readonly T[], n: number): T => list[n % list.length] as T

export const query = (path: string, words: Readonly<Record<string, string | number>>) => {
  const text = new URLSearchParams(
    Object.entries(words).map(([name, value]) => [name, String(value)]),
  )
  return `${path}?${text}`
}

export type Words = Readonly<Record<string, string | number>>

export const question = (
  name: string,
  ask: Question['ask'],
  { goalMs = GOAL_MS, expects = GOOD }: { goalMs?: number | undefined; expects?: RegExp } = {},
): Question => ({ name, goalMs, expects, ask })

/** For figures that are told, and judged by nobody. */
export const untold = (one: Question): Question => ({ ...one, goalMs: undefined })

/** Filters as they are asked for, with how they are called. */
export function filters(asker: Asker, { beginMs, endMs, records }: Extent) {
  const begin = Math.floor(beginMs / 1000)
  const end = Math.floor(endMs / 1000)
  const from = (n: number) => begin + pick(n, 668_265_263, end - begin - 31 * DAY)
  const day = (n: number) => ({ start_timestamp: from(n), end_timestamp: from(n) + DAY })
  const month = (n: number) => ({ start_timestamp: from(n), end_timestamp: from(n) + 30 * DAY })
  const model = (n: number) => ({ model_name: one(MODELS, n) })
  const group = (n: number) => ({ group: one(GROUPS, n) })
  const key = () => ({ token_id: asker.keyId })
  const named = () => ({ token_name: asker.keyName })
  const failed = (n: number) => ({ status: one([429, 500, 499, 502], n) })
  const request = (n: number) => ({
    request_id: `req_seeded${1_000_000_001 + pick(n, 3_266_489_917, records)}`,
  })
  return {
    none: () => ({}),
    'one day': day,
    '30 days': month,
    token_id: key,
    token_name: named,
    model_name: model,
    group: group,
    request_id: request,
    'status, failed': failed,
    'status 200': () => ({ status: 200 }),
    'model and group': (n: number) => ({ ...model(n), ...group(n) }),
    'model and failed': (n: number) => ({ ...model(n), ...failed(n) }),
    'model and status 200': (n: number) => ({ ...model(n), status: 200 }),
    'token_id and model': (n: number) => ({ ...key(), ...model(n) }),
    'token_name, model and 30 days': (n: number) => ({ ...named(), ...model(n), ...month(n) }),
    'one day, model, group and failed': (n: number) => ({
      ...day(n),
      ...model(n),
      ...group(n),
      ...failed(n),
    }),
    'a model nobody used': () => ({ model_name: 'no-such-model' }),
    'a name nobody gave': () => ({ token_name: 'no such name' }),
  } satisfies Record<string, (n: number) => Words>
}
