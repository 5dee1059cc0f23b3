import { Group, SegmentedControl, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { PERIODS, type Period, writeDay } from '../format/period.ts'
import { useNowSeconds } from './use-now-seconds.ts'

interface PeriodPickerProps {
  readonly value: Period
  /** What counts where the address says nothing. */
  readonly standard: NonNullable<Period['period']>
  readonly onChange: (period: Period) => void
}

/** The last hours or days, or days of one's own. */
export function PeriodPicker({ value, standard, onChange }: PeriodPickerProps) {
  const { t } = useTranslation()
  const today = writeDay(useNowSeconds())
  const { period = standard, from = today, to = today } = value
  const choose = (chosen: string) =>
    onChange(
      chosen === 'custom'
        ? { period: chosen, from, to }
        : { period: chosen as NonNullable<Period['period']> },
    )
  return (
    <Group gap="sm">
      <SegmentedControl
        aria-label={t('ui.period')}
        data={PERIODS.map((name) => ({ value: name, label: t(`ui.periods.${name}`) }))}
        value={period}
        onChange={choose}
      />
      {period === 'custom' ? (
        <Group gap="sm" wrap="nowrap">
          <TextInput
            type="date"
            aria-label={t('ui.from_day')}
            title={t('ui.days_are_utc')}
            value={from}
            max={today}
            onChange={({ currentTarget }) =>
              currentTarget.value && onChange({ period, from: currentTarget.value, to })
            }
          />
          <TextInput
            type="date"
            aria-label={t('ui.to_day')}
            title={t('ui.days_are_utc')}
            value={to}
            max={today}
            onChange={({ currentTarget }) =>
              currentTarget.value && onChange({ period, from, to: currentTarget.value })
            }
          />
        </Group>
      ) : null}
    </Group>
  )
}
