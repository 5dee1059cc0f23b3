import Type, { type Static } from 'typebox'
import { Refused } from '../../errors.ts'
import type { ApiKey } from '../../keys/api-key.ts'
import { UNITS_PER_DOLLAR } from '../../ledger/units.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { type KeyBalance, selectBalances } from '../token/rows.ts'
import { type DailyUse, dailyUse } from './daily-use.ts'
import { proveKey, refusalShape } from './prove-key.ts'

/** In dollars where something is unlimited. */
const UNLIMITED = -1

const day = (description: string) => Type.Optional(Type.String({ maxLength: 10, description }))
const query = Type.Object({
  key: Type.Optional(
    Type.String({
      maxLength: 256,
      writeOnly: true,
      description: 'The API key, unless a header has it.',
    }),
  ),
  start_date: day('YYYY-MM-DD (UTC). With end_date: the answer has `daily_quota`.'),
  end_date: day('YYYY-MM-DD (UTC), included.'),
})
type Query = Static<typeof query>

const balanceAnswer = Type.Object({
  username: Type.String(),
  total_quota: Type.Number({ description: 'Used and left together; -1 = unlimited.' }),
  total_used_quota: Type.Number(),
  request_count: Type.Integer(),
  keys: Type.Array(
    Type.Object({
      name: Type.String(),
      remain_quota: Type.Number({ description: '-1 = unlimited.' }),
      used_quota: Type.Number(),
    }),
  ),
  daily_quota: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Array(
        Type.Object({
          token_name: Type.String(),
          quota_used: Type.Number(),
          request_count: Type.Integer(),
        }),
      ),
    ),
  ),
})

/** `GET /user/quota`: balances in US dollars, of the account or (setting `balance.scope`) of the key that asks. */
export const balanceOfCurrentKey = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/user/quota',
    scope: 'public',
    credential: 'api key',
    tag: 'Current key',
    summary: 'Balance in US dollars',
    description: 'A key without quota may ask. `allow_ips` applies.',
    query,
    whole: balanceAnswer,
    refusal: refusalShape,
    async run(asked) {
      const key = await proveKey(rooms, asked, asked.query.key)
      const days = daysOf(asked.query)
      const alone = rooms.settings.get('balance.scope') === 'key'
      const keys = selectBalances(rooms, key.accountId).orderBy('key.id', 'desc')
      const scope = { accounts: [key.accountId], ...(alone && { keyIds: [key.id] }) }
      const [rows, used] = await Promise.all([
        (alone ? keys.where('key.id', '=', key.id) : keys).execute(),
        days && dailyUse(rooms, scope, days),
      ])
      const whole = alone ? wholeOfKey(rows) : await wholeOfAccount(rooms, key)
      const daily = used && { daily_quota: toDaily(used) }
      return {
        raw: { username: key.username, ...whole, keys: rows.map(toBalance), ...daily },
      }
    },
  })

const dollars = (units: number): number => units / UNITS_PER_DOLLAR

const toBalance = (row: KeyBalance) => ({
  name: row.name,
  remain_quota: row.unlimited_quota === 1 ? UNLIMITED : dollars(row.remain),
  used_quota: dollars(row.used),
})

interface Sums {
  readonly unlimited: boolean
  readonly remain: number
  readonly used: number
  readonly requests: number
}

const toWhole = ({ unlimited, remain, used, requests }: Sums) => ({
  total_quota: unlimited ? UNLIMITED : dollars(remain + used),
  total_used_quota: dollars(used),
  request_count: requests,
})

function wholeOfKey([row]: readonly KeyBalance[]) {
  if (row === undefined) throw new Refused('key_unknown')
  return toWhole({ ...row, unlimited: row.unlimited_quota === 1 })
}

async function wholeOfAccount({ accounts }: Rooms, { accountId }: ApiKey) {
  const account = await accounts.find(accountId)
  if (account === undefined) throw new Refused('key_unknown')
  return toWhole(account)
}

interface Days {
  /** Milliseconds since 1970; `until` is not included. */
  readonly from: number
  readonly until: number
}

const DAY_MS = 24 * 60 * 60 * 1000
const MOST_DAYS = 366

/** Only with both dates. @throws Refused */
function daysOf({ start_date, end_date }: Query): Days | undefined {
  const from = start_date ? parseDay(start_date, 'start_date') : undefined
  const last = end_date ? parseDay(end_date, 'end_date') : undefined
  if (from === undefined || last === undefined) return undefined
  const until = last + DAY_MS
  if (until <= from) throw new Refused('invalid_field', 'end_date must not be before start_date')
  if (until - from > MOST_DAYS * DAY_MS) {
    throw new Refused('invalid_field', `start_date and end_date may span ${MOST_DAYS} days`)
  }
  return { from, until }
}

function parseDay(text: string, name: string): number {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  // February 30 is read as March 1 by some.
  if (!Number.isNaN(at) && new Date(at).toISOString().startsWith(text)) return at
  throw new Refused('invalid_field', `${name} must be a date such as 2026-01-31`)
}

function toDaily(uses: readonly DailyUse[]) {
  const days = Map.groupBy(uses, ({ day }) => day)
  const toEntry = ({ name, units, requests }: DailyUse) => ({
    token_name: name,
    quota_used: dollars(units),
    request_count: requests,
  })
  return Object.fromEntries([...days].map(([date, entries]) => [date, entries.map(toEntry)]))
}
