import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { DateTime, TimeAgo } from '../../../ui/date-time.tsx'
import { Money } from '../../../ui/money.tsx'
import { KeyStatus } from '../key-status.tsx'
import { type KeyRecord, NEVER } from '../keys.ts'
import classes from './detail.module.css'

/** How the key stands, at a glance. */
export function KeyTiles({ record }: { readonly record: KeyRecord }) {
  const { t } = useTranslation()
  const { accessed_time: used, created_time: created, expired_time: end } = record
  return (
    <dl className={classes.tiles}>
      <Tile title={t('keys.status')}>
        <KeyStatus record={record} />
      </Tile>
      <Tile title={t('keys.remaining')}>
        {record.unlimited_quota ? t('keys.unlimited') : <Money units={record.remain_quota} />}
      </Tile>
      <Tile title={t('keys.used')}>
        <Money units={record.used_quota} />
      </Tile>
      <Tile title={t('keys.last_used')}>
        {used === created ? t('keys.never_used') : <TimeAgo seconds={used} />}
      </Tile>
      <Tile title={t('keys.form.expiry')}>
        {end === NEVER ? t('keys.form.expiry_of.never') : <DateTime seconds={end} />}
      </Tile>
    </dl>
  )
}

function Tile({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className={classes.tile}>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  )
}
