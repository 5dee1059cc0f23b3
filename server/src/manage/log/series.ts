import Type, { type Static } from 'typebox'
import { Refused } from '../../errors.ts'
import type { UsageFilter } from '../../usage/filter.ts'
import { keyNames } from '../../usage/key-names.ts'
import { withKnownKeys } from '../../usage/known-names.ts'
import { DAY_SECONDS, HOUR_SECONDS } from '../../usage/levels.ts'
import { topSeries } from '../../usage/top-series.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { totals } from './stat.ts'
import { adminFilterOf, adminQuery, filterOf, sumQuery } from './wire.ts'

/** What a chart can show, and what is summed in a moment. */
const MOST_DAYS_BY_HOUR = 31
const MOST_DAYS_BY_DAY = 366
const MOST_POINTS = 20_000
const STANDARD_DAYS = 7
const MOST_TOP = 20

const seriesQuery = {
  ...sumQuery,
  interval: Type.Optional(
    Type.Union([Type.Literal('hour'), Type.Literal('day')], {
      description: 'Length of a step; days begin at midnight UTC.',
    }),
  ),
  by: Type.Optional(
    Type.Union([Type.Literal('model'), Type.Literal('key'), Type.Literal('group')]),
  ),
  top: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MOST_TOP,
      description:
        'By key: only the keys that spent most, so many; all others are added up in points without `token_id`.',
    }),
  ),
}
const point = Type.Object({
  created_at: Type.Integer({ description: 'When the step begins, Unix seconds.' }),
  model_name: Type.Optional(Type.String()),
  token_id: Type.Optional(Type.Integer()),
  token_name: Type.Optional(Type.String()),
  group: Type.Optional(Type.String()),
  ...totals,
})
const description =
  'Sums per hour or day (`interval`) and per model, key or group (`by`). Whole steps: the times are widened to where steps begin and end. Steps without calls are left out. Without times: the last 7 days.'
const asked = Type.Object({ ...seriesQuery, ...adminQuery })

/** `GET /api/data/self`: a chart of the account's usage. */
export const seriesOfOwn = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/data/self',
    scope: 'usage:read',
    tag: 'Usage',
    summary: 'Own usage by hour or day',
    description,
    query: Type.Object(seriesQuery),
    data: Type.Array(point),
    run: async ({ caller, query }) => ({
      json: await points(rooms, query, { ...filterOf(query), accounts: [caller.accountId] }),
    }),
  })

/** `GET /api/data/`: a chart of everybody's usage. */
export const seriesOfAll = (rooms: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/data',
    scope: 'admin',
    tag: 'Usage',
    summary: 'Usage of all accounts by hour or day',
    description,
    query: asked,
    data: Type.Array(point),
    run: async ({ query }) => ({
      json: await points(rooms, query, await adminFilterOf(rooms, query)),
    }),
  })

async function points(rooms: Rooms, query: Static<typeof asked>, given: UsageFilter) {
  const { interval = 'hour', by = 'model' } = query
  const stepSeconds = interval === 'hour' ? HOUR_SECONDS : DAY_SECONDS
  const time = wholeSteps(given, stepSeconds * 1000, rooms.now())
  const filter = await withKnownKeys(rooms.store.db, given)
  if (query.top !== undefined) {
    if (by !== 'key') throw new Refused('invalid_field', 'top needs by=key')
    const wanted = { stepSeconds, top: query.top }
    return withNames(rooms, await topSeries(rooms, { ...filter, ...time }, wanted))
  }
  const drawn = await rooms.charts.draw(
    { ...filter, ...time },
    { by, stepSeconds, names: NAMES[by], most: MOST_POINTS },
  )
  if (drawn === undefined) {
    throw new Refused(
      'invalid_field',
      `more than ${MOST_POINTS} points; ask for less time, days, one token_id${by === 'key' ? ' or top' : ''}`,
    )
  }
  return by === 'key' ? withNames(rooms, drawn) : drawn
}

const NAMES = { model: ['model_name'], key: ['token_id', 'token_name'], group: ['group'] }

/** Points of keys are numbers alone: where a name belongs, the id stands. Names are read each time, for they change. */
const NAMELESS = /(?<="token_name":)\d+/g

async function withNames({ store }: Rooms, drawn: string): Promise<string> {
  const ids = new Set(drawn.match(NAMELESS))
  const names = await keyNames(store.db, [...ids].map(Number))
  const quoted = new Map([...ids].map((id) => [id, JSON.stringify(names.get(Number(id)) ?? '')]))
  return drawn.replace(NAMELESS, (id) => quoted.get(id) ?? id)
}

/** The time in whole steps. @throws Refused when there are more of them than a chart shows. */
function wholeSteps(
  filter: UsageFilter,
  stepMs: number,
  nowMs: number,
): { from: number; until: number } {
  const until = Math.ceil((filter.until ?? nowMs + 1) / stepMs) * stepMs
  const standard = until - STANDARD_DAYS * DAY_SECONDS * 1000
  const from = Math.floor((filter.from ?? standard) / stepMs) * stepMs
  const mostDays = stepMs === HOUR_SECONDS * 1000 ? MOST_DAYS_BY_HOUR : MOST_DAYS_BY_DAY
  if (until - from > (mostDays + 1) * DAY_SECONDS * 1000) {
    throw new Refused(
      'invalid_field',
      `start_timestamp lies more than ${mostDays} days before end_timestamp`,
    )
  }
  return { from, until }
}
