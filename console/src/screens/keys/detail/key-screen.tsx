import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { PageHeader } from '../../../ui/page-header.tsx'
import { keyQuery } from '../keys.ts'
import { nameOf } from '../name-of.ts'
import { useKeyActions } from '../use-key-actions.tsx'
import { CheckCard } from './check-card.tsx'
import classes from './detail.module.css'
import { KeyButtons } from './key-buttons.tsx'
import { KeyRules } from './key-rules.tsx'
import { KeyTiles } from './key-tiles.tsx'
import { KeyUsage } from './key-usage.tsx'
import { ValueCard } from './value-card.tsx'

const route = getRouteApi('/shell/keys/$keyId')

/** Everything about one key. */
export function KeyScreen() {
  const { t } = useTranslation()
  const { keyId } = route.useParams()
  const navigate = useNavigate()
  const { data: record } = useSuspenseQuery(keyQuery(keyId))
  const { actions, dialog } = useKeyActions((removed) => {
    if (removed) void navigate({ to: '/keys' })
  })
  return (
    <>
      <PageHeader
        title={nameOf(record, t)}
        above={{ to: '/keys', title: t('keys.all') }}
        action={<KeyButtons record={record} actions={actions} />}
      />
      <KeyTiles record={record} />
      <div className={classes.columns}>
        <div className={classes.column}>
          <KeyUsage id={record.id} />
          <CheckCard record={record} />
        </div>
        <div className={classes.column}>
          <ValueCard record={record} />
          <KeyRules record={record} />
        </div>
      </div>
      {dialog}
    </>
  )
}
