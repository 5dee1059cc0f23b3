import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { DAY_SECONDS } from '../../format/period.ts'
import { formatShare } from '../../format/quantity.ts'
import { formatDuration } from '../../format/time.ts'
import { useLocale } from '../../format/use-locale.ts'
import { Money } from '../../ui/money.tsx'
import { Quantity } from '../../ui/quantity.tsx'
import { Tile, Tiles } from '../../ui/tiles.tsx'
import { Change } from './change.tsx'
import { measured } from './measures.ts'
import type { Figures } from './overview.ts'

interface Account {
  readonly quota: number
  readonly unlimited_quota: boolean
}

interface FigureTilesProps {
  readonly figures: Figures
  readonly account: Account
}

/** The sums of the period, each with its change against the one before. */
export function FigureTiles({ figures, account }: FigureTilesProps) {
  const { t } = useTranslation()
  const locale = useLocale()
  const { now, then, latency } = figures
  const failedShare = now.requests === 0 ? 0 : now.failed / now.requests
  return (
    <Tiles columns={6}>
      <Tile title={t('overview.balance')} beside={<DaysLeft figures={figures} account={account} />}>
        {account.unlimited_quota ? t('overview.unlimited') : <Money units={account.quota} />}
      </Tile>
      <Tile title={t('overview.spend')} beside={<Change now={now.quota} then={then.quota} />}>
        <Money units={now.quota} />
      </Tile>
      <Tile
        title={t('overview.requests')}
        beside={<Change now={now.requests} then={then.requests} />}
      >
        <Quantity value={now.requests} compact />
      </Tile>
      <Tile
        title={t('overview.tokens')}
        beside={<Change now={measured(now, 'tokens')} then={measured(then, 'tokens')} />}
      >
        <Quantity value={measured(now, 'tokens')} compact />
      </Tile>
      <Tile
        title={t('overview.failed')}
        beside={t('overview.share_of_requests', { share: formatShare(locale, failedShare) })}
      >
        <Quantity value={now.failed} compact />
      </Tile>
      <Tile title={t('overview.latency')} beside={<FirstToken latency={latency} />}>
        {latency.calls === 0 ? '–' : formatDuration(locale, latency.use_time_ms)}
      </Tile>
    </Tiles>
  )
}

function FirstToken({ latency }: Pick<Figures, 'latency'>): ReactNode {
  const { t } = useTranslation()
  const locale = useLocale()
  if (latency.calls === 0) return t('overview.no_calls')
  const first = formatDuration(locale, latency.first_token_ms)
  return <span title={t('overview.median')}>{t('overview.first_token', { first })}</span>
}

/** Beyond a year nobody plans. */
const MOST_DAYS = 365

/** How long the balance lasts when as much is spent as in this period. */
function DaysLeft({ figures: { span, now }, account }: FigureTilesProps): ReactNode {
  const { t } = useTranslation()
  if (account.unlimited_quota) return t('overview.no_limit')
  if (now.quota === 0) return t('overview.nothing_spent')
  const perDay = (now.quota * DAY_SECONDS) / Math.max(1, span.until - span.from)
  const days = account.quota / perDay
  if (days > MOST_DAYS) return t('overview.more_than_a_year')
  return days < 1
    ? t('overview.less_than_a_day')
    : t('overview.days_left', { count: Math.floor(days) })
}
