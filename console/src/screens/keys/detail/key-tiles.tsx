import { useTranslation } from 'react-i18next'
import { DateTime, TimeAgo } from '../../../ui/date-time.tsx'
import { Money } from '../../../ui/money.tsx'
import { Tile, Tiles } from '../../../ui/tiles.tsx'
import { KeyStatus } from '../key-status.tsx'
import { type KeyRecord, NEVER } from '../keys.ts'

/** How the key stands, at a glance. */
export function KeyTiles({ record }: { readonly record: KeyRecord }) {
  const { t } = useTranslation()
  const { accessed_time: used, created_time: created, expired_time: end } = record
  return (
    <Tiles columns={5}>
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
    </Tiles>
  )
}
