import { Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { DateTime } from '../../../ui/date-time.tsx'
import { Money } from '../../../ui/money.tsx'
import { Quantity } from '../../../ui/quantity.tsx'
import { AUTO, modelsOf } from '../form/key-form.ts'
import type { KeyRecord } from '../keys.ts'
import classes from './detail.module.css'

interface RulesProps {
  readonly record: KeyRecord
}

/** What the key may, and how much. What is not set is left out, where nothing follows from it. */
export function KeyRules({ record }: RulesProps) {
  const { t } = useTranslation()
  const models = record.model_limits_enabled ? modelsOf(record.model_limits) : []
  return (
    <section className={classes.card} aria-labelledby="rules">
      <Title order={2} id="rules">
        {t('keys.rules')}
      </Title>
      <dl className={classes.rules}>
        <Rule title={t('keys.form.section.models')}>
          {models.length === 0 ? t('keys.form.any_model') : models.join('\n')}
        </Rule>
        <Rule title={t('keys.form.section.addresses')}>
          {record.allow_ips?.trim() ? record.allow_ips : t('keys.form.anywhere')}
        </Rule>
        <Rule title={t('keys.group')}>
          {record.group === '' ? t('keys.own_group') : record.group}
        </Rule>
        <AutoRules record={record} />
        <LimitRules record={record} />
        <FurtherRules record={record} />
        <Rule title={t('keys.created_at')}>
          <DateTime seconds={record.created_time} />
        </Rule>
      </dl>
    </section>
  )
}

function AutoRules({ record }: RulesProps) {
  const { t } = useTranslation()
  if (record.group !== AUTO) return null
  return (
    <>
      {record.auto_groups === undefined ? null : (
        <Rule title={t('keys.form.auto_groups')}>{record.auto_groups.join(' → ')}</Rule>
      )}
      <Rule title={t('keys.form.cross_group_retry')}>
        {t(record.cross_group_retry ? 'keys.yes' : 'keys.no')}
      </Rule>
    </>
  )
}

const LIMITS = ['rpm_limit', 'tpm_limit', 'max_concurrent'] as const

function LimitRules({ record }: RulesProps) {
  const { t } = useTranslation()
  return (
    <>
      {LIMITS.map((name) => {
        const limit = record[name]
        return limit === undefined ? null : (
          <Rule key={name} title={t(`keys.form.${name}`)}>
            <Quantity value={limit} />
          </Rule>
        )
      })}
      {record.budgets?.map(({ period, amount, tz = 'UTC' }) => (
        <Rule key={period} title={t(`keys.form.budget_of.${period}`)}>
          <Money units={amount} /> ({tz})
        </Rule>
      ))}
    </>
  )
}

function FurtherRules({ record }: RulesProps) {
  const { t } = useTranslation()
  return (
    <>
      {record.fallback_models === undefined ? null : (
        <Rule title={t('keys.form.fallbacks')}>{record.fallback_models.join('\n')}</Rule>
      )}
      {Object.entries(record.metadata ?? {}).map(([name, value]) => (
        <Rule key={name} title={name}>
          {value}
        </Rule>
      ))}
    </>
  )
}

function Rule({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </>
  )
}
