import { Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../../format/money.ts'
import { useLocale } from '../../format/use-locale.ts'
import { type Session, sessionQuery } from '../../session/session.ts'
import { useSession } from '../../session/use-session.ts'
import { Card } from '../../ui/card.tsx'
import { Failure } from '../../ui/failure.tsx'
import { Money } from '../../ui/money.tsx'
import classes from './balance-card.module.css'
import { RATE_DAYS, spendQuery } from './wallet.ts'

/** What is left, and for how long at this rate. */
export function BalanceCard() {
  const { t } = useTranslation()
  const known = useSession()
  // The session is asked for once; what is left changes with every call.
  const { data: account = known } = useQuery({ ...sessionQuery, staleTime: 0 })
  return (
    <Card title={t('wallet.balance')}>
      <div>
        <p className={classes.balance}>
          {account.unlimited_quota ? t('wallet.unlimited') : <Money units={account.quota} />}
        </p>
        {account.unlimited_quota ? null : (
          <Text size="sm" c="dimmed">
            {t('ui.units', { count: account.quota })}
          </Text>
        )}
      </div>
      <DaysLeft account={account} />
      <dl className={classes.facts}>
        <dt>{t('wallet.used')}</dt>
        <dd>
          <Money units={account.used_quota} />
        </dd>
        <dt>{t('wallet.requests')}</dt>
        <dd>{t('wallet.count', { count: account.request_count })}</dd>
      </dl>
    </Card>
  )
}

function DaysLeft({ account }: { readonly account: Session }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const spend = useQuery(spendQuery)
  if (spend.isError) return <Failure failure={spend.error} onRetry={() => void spend.refetch()} />
  if (spend.data === undefined) return <Skeleton height={21} width="80%" />
  const { units } = spend.data
  if (units === 0) return <Text size="sm">{t('wallet.nothing_spent', { count: RATE_DAYS })}</Text>
  const perDay = Math.max(1, Math.round(units / RATE_DAYS))
  const rate = formatMoney(locale, perDay)
  if (account.unlimited_quota) return <Text size="sm">{t('wallet.rate', { rate })}</Text>
  if (account.quota === 0) return <Text size="sm">{t('wallet.used_up')}</Text>
  const days = Math.floor(account.quota / (units / RATE_DAYS))
  return (
    <Text size="sm">
      {days === 0
        ? t('wallet.less_than_day', { rate })
        : t('wallet.days_left', { count: days, rate })}
    </Text>
  )
}
