import { UNITS_PER_DOLLAR } from '../../../format/money.ts'
import { secondsAt, wallTime } from '../../../format/wall-time.ts'
import { type KeyFields, type KeyRecord, NEVER } from '../keys.ts'

/** Of money, as somebody typed it. `value` is '' while the field is empty. */
export interface Amount {
  readonly value: number | string
  readonly unit: 'dollars' | 'units'
}

/** How long from now, in seconds. */
export const PRESETS = { hour: 3600, day: 86_400, month: 30 * 86_400 } as const

export interface Expiry {
  readonly choice: 'never' | keyof typeof PRESETS | 'custom'
  /** Of a custom one: date and time on the reader's walls, as `datetime-local` has them. */
  readonly at: string
}

export interface Budget {
  readonly period: 'day' | 'week' | 'month'
  readonly amount: Amount
  readonly tz: string
}

/** What the form holds. Names are those of the API, so that a refusal finds its field. */
export interface KeyForm {
  name: string
  expired_time: Expiry
  unlimited_quota: boolean
  remain_quota: Amount
  model_limits: string[]
  allow_ips: string
  group: string
  cross_group_retry: boolean
  auto_groups: string[]
  fallback_models: string[]
  rpm_limit: number | string
  tpm_limit: number | string
  max_concurrent: number | string
  budgets: Budget[]
  metadata: { name: string; value: string }[]
}

/** The group that stands for a list of others. */
export const AUTO = 'auto'

export const emptyForm = (): KeyForm => ({
  name: '',
  expired_time: { choice: 'never', at: '' },
  unlimited_quota: true,
  remain_quota: { value: '', unit: 'dollars' },
  model_limits: [],
  allow_ips: '',
  group: '',
  cross_group_retry: false,
  auto_groups: [],
  fallback_models: [],
  rpm_limit: '',
  tpm_limit: '',
  max_concurrent: '',
  budgets: [],
  metadata: [],
})

/** A record as the form shows it. */
export function formOf(record: KeyRecord): KeyForm {
  return {
    name: record.name,
    expired_time:
      record.expired_time === NEVER
        ? { choice: 'never', at: '' }
        : { choice: 'custom', at: wallTime(record.expired_time) },
    unlimited_quota: record.unlimited_quota,
    remain_quota: amountOf(record.remain_quota),
    model_limits: record.model_limits_enabled ? modelsOf(record.model_limits) : [],
    allow_ips: record.allow_ips ?? '',
    group: record.group,
    cross_group_retry: record.cross_group_retry,
    auto_groups: record.auto_groups ?? [],
    fallback_models: record.fallback_models ?? [],
    rpm_limit: record.rpm_limit ?? '',
    tpm_limit: record.tpm_limit ?? '',
    max_concurrent: record.max_concurrent ?? '',
    budgets: (record.budgets ?? []).map(({ period, amount, tz = 'UTC' }) => ({
      period,
      amount: amountOf(amount),
      tz,
    })),
    metadata: Object.entries(record.metadata ?? {}).map(([name, value]) => ({ name, value })),
  }
}

/** Everything that the form says, as the API takes it. */
export function fieldsOf(form: KeyForm, nowSeconds: number): KeyFields {
  const walks = form.group === AUTO
  return {
    name: form.name,
    expired_time: expiryOf(form.expired_time, nowSeconds),
    unlimited_quota: form.unlimited_quota,
    // What an unlimited key has left of its own is kept: it counts again when the limit does.
    ...(!form.unlimited_quota && { remain_quota: unitsOf(form.remain_quota) ?? 0 }),
    model_limits_enabled: form.model_limits.length > 0,
    model_limits: form.model_limits.join(','),
    allow_ips: form.allow_ips,
    group: form.group,
    cross_group_retry: walks && form.cross_group_retry,
    auto_groups: walks ? form.auto_groups : [],
    fallback_models: form.fallback_models,
    rpm_limit: limitOf(form.rpm_limit),
    tpm_limit: limitOf(form.tpm_limit),
    max_concurrent: limitOf(form.max_concurrent),
    budgets: form.budgets.map(({ period, amount, tz }) => ({
      period,
      amount: unitsOf(amount) ?? 0,
      tz,
    })),
    metadata: Object.fromEntries(form.metadata.map(({ name, value }) => [name, value])),
  }
}

/** Only what is otherwise than it was: the rest may have changed elsewhere since it was read. */
export function changedFields(before: KeyForm, after: KeyForm, nowSeconds: number): KeyFields {
  const [was, is] = [fieldsOf(before, nowSeconds), fieldsOf(after, nowSeconds)]
  const changed = Object.entries(is).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(Reflect.get(was, name)),
  )
  return Object.fromEntries(changed)
}

/** Whole quota units; undefined for what is no amount. */
export function unitsOf({ value, unit }: Amount): number | undefined {
  if (value === '' || Number.isNaN(Number(value))) return undefined
  return Math.round(Number(value) * (unit === 'dollars' ? UNITS_PER_DOLLAR : 1))
}

/** In dollars: any whole number of units is one of at most six places. */
export const amountOf = (units: number): Amount => ({
  value: units / UNITS_PER_DOLLAR,
  unit: 'dollars',
})

/** Unix seconds, or -1; NaN for a custom one that is empty or wrong. */
export function expiryOf({ choice, at }: Expiry, nowSeconds: number): number {
  if (choice === 'never') return NEVER
  if (choice !== 'custom') return nowSeconds + PRESETS[choice]
  return secondsAt(at)
}

export const modelsOf = (list: string): string[] =>
  list
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '')

const limitOf = (typed: number | string): number | null => (typed === '' ? null : Number(typed))
