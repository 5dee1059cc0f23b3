import { Input, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { timeZone } from '../../../format/preferences.ts'
import { formatDateTime } from '../../../format/time.ts'
import { useLocale } from '../../../format/use-locale.ts'
import { wallTime } from '../../../format/wall-time.ts'
import { useNowSeconds } from '../../../ui/use-now-seconds.ts'
import { AmountField } from './amount-field.tsx'
import type { FieldsProps } from './fields.ts'
import classes from './form.module.css'
import { type Expiry, expiryOf, PRESETS } from './key-form.ts'
import { LONGEST_NAME, lengthOf } from './validate-key.ts'

/** What every key has: a name, an end and a limit. */
export function BasicFields({ form }: FieldsProps) {
  return (
    <div className={classes.card}>
      <NameField form={form} />
      <QuotaField form={form} />
      <ExpiryField form={form} />
    </div>
  )
}

function NameField({ form }: FieldsProps) {
  const { t } = useTranslation()
  const length = lengthOf(form.values.name)
  return (
    <TextInput
      label={t('keys.name')}
      description={t('keys.form.name_hint')}
      autoComplete="off"
      data-autofocus
      {...form.getInputProps('name')}
      error={length > LONGEST_NAME ? t('keys.form.name_long') : form.errors['name']}
      rightSectionWidth={72}
      rightSection={
        <Text size="xs" c={length > LONGEST_NAME ? 'red' : 'dimmed'} className={classes.counter}>
          <span aria-hidden="true">
            {length} / {LONGEST_NAME}
          </span>
        </Text>
      }
    />
  )
}

function QuotaField({ form }: FieldsProps) {
  const { t } = useTranslation()
  const { unlimited_quota: unlimited, remain_quota: quota } = form.values
  return (
    <Stack gap="sm">
      <Input.Wrapper label={t('keys.form.quota')} labelElement="div">
        <SegmentedControl
          fullWidth
          aria-label={t('keys.form.quota')}
          data={[
            { value: 'unlimited', label: t('keys.unlimited') },
            { value: 'limited', label: t('keys.form.limited') },
          ]}
          value={unlimited ? 'unlimited' : 'limited'}
          onChange={(value) => form.setFieldValue('unlimited_quota', value === 'unlimited')}
        />
      </Input.Wrapper>
      {unlimited ? (
        <Text size="sm" c="dimmed">
          {t('keys.form.unlimited_hint')}
        </Text>
      ) : (
        <AmountField
          label={t('keys.form.amount')}
          amount={quota}
          error={form.errors['remain_quota']}
          onChange={(amount) => form.setFieldValue('remain_quota', amount)}
        />
      )}
    </Stack>
  )
}

const CHOICES = ['never', ...(Object.keys(PRESETS) as (keyof typeof PRESETS)[]), 'custom'] as const

function ExpiryField({ form }: FieldsProps) {
  const { t } = useTranslation()
  const locale = useLocale()
  const now = useNowSeconds()
  const expiry = form.values.expired_time
  const at = expiryOf(expiry, now)
  const choose = (value: string | null) => {
    const choice = CHOICES.find((one) => one === value)
    if (choice === undefined) return
    // A custom one begins where the preset before it was, else in a month.
    const from = at > 0 ? at : now + PRESETS.month
    form.setFieldValue('expired_time', { choice, at: expiry.at || wallTime(from).slice(0, 16) })
  }
  const change = (next: string) => {
    const custom: Expiry = { choice: 'custom', at: next }
    form.setFieldValue('expired_time', custom)
  }
  return (
    <Stack gap="sm">
      <Select
        label={t('keys.form.expiry')}
        data={CHOICES.map((value) => ({ value, label: t(`keys.form.expiry_of.${value}`) }))}
        value={expiry.choice}
        allowDeselect={false}
        onChange={choose}
        {...(expiry.choice === 'custom' ? {} : { error: form.errors['expired_time'] })}
      />
      {expiry.choice === 'custom' ? (
        <TextInput
          type="datetime-local"
          step={60}
          label={t('keys.form.expiry_at')}
          value={expiry.at}
          error={form.errors['expired_time']}
          onChange={(event) => change(event.currentTarget.value)}
        />
      ) : null}
      <Text size="sm" c="dimmed" role="status">
        {at > 0 ? <Moment seconds={at} now={now} locale={locale} /> : t('keys.form.expiry_hint')}
      </Text>
    </Stack>
  )
}

interface MomentProps {
  readonly seconds: number
  readonly now: number
  readonly locale: string
}

/** In the reader's zone, which is named: servers often have another one. */
function Moment({ seconds, now, locale }: MomentProps) {
  const { t } = useTranslation()
  const zone = timeZone()
  const when = formatDateTime(locale, seconds)
  return t(seconds <= now ? 'keys.form.expiry_past' : 'keys.form.expiry_moment', { when, zone })
}
