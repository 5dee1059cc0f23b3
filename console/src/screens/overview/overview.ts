import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client.ts'
import {
  customSpan,
  DAY_SECONDS,
  HOUR_SECONDS,
  type Period,
  type Span,
  spanBefore,
  spanOf,
} from '../../format/period.ts'
import type { Grouping } from './measures.ts'
import type { Shown } from './route.ts'

export const STANDARD_PERIOD = '7d'
/** The API draws no more hours than those of a month. */
const MOST_DAYS_BY_HOUR = 31
/** Keys that are told apart, as many as have colours: there may be a million. */
const TOP_KEYS = 6
/** As long as somebody looks: the browser asks nothing in the background. */
const EVERY_MS = 60_000

const nowSeconds = () => Math.floor(Date.now() / 1000)

function spanShown(shown: Period, now = nowSeconds()): Span {
  const { period = STANDARD_PERIOD } = shown
  return period === 'custom' ? customSpan(shown, now) : spanOf(period, now)
}

const periodOf = ({ period = STANDARD_PERIOD, from, to }: Period): Period => ({
  period,
  ...(from && { from }),
  ...(to && { to }),
})

const ofTime = ({ from, until }: Span) => ({ start_timestamp: from, end_timestamp: until })

/** The account's sums over the period, and over the one before it. */
export const figuresQuery = (shown: Period) =>
  queryOptions({
    queryKey: ['overview', 'figures', periodOf(shown)],
    async queryFn({ signal }) {
      const span = spanShown(shown)
      const before = spanBefore(span, shown.period ?? STANDARD_PERIOD)
      const ask = (of: Span) =>
        unwrap(api.GET('/api/log/self/stat', { params: { query: ofTime(of) }, signal }))
      const query = ofTime(span)
      const [now, then, latency] = await Promise.all([
        ask(span),
        ask(before),
        unwrap(api.GET('/api/log/self/latency', { params: { query }, signal })),
      ])
      return { span, now, then, latency }
    },
    placeholderData: keepPreviousData,
    refetchInterval: EVERY_MS,
  })

export type Figures = Awaited<ReturnType<NonNullable<ReturnType<typeof figuresQuery>['queryFn']>>>

/** Hours, where they are few; days where they would be too many to tell apart. */
export function stepOf({ step, ...shown }: Shown): 'hour' | 'day' {
  const { from, until } = spanShown(shown)
  if (until - from <= DAY_SECONDS) return 'hour'
  if (until - from > MOST_DAYS_BY_HOUR * DAY_SECONDS) return 'day'
  return step ?? 'day'
}

export const STEP_SECONDS = { hour: HOUR_SECONDS, day: DAY_SECONDS } as const

/** The account's use by step, and by model, key or group. */
export const seriesQuery = (shown: Period, by: Grouping, interval: 'hour' | 'day') =>
  queryOptions({
    queryKey: ['overview', 'series', periodOf(shown), by, interval],
    async queryFn({ signal }) {
      const span = spanShown(shown)
      const query = { ...ofTime(span), by, interval, ...(by === 'key' && { top: TOP_KEYS }) }
      const points = await unwrap(api.GET('/api/data/self', { params: { query }, signal }))
      return { span, points }
    },
    placeholderData: keepPreviousData,
    refetchInterval: EVERY_MS,
  })

export type Series = Awaited<ReturnType<NonNullable<ReturnType<typeof seriesQuery>['queryFn']>>>
export type Point = Series['points'][number]

/** What is left now: the session knows only what was left at its beginning. */
export const balanceQuery = queryOptions({
  queryKey: ['overview', 'balance'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/user/self', { signal })),
  refetchInterval: EVERY_MS,
})
