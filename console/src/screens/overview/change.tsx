import { IconArrowDownRight, IconArrowUpRight } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../format/use-locale.ts'
import classes from './overview.module.css'

interface ChangeProps {
  readonly now: number
  /** Of the period before. */
  readonly then: number
}

/** From here on a factor says more than per cent. */
const MOST_GROWTH = 10

/** How a figure has changed. Neither is good or bad: that is for the reader to say. */
export function Change({ now, then }: ChangeProps) {
  const { t } = useTranslation()
  const locale = useLocale()
  if (then === 0) return now === 0 ? t('overview.as_before') : t('overview.none_before')
  const growth = (now - then) / then
  if (Math.abs(growth) < 0.0005) return t('overview.as_before')
  const Arrow = growth > 0 ? IconArrowUpRight : IconArrowDownRight
  const said =
    growth >= MOST_GROWTH
      ? `${new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(now / then)} ×`
      : new Intl.NumberFormat(locale, {
          style: 'percent',
          maximumFractionDigits: Math.abs(growth) < 0.1 ? 1 : 0,
          signDisplay: 'exceptZero',
        }).format(growth)
  return (
    <span className={classes.change} title={t('overview.against_before')}>
      <Arrow size={14} aria-hidden="true" />
      {t('overview.changed', { change: said })}
    </span>
  )
}
